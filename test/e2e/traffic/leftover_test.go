package traffic

import (
	"net"
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
	p, err := plane.Start(ctx, plane.Options{Components: []string{"node"}})
	if err != nil {
		t.Fatal(err)
	}
	name, address := filepath.Base(p.Dir()), p.HostAddress()
	if got := traces(t, name, address); len(got) < 2 {
		t.Errorf("the node has neither cgroups nor an interface of its own, so looking for them says nothing: %v", got)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if got := traces(t, name, address); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

// traces are the interface, the cgroups and the mounts of a plane: other planes come and go
// at the same time.
func traces(t *testing.T, name, address string) []string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, a := range addresses {
		if strings.HasPrefix(a.String(), address+"/") {
			found = append(found, a.String())
		}
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
