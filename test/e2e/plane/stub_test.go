package plane

import (
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// TestStubsLeaveOut: where a component is compiled with a stub, the stub is linked, and
// nothing of what the package had below itself.
func TestStubsLeaveOut(t *testing.T) {
	root, err := modules.Components()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, c := range components() {
		if c.source == nil || c.source.without == nil {
			continue
		}
		found++
		t.Run(c.name, func(t *testing.T) {
			stub, folder := c.source.without, filepath.Join(root, c.source.folder)
			modfile, err := stub.modfile(t.Context(), folder, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			list := exec.CommandContext(t.Context(), "go", "list", "-modfile="+modfile, "-deps", c.source.target)
			list.Dir = folder
			out, err := list.Output()
			if err != nil {
				t.Fatalf("cannot list what %q links: %v", c.name, err)
			}
			linked, stubbed := false, path.Join(stub.module, stub.folder)
			for pkg := range strings.FieldsSeq(string(out)) {
				linked = linked || pkg == stubbed
				if strings.HasPrefix(pkg, stubbed+"/") {
					t.Errorf("it links %q", pkg)
				}
			}
			if !linked {
				t.Errorf("it does not link %q: the stub is of no use", stubbed)
			}
		})
	}
	if found == 0 {
		t.Error("no component has a stub")
	}
}
