// Command plane starts, shows and ends a local control plane that outlives it. It is
// what "gatehouse plane" runs: see cmd/gatehouse/plane.go for what people read.
//
//	plane up|status|down [flags]
//
// Exit codes: 0 fine, 1 something of the plane is dead, 2 could not run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/standing"
)

// errDead says that something of the plane is dead, which was reported.
var errDead = errors.New("something is dead")

func main() {
	err := run(os.Args[1:])
	switch {
	case err == nil:
	case errors.Is(err, errDead):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "gatehouse:", err)
		os.Exit(2)
	}
}

// options are what is said on the command line.
type options struct {
	place      standing.Place
	name       string
	tier       plane.Tier
	components []string // none: those of the tier
	output     string
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("cannot run without a command: up, status or down")
	}
	o, err := parse(args[1:])
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	switch args[0] {
	case "up":
		return up(ctx, o)
	case "serve": // what up leaves running
		return serve(ctx, o)
	case "status":
		return status(o)
	case "down":
		return down(ctx, o)
	default:
		return fmt.Errorf("cannot run %q: want up, status or down", args[0])
	}
}

func parse(args []string) (options, error) {
	flags := flag.NewFlagSet("plane", flag.ContinueOnError)
	o := options{}
	flags.StringVar(&o.name, "name", "default", "which plane")
	flags.StringVar(&o.output, "o", "text", "text or json")
	tier := flags.String("tier", "", "plane or node")
	components := flags.String("components", "", "with commas")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	root, err := modules.Root()
	if err != nil {
		return o, err
	}
	if o.place, err = standing.At(root, o.name); err != nil {
		return o, err
	}
	if *components != "" {
		o.components = strings.Split(*components, ",")
	}
	o.tier, err = chooseTier(plane.Tier(*tier), o.components, os.Geteuid() == 0)
	return o, err
}

// chooseTier returns the tier that was named; else that of the components; else node
// for root and plane for everybody else.
func chooseTier(named plane.Tier, components []string, root bool) (plane.Tier, error) {
	if len(components) > 0 {
		needed, err := plane.TierOf(components)
		if err != nil {
			return "", err
		}
		if named == plane.TierPlane && needed == plane.TierNode {
			return "", fmt.Errorf("cannot have components %q in tier %q: among what they need is a node", components, named)
		}
		return needed, nil
	}
	switch {
	case named == plane.TierNode && !root:
		return "", errors.New("cannot start a node: it needs root; tier \"plane\" does not")
	case named != "":
		return named, nil
	case root:
		return plane.TierNode, nil
	default:
		return plane.TierPlane, nil
	}
}

// selected are the components to start.
func (o options) selected() []string {
	if len(o.components) > 0 {
		return o.components
	}
	return product.TierComponents(o.tier)
}
