package plane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// dialVariable makes this test program a client: it prints which of the
// comma-separated addresses it can connect to.
const dialVariable = "GATEHOUSE_PLANE_DIAL"

func TestMain(m *testing.M) {
	if program := os.Getenv(parentVariable); program != "" {
		beParent(program)
	}
	addresses := os.Getenv(dialVariable)
	if addresses == "" {
		os.Exit(m.Run())
	}
	for address := range strings.SplitSeq(addresses, ",") {
		conn, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err == nil {
			fmt.Printf("reached %s\n", address)
			_ = conn.Close()
		}
	}
}

// shell is a process that runs a script, with its output in a file.
func shell(t *testing.T, script string) *process {
	t.Helper()
	proc, err := startProcess(command{
		name: "script",
		path: "/bin/sh",
		args: []string{"-c", script},
		log:  filepath.Join(t.TempDir(), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopProcesses([]*process{proc}); err != nil {
			t.Error(err)
		}
	})
	return proc
}

func TestEndedProcessIsNamed(t *testing.T) {
	proc := shell(t, "echo the reason; exit 3")
	<-proc.done
	err := proc.ended()
	for _, want := range []string{`"script"`, "exit status 3", "the reason"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a process that ended is reported as %q, want that to contain %q", err, want)
		}
	}
}

func TestStopProcesses(t *testing.T) {
	cases := map[string]struct {
		reason string
		script string
	}{
		"Polite":   {reason: "a process may end by itself", script: "echo on; exec sleep 60"},
		"Stubborn": {reason: "a process that ignores SIGTERM is killed", script: "trap '' TERM; echo on; while :; do sleep 1; done"},
		"Parent":   {reason: "the children of a process go with it", script: "sleep 60 & echo on; wait"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proc := shell(t, tc.script)
			for tail(proc.log, 1) != "on" {
				time.Sleep(10 * time.Millisecond)
			}
			if err := stopProcesses([]*process{proc}); err != nil {
				t.Fatal(err)
			}
			// Group members that were reparented are zombies until init has
			// seen them, so give that a moment.
			deadline := time.Now().Add(5 * time.Second)
			for groupExists(proc.pid) {
				if time.Now().After(deadline) {
					t.Fatalf("%s: process group %d is still there", tc.reason, proc.pid)
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

// groupExists reports whether a live process is in the process group.
func groupExists(group int) bool {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return true
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// The fields after the name in parentheses: state, parent, group.
		_, rest, _ := strings.Cut(string(data), ") ")
		fields := strings.Fields(rest)
		if len(fields) > 2 && fields[2] == strconv.Itoa(group) && fields[0] != "Z" {
			return true
		}
	}
	return false
}

func TestPollNamesWhatItWaitedFor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := (&Plane{}).Poll(ctx, "the moon", func(context.Context) error { return errors.New("still dark") })
	for _, want := range []string{"the moon", "still dark"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("waiting in vain gives %q, want that to contain %q", err, want)
		}
	}
}

func TestPollGivesUpWhenAProcessDies(t *testing.T) {
	proc := shell(t, "exit 1")
	<-proc.done
	err := (&Plane{processes: []*process{proc}}).Poll(t.Context(), "the moon", func(context.Context) error { return errors.New("still dark") })
	if err == nil || !strings.Contains(err.Error(), `"script" has ended`) {
		t.Errorf("waiting on a dead process gives %q, want that to name it", err)
	}
}
