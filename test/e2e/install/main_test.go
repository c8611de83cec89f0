// Package install holds tests of `gatehouse install`, `status` and `uninstall`: the real
// program on a real API server, with the charts that stand in for the public ones.
package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// thirdKEDA is a version of the chart keda that is only in the local folder.
const thirdKEDA = "2.21.0"

// program is the built command. Written by TestMain only.
var program string

func TestMain(m *testing.M) {
	suite.Main(m, suite.Options{
		Tier: suite.Plane, Components: product.Components(), Charts: packCharts,
		Prepare: func(ctx context.Context, p *plane.Plane) error {
			return errors.Join(build(ctx), product.Install(ctx, p))
		},
		Patience: 4 * time.Minute,
	})
}

// openFunctionArchive is the name under which OpenFunction publishes its chart.
const openFunctionArchive = "openfunction-v1.2.0-v0.7.0.tgz"

// packCharts are those of the product, and one under the address that it is pinned to.
func packCharts(ctx context.Context, dir string) error {
	if err := product.Charts(ctx, dir); err != nil {
		return err
	}
	return os.Link(filepath.Join(dir, "openfunction-0.7.0.tgz"), filepath.Join(dir, openFunctionArchive))
}

func build(ctx context.Context) (err error) {
	program, err = plane.BuildCommand(ctx, ".", "./cmd/gatehouse", nil)
	return err
}

// installation is a Cluster, in a file, on the plane.
type installation struct {
	plane *plane.Plane
	file  string
	home  string
}

func newInstallation(t *testing.T, p *plane.Plane, cluster string) *installation {
	t.Helper()
	dir := t.TempDir()
	i := &installation{plane: p, file: filepath.Join(dir, "cluster.yaml"), home: dir}
	i.write(t, cluster)
	return i
}

func (i *installation) write(t *testing.T, cluster string) {
	t.Helper()
	if err := os.WriteFile(i.file, []byte(cluster), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs gatehouse as a person would, with charts from their public addresses.
func (i *installation) command(ctx context.Context, verb string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, append([]string{verb, i.file, "--kubeconfig", i.plane.Kubeconfig(), "--timeout", "1m"}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + i.home}, i.plane.OutsideEnvironment()...)
	return cmd
}

// answer of a command.
type answer struct {
	code           int
	stdout, stderr string
}

func (a answer) String() string {
	return fmt.Sprintf("exit code %d\n--- stdout\n%s--- stderr\n%s", a.code, a.stdout, a.stderr)
}

func (i *installation) run(ctx context.Context, t *testing.T, verb string, args ...string) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := i.command(ctx, verb, args...)
	began := time.Now()
	cmd.Stdout, cmd.Stderr = &stdout, io.MultiWriter(&stderr, &timed{t.Output(), began})
	err := cmd.Run()
	t.Logf("gatehouse %s %s: %s", verb, strings.Join(args, " "), time.Since(began).Round(10*time.Millisecond))
	if exit, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	} else if failed {
		return answer{exit.ExitCode(), stdout.String(), stderr.String()}
	}
	return answer{0, stdout.String(), stderr.String()}
}

// timed writes when each piece was written.
type timed struct {
	out   io.Writer
	began time.Time
}

func (w *timed) Write(p []byte) (int, error) {
	_, err := fmt.Fprintf(w.out, "%6.2fs %s", time.Since(w.began).Seconds(), p)
	return len(p), err
}

// expect runs a command that has to end with a code and say what is wanted.
func (i *installation) expect(ctx context.Context, t *testing.T, code int, want []string, verb string, args ...string) answer {
	t.Helper()
	a := i.run(ctx, t, verb, args...)
	if a.code != code {
		t.Fatalf("gatehouse %s %v: want exit code %d, got %s", verb, args, code, a)
	}
	for _, w := range want {
		if !strings.Contains(a.stdout+a.stderr, w) {
			t.Errorf("gatehouse %s %v: want it to say %q, got %s", verb, args, w, a)
		}
	}
	return a
}
