package plane

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

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
			for _, want := range []string{`cannot start "client"`, "network of its own", tc.want} {
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
