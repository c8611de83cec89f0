// Package diagnosis shows gatehouse diagnose on a real cluster: what it finds in the files
// of internal/diagnose/testdata it finds there too, beside what Traefik's controller has
// written, and what it says mends it does.
//
// It needs root, for the node in whose network Traefik runs: see package plane.
package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

func TestMain(m *testing.M) {
	suite.Main(m, suite.Options{Tier: suite.Node, Components: []string{"traefik"}, Prepare: prepare})
}

// prepare builds what the tests run: the image of the server behind some routes,
// gatehouse, and the kubectl that does what gatehouse says.
func prepare(ctx context.Context, p *plane.Plane) error {
	if err := os.Mkdir(programs(p), 0o755); err != nil {
		return fmt.Errorf("cannot make a folder for programs: %w", err)
	}
	var all errgroup.Group
	all.Go(func() error { return product.PushServer(ctx, p) })
	all.Go(func() error { return errors.Join(buildGatehouse(ctx, p), linkKubectl(ctx, p)) })
	return all.Wait()
}

// programs is the folder of gatehouse and kubectl.
func programs(p *plane.Plane) string { return filepath.Join(p.Dir(), "programs") }

func buildGatehouse(ctx context.Context, p *plane.Plane) error {
	root, err := product.Root()
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(programs(p), "gatehouse"), "./cmd/gatehouse")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build gatehouse: %w\n%s", err, out)
	}
	return nil
}

func linkKubectl(ctx context.Context, p *plane.Plane) error {
	kubectl, err := plane.Build(ctx, "kubectl", nil)
	if err != nil {
		return err
	}
	if err := os.Symlink(kubectl, filepath.Join(programs(p), "kubectl")); err != nil {
		return fmt.Errorf("cannot give kubectl its name: %w", err)
	}
	return nil
}
