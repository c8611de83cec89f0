package repo

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// modules are those whose packages are compiled in one run of CI. Those that only pin
// a tool or a third-party program of the end-to-end tests go their own way.
var modules = []string{".", "test/charts", "test/e2e", "test/inspector", "test/schemas", "tools"}

var requirement = regexp.MustCompile(`(?m)^(?:require)?\s+([a-z]\S+/\S+) (v\S+)`)

// TestModulesAgree holds what our modules require to one version each. Two versions of
// a library at the bottom, however near, have everything above it compiled twice:
// with an empty cache that is minutes.
func TestModulesAgree(t *testing.T) {
	versions := map[string]map[string][]string{}
	for _, module := range modules {
		data, err := os.ReadFile(filepath.Join("..", "..", module, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range requirement.FindAllStringSubmatch(string(data), -1) {
			path, version := match[1], match[2]
			if versions[path] == nil {
				versions[path] = map[string][]string{}
			}
			versions[path][version] = append(versions[path][version], module)
		}
	}
	if len(versions) < 20 {
		t.Fatalf("only %d requirements read: the pattern no longer fits go.mod", len(versions))
	}
	for _, path := range slices.Sorted(maps.Keys(versions)) {
		if len(versions[path]) > 1 {
			t.Errorf("%q is required in different versions: %v; run go get with the highest one in each module", path, versions[path])
		}
	}
}
