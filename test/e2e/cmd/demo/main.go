// Command demo shows the main job: what Clusters are composed of, and the real
// Crossplane composing one on a control plane of its own. It cleans up after
// itself.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/render"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := product.Root()
	if err != nil {
		return err
	}
	title(out, "1  What three Clusters are composed of (gatehouse render -o tree)")
	for _, example := range []string{"aws-front-door", "https", "existing"} {
		if err := tree(out, filepath.Join(root, "examples", "valid", example+".yaml")); err != nil {
			return err
		}
	}
	title(out, "2  A control plane: etcd, kube-apiserver, Crossplane, its providers")
	say(out, "The first run builds them, which takes about a quarter of an hour on two cores.")
	if os.Geteuid() != 0 {
		say(out, "This part needs root: one provider has fixed ports and gets a network of its own. Skipped.")
		return nil
	}
	p, err := plane.Start(ctx, plane.Options{Components: product.Components(), Charts: product.Charts})
	if err != nil {
		return err
	}
	err = onPlane(ctx, out, p)
	title(out, "5  Everything is stopped and removed")
	if closed := p.Close(); err == nil {
		err = closed
	}
	return err
}

func onPlane(ctx context.Context, out io.Writer, p *plane.Plane) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	if err := product.Install(ctx, p); err != nil {
		return err
	}
	d := &demo{plane: p, out: out}
	title(out, "3  Crossplane composes a Cluster on an existing cluster: this one")
	say(out, "Real: Crossplane, this function, provider-helm, provider-kubernetes, the kinds of the")
	say(out, "Gateway API and of Prometheus. Stand-ins: the charts, which install nothing that runs.")
	if err := d.create(ctx); err != nil {
		return err
	}
	title(out, "4  A bad change is refused, and nothing that runs is touched")
	return d.refuse(ctx)
}

func tree(out io.Writer, file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("cannot read the example: %w", err)
	}
	documents, err := render.Read(file, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	pinned, err := catalog.Load()
	if err != nil {
		return err
	}
	all, err := render.New(compose.NewPlanner(pinned)).Render(documents, nil)
	if err != nil {
		return err
	}
	if err := render.Tree(out, all); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out)
	return err
}

func title(out io.Writer, text string) { _, _ = fmt.Fprintf(out, "\n── %s\n\n", text) }

func say(out io.Writer, text string) { _, _ = fmt.Fprintln(out, text) }
