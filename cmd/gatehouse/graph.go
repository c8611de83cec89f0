package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/gatehouse-platform/gatehouse/internal/graph"
)

type graphCmd struct {
	lookFlags

	Target    string `arg:"" help:"Draw only what leads to gateway/NAME, route/NAME, ingress/NAME or service/NAME, and from there." name:"kind/name" optional:""`
	Namespace string `help:"Draw only what is in this namespace, what leads there and from there." short:"n"`
	Output    string `default:"tree" enum:"tree,dot,mermaid,svg" help:"tree, dot, mermaid or svg." short:"o"`
	Rows      int    `default:"100" help:"Most rows; beyond, routes and Gateways are folded. 0 for all." placeholder:"N"`
}

// Help is what --help adds.
func (graphCmd) Help() string {
	return `Draws the way into a cluster: classes, Gateways, listeners, routes and Ingresses,
Services, and what stands at these, with everything that gatehouse diagnose finds
marked on its object. svg is a picture by itself; dot is for Graphviz, mermaid for
Markdown. Without --file it looks at the cluster of the kubeconfig.

Exit codes: 0 drawn, whatever is wrong in the cluster, 1 what was asked for is
wrong, 2 could not run.`
}

// Run draws.
func (c graphCmd) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	what, err := c.look(ctx, s)
	if err != nil {
		return err
	}
	findings, err := what.findings("")
	if err != nil {
		return err
	}
	g, err := graph.New(what.snapshot, findings, graph.Options{Namespace: c.Namespace, Target: c.Target, Most: c.Rows})
	if err != nil {
		return err
	}
	write := map[string]func(io.Writer) error{"tree": g.Tree, "dot": g.Dot, "mermaid": g.Mermaid, "svg": g.SVG}[c.Output]
	if err := write(s.Out); err != nil {
		return err
	}
	if c.Output == "tree" {
		return nil // it ends with the notes
	}
	for _, note := range g.Notes() {
		_, _ = fmt.Fprintln(s.Err, "gatehouse:", note)
	}
	return nil
}
