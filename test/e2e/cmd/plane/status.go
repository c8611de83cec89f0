package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/standing"
)

func join(names []string) string { return strings.Join(names, ",") }

// status shows the plane, and fails when something of it is dead.
func status(o options) error {
	s, err := o.place.Look()
	if err != nil {
		return err
	}
	if err := printState(os.Stdout, o.output, s); err != nil {
		return err
	}
	if s.State == standing.Broken {
		return errDead
	}
	return nil
}

func printState(out io.Writer, format string, s standing.State) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	}
	if s.State == standing.Down {
		_, err := fmt.Fprintf(out, "There is no plane %q. `gatehouse plane up` starts one.\n", s.Name)
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "plane\t%s\n", s.Name)
	_, _ = fmt.Fprintf(w, "state\t%s\n", s.State)
	for _, each := range addresses(s) {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", each.name, each.value)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(s.Components) == 0 {
		return nil
	}
	_, _ = fmt.Fprintf(w, "\nNAME\tSTATE\tPID\tLOG\n")
	for _, c := range s.Components {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", c.Name, c.State, c.PID, filepath.Base(c.Log))
	}
	return w.Flush()
}

type address struct{ name, value string }

// addresses are what is known of where things are.
func addresses(s standing.State) []address {
	all := []address{
		{"tier", string(s.Tier)},
		{"api", s.API},
		{"kubeconfig", s.Kubeconfig},
		{"gateway", s.Gateway},
		{"charts", s.Charts},
	}
	if s.Directory != "" {
		all = append(all, address{"logs", filepath.Join(s.Directory, "log")})
	}
	var known []address
	for _, each := range all {
		if each.value != "" {
			known = append(known, each)
		}
	}
	return known
}

func printUp(s standing.State) error {
	_, _ = fmt.Fprintf(os.Stdout, "The plane %q is up.\n\n", s.Name)
	return printNext(os.Stdout, s)
}

// printNext says where the plane is and what to try.
func printNext(out io.Writer, s standing.State) error {
	_, _ = fmt.Fprintf(out, "  export KUBECONFIG=%s\n\n", s.Kubeconfig)
	if s.Gateway != "" {
		_, _ = fmt.Fprintf(out, "The gateway is at %s, ports 80 and 443, GatewayClass %s.\n\n", s.Gateway, plane.GatewayClass)
	}
	_, _ = fmt.Fprint(out, "Try:\n")
	for _, line := range suggestions(s) {
		_, _ = fmt.Fprintf(out, "  %s\n", line)
	}
	return nil
}

// suggestions are commands that work on this plane.
func suggestions(s standing.State) []string {
	var lines []string
	if hasAll(s.Selected, product.Components()) {
		lines = append(lines,
			"kubectl apply -f examples/consumers/cluster.yaml",
			"kubectl -n platform get clusters.devopstoolkit.ai team-a",
		)
	}
	if s.Gateway != "" {
		lines = append(lines,
			"helm install assistant charts/mcp-server --set gateway.enabled=true \\",
			"  --set gateway.className="+plane.GatewayClass+" --set gateway.controller=traefik",
		)
	}
	name := ""
	if s.Name != "default" {
		name = " --name " + s.Name
	}
	return append(lines, "gatehouse plane status"+name, "gatehouse plane down"+name)
}
