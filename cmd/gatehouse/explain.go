package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/gatehouse-platform/gatehouse/internal/explain"
)

type explainCmd struct {
	lookFlags

	Target    string   `arg:"" help:"What the request is meant for: route/NAME, httproute/NAME, grpcroute/NAME or ingress/NAME." name:"kind/name"`
	Namespace string   `help:"Namespace of it; needed where several have one of that name." short:"n"`
	Host      string   `help:"Host of the request; by default the first one of the route." placeholder:"HOST"`
	Path      string   `help:"Path of the request, with its query; by default that of the first match." placeholder:"PATH"`
	Method    string   `help:"Method of the request; by default that of the first match." placeholder:"METHOD"`
	Headers   []string `help:"Header of the request. May be repeated." name:"header" placeholder:"NAME=VALUE" sep:"none"`
	Gateway   string   `help:"Gateway to which the request comes, of those that the route names." placeholder:"[NAMESPACE/]NAME"`
	Port      int32    `help:"Port to which the request comes; by default one with TLS." placeholder:"PORT"`
	Output    string   `default:"text" enum:"text,json" help:"text or json." short:"o"`
}

// Help is what --help adds.
func (explainCmd) Help() string {
	return `Follows one request through the cluster, hop by hop: Gateway, listener, route,
rule, filters, the clocks that would cut a stream, backends and pods; which of
several wins it and why, and where it stops, with what mends it. What of the
request is not given is taken from the route, and said. Without --file it looks
at the cluster of the kubeconfig. It changes nothing.

Exit codes: 0 the request arrives, or the Gateway answers it, 1 it does not, or
what was asked for is wrong, 2 could not run.`
}

// Run explains.
func (c explainCmd) Run(s streams) error {
	target, err := explain.ParseTarget(c.Target, c.Namespace)
	if err != nil {
		return err
	}
	headers, err := explain.ParseHeaders(c.Headers)
	if err != nil {
		return err
	}
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
	explained, err := explain.Explain(what.snapshot, findings, target, explain.Options{
		Host: c.Host, Path: c.Path, Method: c.Method, Headers: headers, Gateway: c.Gateway, Port: c.Port,
	})
	if err != nil {
		return err
	}
	write := explained.Text
	if c.Output == "json" {
		write = explained.JSON
	}
	if err := write(s.Out); err != nil {
		return err
	}
	if explained.Fails() {
		return errFindings
	}
	return nil
}
