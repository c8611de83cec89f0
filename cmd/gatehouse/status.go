package main

import (
	"encoding/json"
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/install"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type statusCmd struct {
	target

	Output string `default:"tree" enum:"tree,json" help:"tree or json." short:"o"`
}

// Help is what --help adds.
func (statusCmd) Help() string {
	return `Shows the tree of gatehouse render with what is really there.

Exit codes: 0 everything is ready, 1 wrong input, or something is missing, not
ready or in another version, 2 could not run.`
}

// Run looks.
func (c statusCmd) Run(s streams) error {
	open, err := c.open(s, chartSource{}, install.Options{})
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	status, err := open.installer.Status(ctx)
	if err != nil {
		return err
	}
	if err := c.write(s, open, status); err != nil {
		return err
	}
	if !status.Fine() {
		return errFindings
	}
	return nil
}

func (c statusCmd) write(s streams, open *session, status install.Status) error {
	if c.Output == "json" {
		enc := json.NewEncoder(s.Out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(map[string]any{"cluster": open.title(), "things": status.Things, "left": append([]string{}, status.Left...)})
	}
	tree := render.Rendered{Document: open.document, Plan: status.Plan, Found: status.Words()}
	if err := render.TreeWithin(s.Out, []render.Rendered{tree}, widthOf(s.Out)); err != nil {
		return err
	}
	for _, left := range status.Left {
		_, _ = fmt.Fprintf(s.Out, "no longer asked for, still there: %s\n", left)
	}
	return nil
}
