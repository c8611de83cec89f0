package diagnosis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// outcome is what a run of gatehouse has said.
type outcome struct {
	diagnose.Report

	code int
}

// run diagnoses with these arguments, and reads the report.
func run(ctx context.Context, p *plane.Plane, args ...string) (outcome, error) {
	out, code, err := runText(ctx, p, append(args, "-o", "json")...)
	if err != nil {
		return outcome{}, err
	}
	result := outcome{code: code}
	if err := json.Unmarshal(out, &result.Report); err != nil {
		return outcome{}, fmt.Errorf("cannot read the report: %w\n%s", err, out)
	}
	return result, nil
}

// runText is the same, for people. An exit code above 1 is an error.
func runText(ctx context.Context, p *plane.Plane, args ...string) (out []byte, code int, err error) {
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(programs(p), "gatehouse"), append([]string{"diagnose"}, args...)...)
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

// do runs what a finding says, in a shell, as somebody does who copies it.
func do(ctx context.Context, p *plane.Plane, f diagnose.Finding) error {
	for _, action := range f.Fix.Actions {
		cmd := exec.CommandContext(ctx, "sh", "-e", "-c", action.Command)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+p.Kubeconfig(), "PATH="+programs(p)+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("the fix of %s at %s does not run: %w\n%s\n%s", f.Check, f.Object, err, action.Command, out)
		}
	}
	return nil
}

// looker looks at the cluster for all scenarios at once: whoever asks while it looks gets
// the next look.
type looker struct {
	plane *plane.Plane

	mu      sync.Mutex
	started time.Time
	last    outcome
}

// look returns what is found in a look that begins after the call.
func (l *looker) look(ctx context.Context) (outcome, error) {
	asked := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started.After(asked) {
		return l.last, nil
	}
	started := time.Now()
	found, err := run(ctx, l.plane, "--kubeconfig", l.plane.Kubeconfig())
	if err == nil {
		l.started, l.last = started, found
	}
	return found, err
}
