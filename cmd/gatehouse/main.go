// Command gatehouse shows and checks Clusters without any cluster, installs them without
// Crossplane, and says what is wrong with the way into a cluster.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/explain"
	"github.com/gatehouse-platform/gatehouse/internal/graph"
	"github.com/gatehouse-platform/gatehouse/internal/migrate"
	"github.com/gatehouse-platform/gatehouse/internal/render"
	"github.com/gatehouse-platform/gatehouse/internal/version"
)

// Exit codes.
const (
	exitFine     = 0
	exitFindings = 1 // wrong input, or findings
	exitFailed   = 2 // could not run
)

type cli struct {
	Render    renderCmd        `cmd:"" help:"Show what Clusters are composed of."`
	Validate  validateCmd      `cmd:"" help:"Check Clusters."`
	Diff      diffCmd          `cmd:"" help:"Show what changes when one version of Clusters becomes another."`
	Apps      appsCmd          `cmd:"" help:"List what Gatehouse installs."`
	Install   installCmd       `cmd:"" help:"Install a Cluster onto a cluster that exists, without Crossplane."`
	Status    statusCmd        `cmd:"" help:"Show what is really there of an installed Cluster."`
	Uninstall uninstallCmd     `cmd:"" help:"Remove what was installed for a Cluster."`
	Diagnose  diagnoseCmd      `cmd:"" help:"Say what is wrong with the way into a cluster, and what mends it."`
	Explain   explainCmd       `cmd:"" help:"Follow one request through a cluster, and say where it stops."`
	Graph     graphCmd         `cmd:"" help:"Draw the way into a cluster."`
	Migrate   migrateCmd       `cmd:"" help:"Turn Ingresses into Gateways and HTTPRoutes."`
	Plane     planeCmd         `cmd:"" help:"Run a local control plane to try things out."`
	Version   kong.VersionFlag `help:"Print the version."`
}

// streams are what a command reads and writes: data goes to Out, reports to Err.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// errFindings says that a command ran and reported what it found.
var errFindings = errors.New("findings")

func main() {
	collectLate()
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

func run(args []string, s streams) int {
	code, exited := exitFine, false
	k, err := kong.New(&cli{},
		kong.Name("gatehouse"),
		kong.Description("The front door of a Kubernetes platform: shows and checks Clusters without any cluster, and says what is wrong in one."),
		kong.Description("The front door of a Kubernetes platform: shows and checks Clusters without any cluster, and installs them without Crossplane."),
		kong.Writers(s.Out, s.Err),
		kong.Exit(func(c int) { code, exited = c, true }),
		kong.Vars{"version": version.Version},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return failed(s, err)
	}
	ctx, err := k.Parse(args)
	if exited {
		return code
	}
	if err != nil {
		return failed(s, fmt.Errorf("%w (gatehouse --help lists the commands)", err))
	}
	err = ctx.Run(s)
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errFindings):
		return exitFindings
	case isInput(err):
		_, _ = fmt.Fprintln(s.Err, "gatehouse:", err)
		return exitFindings
	default:
		return failed(s, err)
	}
}

// isInput tells wrong input, and what was found, from what could not run.
func isInput(err error) bool {
	invalid := new(compose.InvalidError)
	return errors.As(err, &invalid) || isFound(err) || slices.ContainsFunc(
		[]error{render.ErrNoCluster, render.ErrInput, migrate.ErrInput, explain.ErrInput, graph.ErrInput},
		func(input error) bool { return errors.Is(err, input) },
	)
}

func failed(s streams, err error) int {
	_, _ = fmt.Fprintln(s.Err, "gatehouse:", err)
	return exitFailed
}
