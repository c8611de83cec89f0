package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/standing"
)

// commands runs the program behind "gatehouse plane", for a plane of its own.
type commands struct {
	program string
	name    string
}

func newCommands(t *testing.T) commands {
	t.Helper()
	program, err := plane.BuildCommand(t.Context(), filepath.Join("test", "e2e"), "./cmd/plane", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := commands{program: program, name: fmt.Sprintf("test-%d", os.Getpid())}
	// Also if the test fails in between.
	t.Cleanup(func() { _ = exec.Command(c.program, "down", "-name", c.name).Run() })
	return c
}

// run runs a command and checks how it exits and what it says.
func (c commands) run(t *testing.T, code int, says, command string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.program, append([]string{command, "-name", c.name}, args...)...)
	cmd.Env = append(os.Environ(), plane.KeepVariable+"=")
	out := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = out, t.Output()
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(out.String(), says) {
		t.Fatalf("plane %s: exit code %d, want %d, saying %q:\n%s", command, got, code, says, out)
	}
	return out.String()
}

// state is what status says.
func (c commands) state(t *testing.T, code int, want string) standing.State {
	t.Helper()
	var s standing.State
	if err := json.Unmarshal([]byte(c.run(t, code, "", "status", "-o", "json")), &s); err != nil {
		t.Fatal(err)
	}
	if s.State != want {
		t.Fatalf("the plane is %q, want %q: %+v", s.State, want, s)
	}
	return s
}

// TestPlaneStands goes through the life of a plane for people: it outlives the command
// that starts it, is seen, ends, and nothing of it stays.
func TestPlaneStands(t *testing.T) {
	c := newCommands(t)
	c.run(t, 0, "There is no plane", "down")
	c.run(t, 0, "is up.", "up", "-components", "provider-kubernetes")
	s := c.state(t, 0, standing.Up)
	running := processesOf(t, s.Directory)
	namespaces := ownNamespaces(t, running)
	if len(running) < 4 || len(namespaces) != 1 {
		t.Errorf("the plane runs as processes %v in network namespaces %q, want at least 4 and 1", running, namespaces)
	}
	for path, mode := range map[string]os.FileMode{filepath.Dir(s.Kubeconfig): os.ModeDir | 0o700, s.Kubeconfig: 0o600, s.Directory: os.ModeDir | 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%q gives rights to others: %v, want mode %v (%v)", path, info, mode, err)
		}
	}
	c.run(t, 0, "is up already", "up", "-components", "provider-kubernetes")
	c.run(t, 2, "", "up", "-components", "crossplane")
	if again := c.state(t, 0, standing.Up); again.Directory != s.Directory {
		t.Errorf("a second up has made another plane: %q and %q", s.Directory, again.Directory)
	}
	c.run(t, 0, "is down", "down")
	if err := leftovers(t, s.Directory, namespaces); err != nil {
		t.Error(err)
	}
	c.nothing(t, s)
	c.run(t, 0, "There is no plane", "down")
}

// nothing checks that no file of a plane that is down is left.
func (c commands) nothing(t *testing.T, s standing.State) {
	t.Helper()
	left, err := filepath.Glob(filepath.Dir(s.Kubeconfig) + "*")
	if err != nil || len(left) > 0 {
		t.Errorf("files are left: %q (%v)", left, err)
	}
}

// TestPlaneIsSeenDead: status tells what has ended, and down ends the rest of it.
func TestPlaneIsSeenDead(t *testing.T) {
	cases := map[string]struct {
		reason string
		victim func(s standing.State) int
	}{
		"Component": {reason: "One process of the plane is killed.", victim: func(s standing.State) int { return s.Components[1].PID }},
		"Program": {reason: "The program that runs the plane is killed: the kernel ends the rest.", victim: func(s standing.State) int {
			return parentOf(s.Components[0].PID)
		}},
	}
	c := newCommands(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c.run(t, 0, "is up.", "up", "-components", "provider-kubernetes")
			s := c.state(t, 0, standing.Up)
			namespaces := ownNamespaces(t, processesOf(t, s.Directory))
			victim := tc.victim(s)
			if victim <= 1 {
				t.Fatalf("cannot kill process %d", victim)
			}
			if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() error {
				out, err := exec.CommandContext(t.Context(), c.program, "status", "-name", c.name).Output()
				if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), " dead ") {
					return fmt.Errorf("%s\nstatus: %w\n%s", tc.reason, err, out)
				}
				return nil
			})
			c.run(t, 0, "is down", "down")
			if err := leftovers(t, s.Directory, namespaces); err != nil {
				t.Error(err)
			}
			c.nothing(t, s)
		})
	}
}

// parentOf is the process that started one; 0 when it is gone.
func parentOf(pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "\nPPid:\t")
	parent := 0
	_, _ = fmt.Sscan(rest, &parent)
	return parent
}

// eventually waits until check finds nothing wrong, for 10 seconds.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for err := check(); err != nil; err = check() {
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
