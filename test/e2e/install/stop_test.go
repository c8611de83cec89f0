package install

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// stuckKEDA is a version whose chart has a hook that never ends: no pod runs here.
const stuckKEDA = "9.0.0"

// patience is how long the program may take to end once it was told to.
const patience = 8 * time.Second

// stuckChart writes that chart, unpacked, and returns the folder it is in.
func stuckChart(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: keda\nversion: " + stuckKEDA + "\n",
		"templates/hook.yaml": `apiVersion: batch/v1
kind: Job
metadata: {name: stuck, namespace: keda, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: wait, image: none}]}}}
`,
	} {
		path := filepath.Join(folder, "keda", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// endsWhenItHasTo lets Helm hang in a hook, and ends that in every way there is.
func endsWhenItHasTo(ctx context.Context, t *testing.T, i *installation, namespace string) {
	folder := stuckChart(t)
	copyChart(t, i.plane, folder, openFunctionArchive)
	i.write(t, fmt.Sprintf(cluster, namespace, "enabled: true, version: "+stuckKEDA, ""))
	before := stateOf(ctx, t, i.plane)

	t.Run("Timeout", func(t *testing.T) {
		began := time.Now()
		i.expect(ctx, t, 1, []string{"chart keda 9.0.0 → keda was not done within 3s"}, "install", "--charts", folder, "--timeout", "3s")
		if took := time.Since(began); took > 3*time.Second+patience {
			t.Errorf("it took %s", took)
		}
		i.expect(ctx, t, 1, []string{"chart keda 9.0.0 → keda  ✗ failed, revision "}, "status")
	})
	t.Run("Interrupted", func(t *testing.T) {
		stuck := i.start(ctx, t, i.plane.Kubeconfig(), "install", "--charts", folder)
		awaitStatus(ctx, t, i.plane, "keda", common.StatusPendingUpgrade)
		// Meanwhile nobody else gets to work.
		second := i.start(ctx, t, i.plane.Kubeconfig(), "install", "--charts", folder)
		second.await(t, fmt.Sprintf("waiting for gatehouse %s pid %d, which works on this cluster", hostname(t), stuck.cmd.Process.Pid))
		second.interrupt(t, "cannot take lock \"gatehouse\": interrupt signal received")
		stuck.interrupt(t, "stopped (interrupt signal received), 1 unfinished: run it again to go on\n- chart keda 9.0.0 → keda: stopped in the middle")
		awaitStatus(ctx, t, i.plane, "keda", common.StatusFailed) // not pending: others may work on it
	})
	t.Run("InterruptedWithoutAnswers", func(t *testing.T) {
		road := newRoad(ctx, t, i.plane)
		stuck := i.start(ctx, t, road.kubeconfig, "install", "--charts", folder)
		awaitStatus(ctx, t, i.plane, "keda", common.StatusPendingUpgrade)
		road.block()
		stuck.interrupt(t, "chart keda 9.0.0 → keda: stopped in the middle")
		// The lock could not be given back. Waiting for it is shown elsewhere.
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "gatehouse"}}
		if err := i.plane.Client().Delete(ctx, lease); err != nil {
			t.Fatal(err)
		}
		awaitStatus(ctx, t, i.plane, "keda", common.StatusPendingUpgrade)
	})
	// None of it got as far as changing anything, and none of it is in the way now.
	if diff := cmp.Diff(before.uids(), stateOf(ctx, t, i.plane).uids()); diff != "" {
		t.Errorf("what never began to be upgraded was changed (-before +after):\n%s", diff)
	}
	i.write(t, on(namespace))
	i.expect(ctx, t, 0, []string{"upgraded to revision ", " 1 changed"}, "install")
	i.expect(ctx, t, 0, nil, "status")
	i.expect(ctx, t, 0, []string{" 0 changed"}, "install")
}

