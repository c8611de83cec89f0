package main

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type appsCmd struct {
	Output string `default:"table" enum:"table,yaml,json" help:"table, yaml or json." short:"o"`
}

// Run lists the catalog.
func (c appsCmd) Run(s streams) error {
	all, err := catalog.Load()
	if err != nil {
		return err
	}
	switch c.Output {
	case "json":
		enc := json.NewEncoder(s.Out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	case "yaml":
		raw, err := yaml.Marshal(all)
		if err != nil {
			return fmt.Errorf("cannot write the catalog: %w", err)
		}
		_, err = s.Out.Write(raw)
		return err
	default:
		return render.Catalog(s.Out, all)
	}
}
