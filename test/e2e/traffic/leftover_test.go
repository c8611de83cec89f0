package traffic

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestNodeLeavesNothing starts a second node beside the first one, ends it, and looks for
// what a node leaves on a machine: cgroups, mounts and interfaces.
func TestNodeLeavesNothing(t *testing.T) {
	ctx, _, _ := suite.Start(t)
	before := traces(t, "")
	p, err := plane.Start(ctx, plane.Options{Components: []string{"node"}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(p.Dir())
	if got := traces(t, name); len(got) < len(before)+2 {
		t.Errorf("the node has neither cgroups nor an interface of its own, so looking for them says nothing: %v", got)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if got := traces(t, name); len(got) > len(before) {
		t.Errorf("left behind: %v; before there were %v", got, before)
	}
}

// traces are the interfaces of all planes, and the cgroups and mounts of one.
func traces(t *testing.T, name string) []string {
	t.Helper()
	found, err := filepath.Glob("/sys/class/net/gatehouse*")
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		return found
	}
	for _, pattern := range []string{"/sys/fs/cgroup/" + name, "/sys/fs/cgroup/*/" + name} {
		groups, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, groups...)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, name) {
			found = append(found, line)
		}
	}
	return found
}
