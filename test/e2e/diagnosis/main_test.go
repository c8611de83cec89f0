// Package diagnosis shows gatehouse diagnose on a real cluster: what it finds in the files
// of internal/diagnose/testdata it finds there too, beside what Traefik's controller has
// written, and Envoy Gateway's, and what it says mends it does.
//
// It needs root, for the node in whose network Traefik runs: see package plane.
//
// What is found of other components stands where these run: of Crossplane in package e2e,
// of KEDA and Prometheus in package scale.
package diagnosis

import (
	"context"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-platform/gatehouse/test/e2e/certmanager"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

func TestMain(m *testing.M) {
	suite.Main(m, suite.Options{
		// The last two run in pods, which the tests of theirs install.
		Tier: suite.Node, Components: []string{"traefik", "envoy-gateway", certmanager.Component}, Prepare: prepare,
	})
}

// prepare builds what the tests run: the image of the server behind some routes,
// gatehouse, and the kubectl that does what gatehouse says.
func prepare(ctx context.Context, p *plane.Plane) error {
	var all errgroup.Group
	all.Go(func() error { return product.PushServer(ctx, p) })
	all.Go(func() error { return doctor.Prepare(ctx, p) })
	return all.Wait()
}
