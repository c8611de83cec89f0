package install

import (
	"bufio"
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// kills is how often the program is killed before it may finish. Each costs the time
// after which a dead holder's lock is free.
const kills = 1

// finishesAfterKills kills the program in the middle of its work, at moments that a seed
// gives, and lets the last one finish.
func finishesAfterKills(ctx context.Context, t *testing.T, i *installation, namespace string) {
	i.write(t, on(namespace))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	for n := range kills {
		line := 1 + random.IntN(12)
		delay := time.Duration(random.IntN(50)) * time.Millisecond
		lines := killAfter(ctx, t, i, line, delay)
		t.Logf("kill %d: %s after line %d of %d, there are %v", n, delay, line, lines, stateOf(ctx, t, i.plane).revisions())
	}
	i.expect(ctx, t, 0, []string{"waiting for gatehouse "}, "install")
	var want []string
	for name := range releases() {
		want = append(want, name+".v1 deployed")
	}
	got := stateOf(ctx, t, i.plane)
	for _, name := range want {
		if !strings.Contains(strings.Join(got.revisions(), "\n"), strings.TrimSuffix(name, "1 deployed")) {
			t.Errorf("want release %s, got %v", name, got.revisions())
		}
	}
	for _, revision := range got.revisions() {
		if !strings.HasSuffix(revision, " deployed") && !strings.HasSuffix(revision, " superseded") && !strings.HasSuffix(revision, " failed") {
			t.Errorf("%s is left as it was", revision)
		}
	}
	if diff := cmp.Diff(len(objects())+len(releases()), len(got.uids())); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
	i.expect(ctx, t, 0, []string{" 0 changed"}, "install")
}

// killAfter kills the program a while after its nth line about its work, and returns how
// many lines it got to write.
func killAfter(ctx context.Context, t *testing.T, i *installation, line int, delay time.Duration) int {
	t.Helper()
	cmd := i.command(ctx, "install")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for scan := bufio.NewScanner(stderr); scan.Scan(); {
		if strings.HasPrefix(scan.Text(), "Cluster ") || strings.HasPrefix(scan.Text(), "waiting for ") {
			continue
		}
		if lines++; lines == line {
			time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatalf("the program ended before it was killed, after %d lines", lines)
	}
	return lines
}

// leaveUpgrade adds a revision that a killed upgrade leaves.
func leaveUpgrade(t *testing.T, p *plane.Plane, name string) {
	t.Helper()
	config := helmOf(t, p, releases()[name])
	last, err := config.Releases.Last(name)
	if err != nil {
		t.Fatal(err)
	}
	next := *last.(*releasev1.Release)
	info := *next.Info
	next.Info = &info
	next.Version++
	next.SetStatus(common.StatusPendingUpgrade, "as if it had been killed")
	if err := config.Releases.Create(&next); err != nil {
		t.Fatal(err)
	}
}