// awaitStatus waits until the newest revision of a release has a status.
func awaitStatus(ctx context.Context, t *testing.T, p *plane.Plane, name string, want common.Status) {
	t.Helper()
	config := helmOf(t, p, releases()[name])
	err := p.Poll(ctx, fmt.Sprintf("release %s to be %s", name, want), func(context.Context) error {
		last, err := config.Releases.Last(name)
		if err != nil {
			return err
		}
		if got := last.(*releasev1.Release).Info.Status; got != want {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func hostname(t *testing.T) string {
	t.Helper()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// underway is a command that runs.
type underway struct {
	cmd   *exec.Cmd
	lines chan string
	mu    sync.Mutex
	said  bytes.Buffer
}

func (i *installation) start(ctx context.Context, t *testing.T, kubeconfig, verb string, args ...string) *underway {
	t.Helper()
	u := &underway{cmd: i.command(ctx, verb, append(args, "--kubeconfig", kubeconfig)...), lines: make(chan string, 1000)}
	stderr, err := u.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := u.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.cmd.Process.Kill() })
	go func() {
		defer close(u.lines)
		for scan := bufio.NewScanner(stderr); scan.Scan(); {
			u.mu.Lock()
			u.said.WriteString(scan.Text() + "\n")
			u.mu.Unlock()
			u.lines <- scan.Text()
		}
	}()
	return u
}

func (u *underway) text() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.said.String()
}

// await waits until the command says something.
func (u *underway) await(t *testing.T, want string) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case line, more := <-u.lines:
			if strings.Contains(line, want) {
				return
			}
			if !more {
				t.Fatalf("want it to say %q, it ended with:\n%s", want, u.text())
			}
		case <-limit:
			t.Fatalf("want it to say %q, got:\n%s", want, u.text())
		}
	}
}

// interrupt presses Ctrl-C: the command has to end soon, as one that could not run, and
// to say something.
func (u *underway) interrupt(t *testing.T, want string) {
	t.Helper()
	began := time.Now()
	if err := u.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	limit := time.After(patience)
	for open := true; open; {
		select {
		case _, open = <-u.lines:
		case <-limit:
			t.Fatalf("%s after Ctrl-C it still runs, and has said:\n%s", patience, u.text())
		}
	}
	_ = u.cmd.Wait()
	t.Logf("ended %s after Ctrl-C", time.Since(began).Round(time.Millisecond))
	if code := u.cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(u.text(), want) {
		t.Errorf("want exit code 2 and %q, got %d and:\n%s", want, code, u.text())
	}
}

// road leads to the API server, and can be blocked for good: nothing gets through any
// more, and no connection ends.
type road struct {
	kubeconfig string
	blocked    atomic.Bool
}

func (r *road) block() { r.blocked.Store(true) }

func newRoad(ctx context.Context, t *testing.T, p *plane.Plane) *road {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	raw, err := os.ReadFile(p.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	server := strings.TrimPrefix(p.Config().Host, "https://")
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	r := &road{kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if err := os.WriteFile(r.kubeconfig, bytes.ReplaceAll(raw, []byte(server), []byte(listener.Addr().String())), 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := new(net.Dialer).DialContext(ctx, "tcp", server)
			if err != nil {
				_ = in.Close()
				continue
			}
			go r.carry(ctx, out, in)
			go r.carry(ctx, in, out)
		}
	}()
	return r
}

func (r *road) carry(ctx context.Context, to io.WriteCloser, from io.Reader) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if r.blocked.Load() {
			<-ctx.Done()
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// recoversPendingReleases finds releases as programs leave them that are killed.
func recoversPendingReleases(ctx context.Context, t *testing.T, i *installation, _ string) {
	before := stateOf(ctx, t, i.plane)
	leave(t, i.plane, "cert-manager", common.StatusPendingInstall)
	leave(t, i.plane, "traefik", common.StatusFailed)
	leave(t, i.plane, "external-dns", common.StatusUninstalling)
	i.expect(ctx, t, 1, []string{"cert-manager  ✗ pending-install, revision 1"}, "status")
	i.expect(ctx, t, 0, []string{" 3 changed"}, "install")
	i.expect(ctx, t, 0, nil, "status")
	after := stateOf(ctx, t, i.plane)
	if diff := cmp.Diff(before.revisions(), after.revisions()); diff != "" {
		t.Errorf("revisions (-before +after):\n%s", diff)
	}
	for _, kept := range []string{"ConfigMap cert-manager/cert-manager-stand-in", "ConfigMap traefik/traefik-stand-in"} {
		if before.uids()[kept] != after.uids()[kept] {
			t.Errorf("%s was re-created, and no other program has finished its removal", kept)
		}
	}
	// A killed upgrade that had replaced the revision before already.
	leave(t, i.plane, "keda", common.StatusSuperseded)
	leaveUpgrade(t, i.plane, "keda")
	i.expect(ctx, t, 0, []string{"upgraded to revision ", " 1 changed"}, "install")
}
