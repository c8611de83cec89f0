package main

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type renderCmd struct {
	Files    []string `arg:"" help:"Files or folders with Clusters; - for standard input." name:"file"`
	Output   string   `default:"yaml" enum:"yaml,json,tree" help:"yaml, json or tree." short:"o"`
	Observed []string `help:"Files with what exists already (kubectl get -o yaml): shows what is composed at that moment." placeholder:"FILE"`
}

// Help is what --help adds.
func (renderCmd) Help() string {
	return `Without --observed everything is shown that a Cluster is composed of in the
end. With it, what the function would answer at that moment: resources that wait
for others are reported on standard error instead.

Exit codes: 0 fine, 1 wrong input, 2 could not run.`
}

// Run renders.
func (c renderCmd) Run(s streams) error {
	r, err := newRenderer()
	if err != nil {
		return err
	}
	documents, err := readAll(s, c.Files)
	if err != nil {
		return err
	}
	var observed []render.Document
	if len(c.Observed) > 0 {
		if observed, err = readAll(s, c.Observed); err != nil {
			return err
		}
		if observed == nil {
			observed = []render.Document{} // an empty cluster is an observation too
		}
	}
	all, err := r.Render(documents, observed)
	if err != nil {
		return err
	}
	report(s, all)
	switch c.Output {
	case "json":
		return render.JSON(s.Out, all)
	case "tree":
		return render.TreeWithin(s.Out, all, widthOf(s.Out))
	default:
		return render.YAML(s.Out, all)
	}
}

// report says what the data does not: doubts, and what is waited for.
func report(s streams, all []render.Rendered) {
	for _, r := range all {
		for _, line := range r.Report() {
			_, _ = fmt.Fprintf(s.Err, "%s: %s\n", r.Document, line)
		}
	}
}
