// Command function is the Crossplane composition function that composes Clusters.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/function"
	"github.com/gatehouse-platform/gatehouse/internal/serve"
	"github.com/gatehouse-platform/gatehouse/internal/version"
)

// flags are those that Crossplane gives to functions, and a few of ours.
type flags struct {
	Debug           bool             `help:"Log more." short:"d"`
	Address         string           `default:":9443" help:"Address of the gRPC server."`
	Network         string           `default:"tcp" enum:"tcp" help:"Kept for Crossplane: always tcp." hidden:""`
	TLSCertsDir     string           `env:"TLS_SERVER_CERTS_DIR" help:"Folder with tls.crt, tls.key and ca.crt." name:"tls-server-certs-dir"`
	Insecure        bool             `help:"Serve without TLS, for development."`
	MetricsAddress  string           `default:":8080" help:"Address of /metrics, /healthz and /readyz; empty for none."`
	MaxMessageBytes int              `default:"33554432" help:"How large a request may be."`
	Grace           time.Duration    `default:"10s" help:"How long calls may take to end."`
	Version         kong.VersionFlag `help:"Print the version."`
}

func main() {
	var f flags
	k := kong.Parse(&f,
		kong.Description("Composes Clusters for Crossplane."),
		kong.Vars{"version": version.Version},
	)
	k.FatalIfErrorf(run(f))
}

func run(f flags) error {
	c, err := catalog.Load()
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if f.Debug {
		level = slog.LevelDebug
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	return serve.Run(ctx, function.New(compose.NewPlanner(c)), serve.Options{
		Address:         f.Address,
		TLSCertsDir:     f.TLSCertsDir,
		Insecure:        f.Insecure,
		MetricsAddress:  f.MetricsAddress,
		MaxMessageBytes: f.MaxMessageBytes,
		Grace:           f.Grace,
		Log:             slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	})
}
