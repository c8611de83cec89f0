package plane

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// reachProgram builds the program, as the plane does.
func reachProgram(t *testing.T) string {
	t.Helper()
	components, err := modules.Components()
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{components: components, cache: t.TempDir(), tmp: t.TempDir(), progress: &progress{out: io.Discard}}
	program, err := b.program(t.Context(), *reach().source)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// TestIsolatedProcess shows that a process with a network of its own reaches what it was
// given and nothing else, also for who is not root.
func TestIsolatedProcess(t *testing.T) {
	given := httptest.NewServer(http.NotFoundHandler())
	defer given.Close()
	hidden := httptest.NewServer(http.NotFoundHandler())
	defer hidden.Close()
	near, far := given.Listener.Addr().String(), hidden.Listener.Addr().String()

	log := filepath.Join(t.TempDir(), "log")
	proc, err := startProcess(command{
		name:         "client",
		path:         os.Args[0],
		env:          []string{dialVariable + "=" + near + "," + far},
		log:          log,
		reach:        []string{near},
		reachProgram: reachProgram(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	<-proc.done
	if got, want := tail(log, 10), "reached "+near; got != want {
		t.Errorf("from its own network a process says %q, want %q", got, want)
	}
}

// TestOwnTmp shows that a process with a /tmp of its own sees nothing of the other one but
// what it is to keep, and leaves nothing there.
func TestOwnTmp(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "own-tmp-") //nolint:usetesting // it is about /tmp, wherever TMPDIR is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(dir)
	// A checkout may be anywhere in /tmp, and with it the programs.
	outside, err := os.MkdirTemp("/tmp", "own-tmp-program-") //nolint:usetesting // the same
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(outside) })
	shell, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(outside, "sh")
	if err := os.WriteFile(program, shell, 0o755); err != nil {
		t.Fatal(err)
	}
	proc, err := startProcess(command{
		name: "client", path: program, args: []string{"-c", "ls /tmp; touch /tmp/" + name + ".made " + dir + "/kept"},
		env: []string{"PATH=/usr/bin:/bin"}, log: filepath.Join(dir, "log"), ownTmp: dir, reachProgram: reachProgram(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	<-proc.done
	if got := tail(proc.log, 10); got != name {
		t.Errorf("in its own /tmp a process sees %q, want only %q", got, name)
	}
	for file, there := range map[string]bool{dir + ".made": false, filepath.Join(dir, "kept"): true} {
		if _, err := os.Stat(file); (err == nil) != there {
			t.Errorf("%q is there: %t, want %t", file, err == nil, there)
		}
	}
}

// TestIsolatedProcessDiesWithItsParent: the kernel ends it whatever thread of program
// reach became it. Once it did not, now and then.
func TestIsolatedProcessDiesWithItsParent(t *testing.T) {
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"="+reachProgram(t), "PARENT_LOG="+filepath.Join(t.TempDir(), "log"))
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(line)
	if len(pids) != isolatedChildren {
		t.Fatalf("the parent has started %q, want %d processes", pids, isolatedChildren)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	deadline := time.Now().Add(5 * time.Second)
	for _, pid := range pids {
		for {
			command, err := os.ReadFile("/proc/" + pid + "/cmdline")
			if err != nil || !strings.Contains(string(command), "sleep") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("process %s has outlived its parent", pid)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// isolatedChildren are as many as show what happens only now and then.
const isolatedChildren = 60

// parentVariable makes this test program one that starts them, with the program that is
// its value.
const parentVariable = "GATEHOUSE_PLANE_PARENT"

// beParent starts processes, says which, and waits to be killed.
func beParent(program string) {
	given := httptest.NewServer(http.NotFoundHandler())
	for range isolatedChildren {
		proc, err := startProcess(command{
			name: "child", path: "/bin/sleep", args: []string{"60"}, log: os.Getenv("PARENT_LOG"),
			reach: []string{given.Listener.Addr().String()}, reachProgram: program,
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Print(proc.pid, " ")
	}
	fmt.Println()
	select {}
}

// TestIsolationSaysWhatIsWrong: what fails between this process and the program that is
// wanted is said as if there were nothing in between.
func TestIsolationSaysWhatIsWrong(t *testing.T) {
	cases := map[string]struct {
		reason string
		cmd    command
		want   string
	}{
		"Address": {reason: "An address of no interface in the new network.", cmd: command{path: "/bin/true", reach: []string{"192.0.2.1:80"}}, want: `cannot listen on "192.0.2.1:80"`},
		"Nothing": {reason: "The program that makes the network is not there.", cmd: command{path: "/bin/true", reach: []string{"127.0.0.1:80"}, reachProgram: "/nonexistent"}, want: "no such file"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.cmd.name, tc.cmd.log = "client", filepath.Join(t.TempDir(), "log")
			if tc.cmd.reachProgram == "" {
				tc.cmd.reachProgram = reachProgram(t)
			}
			_, err := startProcess(tc.cmd)
			for _, want := range []string{`cannot start "client"`, "namespaces of its own", tc.want} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s\nerror %v, want one with %q", tc.reason, err, want)
				}
			}
		})
	}
}

func TestNamespaceAdvice(t *testing.T) {
	cases := map[string]struct {
		reason string
		files  fstest.MapFS
		want   string
	}{
		"Free":   {reason: "Nothing stands in the way.", files: fstest.MapFS{"user/max_user_namespaces": {Data: []byte("96365\n")}}},
		"Debian": {reason: "Its own switch.", files: fstest.MapFS{"kernel/unprivileged_userns_clone": {Data: []byte("0\n")}}, want: "sysctl -w kernel.unprivileged_userns_clone=1"},
		"Ubuntu": {
			reason: "From 24.04 on a program needs a profile, which ours has not.",
			files:  fstest.MapFS{"kernel/apparmor_restrict_unprivileged_userns": {Data: []byte("1\n")}},
			want:   "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
		},
		"Two": {
			reason: "All that is wrong at once.",
			files:  fstest.MapFS{"user/max_user_namespaces": {Data: []byte("0\n")}, "user/max_net_namespaces": {Data: []byte("0\n")}},
			want:   "sysctl -w user.max_user_namespaces=15000; sysctl -w user.max_net_namespaces=15000",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := namespaceAdvice(tc.files); got != tc.want {
				t.Errorf("%s\nadvice %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}
