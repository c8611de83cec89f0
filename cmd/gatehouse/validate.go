package main

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type validateCmd struct {
	Files []string `arg:"" help:"Files or folders with Clusters; - for standard input." name:"file"`
}

// Help is what --help adds.
func (validateCmd) Help() string {
	return `Every problem of every Cluster is reported, with its field and what would be
right. Doubts are reported, too, but are no findings.

Exit codes: 0 fine, 1 problems found, 2 could not run.`
}

// Run checks.
func (c validateCmd) Run(s streams) error {
	documents, err := readAll(s, c.Files)
	if err != nil {
		return err
	}
	results, err := render.Validate(documents)
	if err != nil {
		return err
	}
	found := false
	for _, r := range results {
		if _, err := fmt.Fprintln(s.Out, r.String()); err != nil {
			return err
		}
		found = found || r.Err != nil
	}
	if found {
		return errFindings
	}
	return nil
}
