package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// childVariable makes this test program start a plane, say where it is, and end
// in the way that its value names.
const childVariable = "GATEHOUSE_E2E_CHILD"

// runChild is the child's side of TestNothingIsLeftBehind.
func runChild(how string) (code int) {
	p, err := plane.Start(context.Background(), plane.Options{Components: []string{"provider-kubernetes"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(p.Dir())
	// The parent looks at what runs, then says go on or sends a signal.
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if how == "panic" {
		panic("as asked for")
	}
	if err := p.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestNothingIsLeftBehind starts planes in another process that ends in every
// way there is, and looks for processes, files and network namespaces that
// remain.
func TestNothingIsLeftBehind(t *testing.T) {
	// Where there is no plane, nothing can be left.
	suite.Start(t)
	cases := map[string]ending{
		"Close":       {reason: "the test program ends the plane", want: "exit status 0"},
		"Panic":       {reason: "the test program ends without a chance to end the plane", panics: true, want: "exit status 2"},
		"Interrupt":   {reason: "somebody presses Ctrl-C", signal: syscall.SIGINT, want: "signal: interrupt"},
		"Kill":        {reason: "nothing in the test program can react", signal: syscall.SIGKILL, want: "signal: killed"},
		"Nobody":      {reason: "somebody without any rights ends the plane", nobody: true, want: "exit status 0"},
		"NobodyKills": {reason: "the same is killed", nobody: true, signal: syscall.SIGKILL, want: "signal: killed"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir, namespaces := tc.startAndEnd(t)
			eventually(t, func() error {
				if err := leftovers(t, dir, namespaces); err != nil {
					return fmt.Errorf("when %s: %w", tc.reason, err)
				}
				return nil
			})
		})
	}
}

// ending is a way in which a child and its plane end.
type ending struct {
	reason string
	nobody bool           // whether the child has no rights
	panics bool           // whether it panics
	signal syscall.Signal // what it gets; 0: it ends by itself
	want   string         // how it ends
}

// child is the command that starts a plane.
func (e ending) child(t *testing.T) *exec.Cmd {
	t.Helper()
	how := "close"
	if e.panics {
		how = "panic"
	}
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = os.Environ()
	if e.nobody {
		makeNobody(t, child)
	}
	child.Env = append(child.Env, childVariable+"="+how, plane.KeepVariable+"=")
	return child
}

// startAndEnd runs the child to its end, and returns its run directory and the
// network namespaces that its plane had for itself.
func (e ending) startAndEnd(t *testing.T) (dir string, namespaces []string) {
	t.Helper()
	child := e.child(t)
	child.Stderr = t.Output()
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatalf("cannot start a child: %v", err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatalf("cannot start a child: %v", err)
	}
	if err := child.Start(); err != nil {
		t.Fatalf("cannot start a child: %v", err)
	}
	dir, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the child did not start its plane: %v", errors.Join(err, child.Wait()))
	}
	dir = strings.TrimSpace(dir)
	running := processesOf(t, dir)
	namespaces = ownNamespaces(t, running)
	// Else looking for what is left would not find it either.
	if len(running) < 4 || len(namespaces) != 1 {
		t.Errorf("the plane runs as processes %v in network namespaces %q, want at least 4 and 1", running, namespaces)
	}
	if e.nobody {
		ownedByNobody(t, running)
	}
	if e.signal == 0 {
		_, err = fmt.Fprintln(stdin, "go on")
	} else {
		err = child.Process.Signal(e.signal)
	}
	if err != nil {
		t.Errorf("cannot end the child: %v", err)
	}
	_ = child.Wait()
	if got := child.ProcessState.String(); got != e.want {
		t.Errorf("the child ended with %q, want %q", got, e.want)
	}
	return dir, namespaces
}

// leftovers returns an error that names what the plane of dir left behind.
func leftovers(t *testing.T, dir string, namespaces []string) error {
	t.Helper()
	var errs []error
	if running := processesOf(t, dir); len(running) > 0 {
		errs = append(errs, fmt.Errorf("processes are left: %v", running))
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		errs = append(errs, fmt.Errorf("the run directory %q is left", dir))
	}
	held, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		t.Fatalf("cannot list processes: %v", err)
	}
	for _, link := range held {
		// A process that ended meanwhile holds nothing.
		if name, err := os.Readlink(link); err == nil && slices.Contains(namespaces, name) && !ofAnother(filepath.Dir(filepath.Dir(link)), dir) {
			errs = append(errs, fmt.Errorf("%q holds network namespace %q", link, name))
		}
	}
	return errors.Join(errs...)
}

// ofAnother tells whether a process is of another plane than the one of dir, by its mark or,
// in a container, by its cgroup: the kernel soon gives a namespace that is gone to the next
// one that is made, with its number.
func ofAnother(process, dir string) bool {
	for file, before := range map[string]string{"environ": plane.MarkVariable + "=" + filepath.Dir(dir) + "/", "cgroup": "/"} {
		data, err := os.ReadFile(filepath.Join(process, file))
		if err != nil {
			continue // it has ended
		}
		_, name, marked := strings.Cut(string(data), before+"gatehouse-plane-")
		if marked && !strings.HasPrefix("gatehouse-plane-"+name, filepath.Base(dir)) {
			return true
		}
	}
	return false
}

// processesOf returns the processes, as their folder in /proc and their
// command line, that carry the mark of the plane of dir.
func processesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatalf("cannot list processes: %v", err)
	}
	found := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(data), plane.MarkVariable+"="+dir+"\x00") {
			command, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			if err == nil {
				found[filepath.Dir(file)] = strings.ReplaceAll(string(command), "\x00", " ")
			}
		}
	}
	return found
}

// ownNamespaces returns the network namespaces of the processes other than the
// one of this program.
func ownNamespaces(t *testing.T, processes map[string]string) []string {
	t.Helper()
	// Of this thread: the one by which the process is known may be one that entered
	// another namespace, to start a process there.
	common, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatalf("cannot read the network namespace: %v", err)
	}
	var names []string
	for process := range processes {
		name, err := os.Readlink(filepath.Join(process, "ns", "net"))
		if err == nil && name != common && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
