package main

import (
	"encoding/json"

	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type diffCmd struct {
	Before string `arg:"" help:"File or folder with Clusters as they are; - for standard input."`
	After  string `arg:"" help:"File or folder with Clusters as they are to be; - for standard input."`
	Output string `default:"text" enum:"text,json" help:"text or json." short:"o"`
}

// Help is what --help adds.
func (diffCmd) Help() string {
	return `Shows, resource by resource, what is created, changed, deleted, re-created, or
released (Crossplane forgets it, it stays in the cluster), and which changes the
cloud cannot make in place.

Exit codes: 0 nothing changes, 1 something changes or the input is wrong, 2 could
not run.`
}

// Run compares.
func (c diffCmd) Run(s streams) error {
	r, err := newRenderer()
	if err != nil {
		return err
	}
	sides := make([][]render.Rendered, 2)
	for i, name := range []string{c.Before, c.After} {
		documents, err := readAll(s, []string{name})
		if err != nil {
			return err
		}
		if sides[i], err = r.Render(documents, nil); err != nil {
			return err
		}
	}
	changes := render.Diff(sides[0], sides[1])
	if err := c.write(s, changes); err != nil {
		return err
	}
	if len(changes) > 0 {
		return errFindings
	}
	return nil
}

func (c diffCmd) write(s streams, changes []render.Change) error {
	if c.Output == "text" {
		return render.WriteDiff(s.Out, changes)
	}
	if changes == nil {
		changes = []render.Change{}
	}
	enc := json.NewEncoder(s.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(changes)
}
