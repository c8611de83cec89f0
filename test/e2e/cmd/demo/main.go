// Command demo shows the main jobs on a plane of its own: the real Crossplane composes a
// Cluster, and, where there may be a node, the MCP server of this repository answers
// behind a gateway. With KUBECONFIG set it shows on that cluster what can be shown there.
//
//	demo [-yes]    show it
//	demo down      end it, and remove everything of it
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/standing"
)

// limit is how long the demo may take until it waits for its end.
const limit = 15 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context) error {
	yes := flag.Bool("yes", false, "change the cluster of KUBECONFIG without asking")
	flag.Parse()
	root, err := modules.Root()
	if err != nil {
		return err
	}
	d := &demo{screen: newScreen(os.Stdout), root: root, yes: *yes, kubeconfig: os.Getenv("KUBECONFIG")}
	switch {
	case flag.Arg(0) == "down":
		return d.down(ctx)
	case flag.NArg() > 0:
		return fmt.Errorf("cannot show %q: want nothing, or down", flag.Arg(0))
	case d.kubeconfig != "":
		return d.onCluster(ctx)
	default:
		return d.onPlane(ctx)
	}
}

// demo is one run of the demo.
type demo struct {
	screen     *screen
	root       string
	kubeconfig string // of a cluster that others run; empty: a plane of its own
	yes        bool

	plane *plane.Plane
	means means
}

// place is where the plane of the demo is kept, so that down finds it.
func (d *demo) place() (standing.Place, error) { return standing.At(d.root, "demo") }

// onPlane shows everything on a plane that ends with the demo.
func (d *demo) onPlane(ctx context.Context) (err error) {
	place, err := d.place()
	if err != nil {
		return err
	}
	hold, err := place.Take()
	if err != nil {
		return fmt.Errorf("%w; make demo-down ends it", err)
	}
	defer func() { err = errors.Join(err, hold.End()) }()
	tier := plane.TierPlane
	if os.Geteuid() == 0 {
		tier = plane.TierNode
	}
	d.screen.title("A control plane: Kubernetes' API server, Crossplane, its providers")
	d.screen.sayf("All are real, and processes on this machine. The first time builds them, which\ntakes a quarter of an hour on two cores.")
	if tier == plane.TierPlane {
		d.screen.sayf("Pods and a gateway need root: without it, what follows shows the Cluster only.")
	} else {
		d.screen.sayf("A node and a gateway too, as you are root: pods run.")
	}
	d.screen.sayf("")
	components := product.TierComponents(tier)
	if err := hold.Starting(tier, components); err != nil {
		return err
	}
	d.plane, err = plane.Start(ctx, plane.Options{Components: components, Charts: product.Charts, Signals: true, Progress: os.Stdout})
	if err != nil {
		return ended(ctx, err)
	}
	defer func() {
		err = errors.Join(err, d.plane.Close())
		d.screen.sayf("\nEverything is stopped and removed.")
	}()
	if err := d.furnish(ctx, tier); err != nil {
		return ended(ctx, err)
	}
	if err := hold.Running(standing.Up, d.plane); err != nil {
		return err
	}
	if d.means, err = survey(ctx, d.plane, tier == plane.TierNode); err != nil {
		return err
	}
	return ended(ctx, d.show(ctx))
}

// furnish installs what this repository makes.
func (d *demo) furnish(ctx context.Context, tier plane.Tier) error {
	if err := product.Install(ctx, d.plane); err != nil {
		return err
	}
	if tier == plane.TierNode {
		return product.PushServer(ctx, d.plane)
	}
	return nil
}

// onCluster shows what can be shown on a cluster that others run.
func (d *demo) onCluster(ctx context.Context) error {
	var err error
	if d.plane, err = plane.Attach(d.kubeconfig); err != nil {
		return err
	}
	if d.means, err = survey(ctx, d.plane, true); err != nil {
		return err
	}
	d.screen.title("The cluster of KUBECONFIG: " + d.plane.Config().Host)
	if err := d.announce(); err != nil {
		return err
	}
	if err := d.ask("Install this there?"); err != nil {
		return err
	}
	err = ended(ctx, d.show(ctx))
	d.screen.sayf("\nIt stays in that cluster until: make demo-down")
	return err
}

// show is the demo itself.
func (d *demo) show(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := d.makeNamespace(limited); err != nil {
		return err
	}
	if d.means.noCluster == "" {
		if err := d.createCluster(limited); err != nil {
			return err
		}
		if err := d.refuse(limited); err != nil {
			return err
		}
	}
	if d.means.noServer == "" {
		if err := d.runServer(limited); err != nil {
			return err
		}
	}
	d.next()
	return d.stay(ctx)
}

// next says what to try.
func (d *demo) next() {
	d.screen.title("What to try next")
	if d.kubeconfig == "" {
		d.screen.sayf("export KUBECONFIG=%s", d.plane.Kubeconfig())
	}
	if d.means.noCluster == "" {
		d.screen.sayf("kubectl -n %s get clusters.devopstoolkit.ai demo -o yaml", namespace)
		d.screen.sayf("kubectl -n %s get releases.helm.m.crossplane.io", namespace)
	}
	if d.means.noServer == "" {
		d.screen.sayf("kubectl -n %s get gateways,httproutes,pods", namespace)
		d.screen.sayf("%s diagnose -n %s", program, namespace)
		d.screen.sayf("# answered with 401: it asks for a token")
		d.screen.sayf("curl -i --resolve %s:80:%s http://%[1]s/mcp", host, d.means.address)
	}
	for _, why := range d.means.leftOut() {
		d.screen.sayf("# left out: %s", why)
	}
}

// stay waits for Ctrl-C on a terminal. Elsewhere nobody would press it.
func (d *demo) stay(ctx context.Context) error {
	if !d.screen.terminal {
		return nil
	}
	d.screen.sayf("\nAll of this stays until you press Ctrl-C.")
	<-ctx.Done()
	return nil
}

// ended is no error when somebody ended the demo.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return nil //nolint:nilerr // that is the point
	}
	return err
}
