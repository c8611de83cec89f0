package plane

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bare is a plane without any component.
func bare(t *testing.T) *Plane {
	t.Helper()
	p := &Plane{dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(p.dir, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopProcesses(p.processes); err != nil {
			t.Error(err)
		}
	})
	return p
}

// sleeper is a program of a plane that does nothing for a while.
func sleeper(name string, ready func(context.Context) error) command {
	return command{name: name, path: "/bin/sh", args: []string{"-c", "echo on; exec sleep 60"}, ready: ready}
}

func TestKillAndRestart(t *testing.T) {
	p, asked := bare(t), 0
	err := p.runReady(t.Context(), sleeper("sleeper", func(context.Context) error { asked++; return nil }))
	if err != nil {
		t.Fatal(err)
	}
	first := p.processes[0]
	if err := p.Kill("sleeper"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-first.done:
	default:
		t.Error("it runs although it was killed")
	}
	if err := p.Dead(); err != nil {
		t.Errorf("what was killed on purpose counts as a failure: %v", err)
	}
	if err := p.Restart(t.Context(), "sleeper"); err != nil {
		t.Fatal(err)
	}
	if len(p.processes) != 1 || p.processes[0].pid == first.pid || asked != 2 {
		t.Errorf("want one new process that was asked whether it is ready, got %d processes, asked %d times", len(p.processes), asked)
	}
	// From now on its end is a failure again.
	if err := killProcess(p.processes[0]); err != nil {
		t.Fatal(err)
	}
	if err := p.Dead(); err == nil || !strings.Contains(err.Error(), `"sleeper" has ended`) {
		t.Errorf("it ended by itself, and that is reported as %v", err)
	}
}

func TestKillRefuses(t *testing.T) {
	never := errors.New("never ready")
	cases := map[string]struct {
		reason string
		do     func(p *Plane) error
		want   string
	}{
		"Unknown": {
			reason: "a name that nothing has is a mistake of the test",
			do:     func(p *Plane) error { return p.Kill("other") },
			want:   `cannot kill "other": nothing of that name runs`,
		},
		"Twice": {
			reason: "what is killed already cannot be killed",
			do:     func(p *Plane) error { return errors.Join(p.Kill("sleeper"), p.Kill("sleeper")) },
			want:   `cannot kill "sleeper": it was killed before`,
		},
		"WithoutReady": {
			reason: "Restart could not say when it is of use",
			do:     func(p *Plane) error { return p.Kill("unready") },
			want:   `cannot kill "unready": nobody would know when it is ready again`,
		},
		"NotKilled": {
			reason: "a second one beside the first would take its ports",
			do:     func(p *Plane) error { return p.Restart(t.Context(), "sleeper") },
			want:   `cannot restart "sleeper": it was not killed`,
		},
		"NeverReady": {
			reason: "what does not come up again is a failure",
			do: func(p *Plane) error {
				p.processes[0].how.ready = func(context.Context) error { return never }
				return errors.Join(p.Kill("sleeper"), p.Restart(t.Context(), "sleeper"))
			},
			want: `cannot restart "sleeper": never ready`,
		},
		"Closed": {
			reason: "a closed plane has nothing to kill",
			do:     func(p *Plane) error { p.closed = true; return p.Kill("sleeper") },
			want:   `cannot kill "sleeper": the plane is closed`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := bare(t)
			if err := p.runReady(t.Context(), sleeper("sleeper", func(context.Context) error { return nil })); err != nil {
				t.Fatal(err)
			}
			if _, err := p.run(sleeper("unready", nil)); err != nil {
				t.Fatal(err)
			}
			if err := tc.do(p); err == nil || err.Error() != tc.want {
				t.Errorf("%s: got %v, want %s", tc.reason, err, tc.want)
			}
		})
	}
}
