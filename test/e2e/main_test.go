// Package e2e proves the product on a real control plane: see package plane for
// what runs, and charts for what stands in for third-party charts.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

func TestMain(m *testing.M) {
	if how := os.Getenv(childVariable); how != "" {
		os.Exit(runChild(how))
	}
	suite.Main(m, suite.Options{
		Tier: suite.Plane, Components: product.Components(), Charts: writeCharts, Prepare: product.Install,
		// A Cluster comes up in steps.
		Patience: 10 * time.Minute,
	})
}

// writeCharts writes those of the product, and those that are diagnosed.
func writeCharts(ctx context.Context, dir string) error {
	return errors.Join(product.RealCharts(ctx, dir), diagnosed(dir))
}

// apply applies the YAML, in which %[1]s is the namespace.
func apply(ctx context.Context, t *testing.T, p *plane.Plane, namespace, yaml string) {
	t.Helper()
	if err := p.ApplyYAML(ctx, fmt.Sprintf(yaml, namespace)); err != nil {
		t.Fatal(err)
	}
}

// awaitReady waits until the object says of itself that it is Synced and Ready.
func awaitReady(ctx context.Context, t *testing.T, p *plane.Plane, object *unstructured.Unstructured) {
	t.Helper()
	if err := p.WaitCondition(ctx, object, "Synced", "Ready"); err != nil {
		t.Fatal(err)
	}
}
