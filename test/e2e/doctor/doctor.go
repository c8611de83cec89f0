// Package doctor runs gatehouse diagnose on a plane, and does with kubectl what it says.
package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// Prepare builds gatehouse, and the kubectl that does what gatehouse says, unless that was
// done before.
func Prepare(ctx context.Context, p *plane.Plane) error {
	err := os.Mkdir(programs(p), 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot make a folder for programs: %w", err)
	}
	return errors.Join(linkGatehouse(ctx, p), linkKubectl(ctx, p))
}

// programs is the folder of gatehouse and kubectl.
func programs(p *plane.Plane) string { return filepath.Join(p.Dir(), "programs") }

// Gatehouse is the program.
func Gatehouse(p *plane.Plane) string { return filepath.Join(programs(p), "gatehouse") }

func linkGatehouse(ctx context.Context, p *plane.Plane) error {
	gatehouse, err := plane.BuildCommand(ctx, ".", "./cmd/gatehouse", nil)
	if err != nil {
		return err
	}
	if err := os.Symlink(gatehouse, Gatehouse(p)); err != nil {
		return fmt.Errorf("cannot give gatehouse its name: %w", err)
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

// Outcome is what a run of gatehouse has said.
type Outcome struct {
	diagnose.Report

	// Code is the exit code.
	Code int
}

// Run diagnoses with these arguments, and reads the report.
func Run(ctx context.Context, p *plane.Plane, args ...string) (Outcome, error) {
	out, code, err := RunText(ctx, p, append(args, "-o", "json")...)
	if err != nil {
		return Outcome{}, err
	}
	result := Outcome{Code: code}
	if err := json.Unmarshal(out, &result.Report); err != nil {
		return Outcome{}, fmt.Errorf("cannot read the report: %w\n%s", err, out)
	}
	return result, nil
}

// RunText is the same, for people. An exit code above 1 is an error.
func RunText(ctx context.Context, p *plane.Plane, args ...string) (out []byte, code int, err error) {
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, Gatehouse(p), append([]string{"diagnose"}, args...)...)
	cmd.Stderr = &errs
	out, err = cmd.Output()
	exit := new(exec.ExitError)
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return out, 1, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("cannot run gatehouse diagnose: %w\n%s", err, errs.String())
	}
	return out, 0, nil
}

// Do runs what a finding says, in a shell, as somebody does who copies it.
func Do(ctx context.Context, p *plane.Plane, f diagnose.Finding) error {
	for _, action := range f.Fix.Actions {
		if err := shell(ctx, p, action.Command); err != nil {
			return fmt.Errorf("the fix of %s at %s does not run: %w", f.Check, f.Object, err)
		}
	}
	return nil
}

// shell runs a command as somebody whose kubectl leads to the plane.
func shell(ctx context.Context, p *plane.Plane, command string) error {
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", command)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+p.Kubeconfig(), "PATH="+programs(p)+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s\n%s", err, command, out)
	}
	return nil
}

// Looker looks at the cluster for several at once: whoever asks while it looks gets the
// next look.
type Looker struct {
	Plane *plane.Plane

	mu      sync.Mutex
	started time.Time
	last    Outcome
}

// Look returns what is found in a look that begins after the call.
func (l *Looker) Look(ctx context.Context) (Outcome, error) {
	asked := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started.After(asked) {
		return l.last, nil
	}
	started := time.Now()
	found, err := Run(ctx, l.Plane, "--kubeconfig", l.Plane.Kubeconfig())
	if err == nil {
		l.started, l.last = started, found
	}
	return found, err
}

// Settling is how long controllers may take until they have done and said everything.
const Settling = 20 * time.Second

// Eventually checks until there is no error. In the end it returns the last one that is not
// about the end of the time.
func Eventually(ctx context.Context, p *plane.Plane, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, Settling)
	defer cancel()
	var last error
	err := p.Poll(ctx, "it", func(ctx context.Context) error {
		err := check(ctx)
		if err == nil || ctx.Err() == nil {
			last = err
		}
		return err
	})
	if err != nil && last != nil {
		return last
	}
	return err
}
