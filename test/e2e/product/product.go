// Package product puts this repository's product on the plane: its API, its
// Compositions and its function, and the charts that it installs.
package product

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// FunctionName is the name that Crossplane's package manager gives the function.
const FunctionName = "gatehouse-platform-function-gatehouse"

// OtherKEDA is a second version of the chart keda, for changes of version.
const OtherKEDA = "2.20.2"

// Components are those of a plane that the product runs on: Crossplane with what
// composes, and the controllers that delete what is owned; without pods.
func Components() []string {
	return []string{"kube-controller-manager", "crossplane", "provider-helm", "provider-kubernetes", "function-auto-ready"}
}

// TierComponents are those of a plane of a tier for people: with a node, the gateway that
// carries traffic is there too.
func TierComponents(tier plane.Tier) []string {
	if tier == plane.TierNode {
		return append(Components(), "traefik")
	}
	return Components()
}

// Crossplane is the version of the real chart of Crossplane: that of the plane's own.
const Crossplane = "2.3.4"

// Charts writes a stand-in for every chart of the catalog, at its pinned version.
func Charts(ctx context.Context, dir string) error { return write(ctx, dir) }

// RealCharts is Charts with the real chart where a Go module ships it and it can be
// installed without pods.
func RealCharts(ctx context.Context, dir string) error {
	return write(ctx, dir, "cert-manager", "crossplane")
}

// ChartsWithPods is RealCharts for a plane with a node.
func ChartsWithPods(ctx context.Context, dir string) error {
	return write(ctx, dir, "cert-manager", "crossplane", "gateway-helm")
}

// write writes a chart for every one of the catalog, the real one for those named.
func write(ctx context.Context, dir string, shipped ...string) error {
	pinned, err := catalog.Load()
	if err != nil {
		return err
	}
	versions := [][2]string{{"keda", OtherKEDA}}
	for _, chart := range pinned.Charts {
		if !slices.Contains(shipped, chart.Name) {
			versions = append(versions, [2]string{chart.Name, chart.Version})
		}
	}
	for _, v := range versions {
		standIn, err := charts.StandIn(ctx, v[0], v[1])
		if err != nil {
			return err
		}
		if err := charts.Package(dir, standIn); err != nil {
			return err
		}
	}
	for _, name := range shipped {
		chart, err := charts.LoadReal(ctx, name)
		if err != nil {
			return err
		}
		if _, err := chart.Save(dir); err != nil {
			return err
		}
	}
	return nil
}

// Root finds the root of the repository from the folder that a program of it runs
// in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cannot find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "package", "configuration", "definition.yaml")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("cannot find the repository: run this in a folder of it")
		}
		dir = above
	}
}

// Install gives the plane the API, the Compositions and the function, and returns
// when Clusters can be created.
func Install(ctx context.Context, p *plane.Plane) error {
	root, err := Root()
	if err != nil {
		return err
	}
	err = p.AddFunction(ctx, plane.Function{
		Name:    FunctionName,
		Package: "./cmd/function",
		Args:    []string{"--metrics-address="},
	})
	if err != nil {
		return err
	}
	folder := filepath.Join(root, "package", "configuration")
	objects, err := plane.ReadObjects(filepath.Join(folder, "definition.yaml"), filepath.Join(folder, "compositions.yaml"))
	if err != nil {
		return err
	}
	if err := p.Apply(ctx, objects...); err != nil {
		return err
	}
	definition := plane.Reference("apiextensions.crossplane.io/v2", "CompositeResourceDefinition", "", "clusters.devopstoolkit.ai")
	return p.WaitCondition(ctx, definition, "Established")
}
