package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
	"github.com/gatehouse-platform/gatehouse/internal/kube"
	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
	"github.com/gatehouse-platform/gatehouse/internal/version"
)

// serverFlags are those of every way to serve.
type serverFlags struct {
	AllowWrites bool   `help:"Add the tools that change the cluster."`
	Kubeconfig  string `help:"Configuration of the cluster; as kubectl finds it when empty, and without one only the tools that need no cluster work." placeholder:"FILE"`
	Context     string `help:"Context of the kubeconfig; the current one when empty."`
	LogLevel    string `default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
	LogFormat   string `default:"json" enum:"json,text" help:"json or text."`
}

// connect returns nil when no cluster is configured.
func (f *serverFlags) connect() (*kube.Client, error) {
	live, err := kube.Connect(kube.Config{Kubeconfig: f.Kubeconfig, Context: f.Context, UserAgent: "gatehouse-mcp-server/" + version.Version})
	switch {
	case errors.Is(err, kube.ErrNoConfig) && f.Kubeconfig == "" && f.Context == "":
		return nil, nil //nolint:nilnil // no cluster is a way to run, and no mistake
	case err != nil:
		return nil, fmt.Errorf("%w: --kubeconfig: %w", errInput, err)
	}
	return live, nil
}

// server is the MCP server with its tools.
func (f *serverFlags) server(live *kube.Client, log *slog.Logger) (*mcp.Server, error) {
	o := mcpserver.Options{AllowWrites: f.AllowWrites, Version: version.Version, Log: log, Draining: edge.Draining}
	if live != nil {
		o.Cluster = cluster{live}
	} else {
		log.Info("no cluster is configured: only the tools that need none work")
	}
	return mcpserver.New(o)
}

type stdioCmd struct{}

// Run serves until the client closes standard input, or the context ends.
func (*stdioCmd) Run(ctx context.Context, p process, f serverFlags) error {
	log, err := f.logger(p.Err)
	if err != nil {
		return err
	}
	live, err := f.connect()
	if err != nil {
		return err
	}
	server, err := f.server(live, log)
	if err != nil {
		return err
	}
	err = server.Run(ctx, &mcp.IOTransport{Reader: p.In, Writer: p.Out})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("cannot serve over standard input and output: %w", err)
	}
	return nil
}
