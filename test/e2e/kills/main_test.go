// Package kills ends what a Cluster is made by, without warning, at any moment of its life.
package kills

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/clusters"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

func TestMain(m *testing.M) {
	suite.Main(m, suite.Options{
		Tier: suite.Plane, Components: product.Components(), Charts: product.RealCharts, Prepare: product.Install,
		Patience: 10 * time.Minute,
	})
}

// door is the Cluster that lives.
type door struct{ clusters.Door }

func (d door) apply(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := d.Plane.ApplyYAML(ctx, fmt.Sprintf(mortal, d.Namespace)); err != nil {
		t.Fatal(err)
	}
}
