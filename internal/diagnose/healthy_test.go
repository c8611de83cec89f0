package diagnose_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// What this repository shows or renders is nothing to complain about: the examples, what
// Clusters are composed of, and every rendering of the chart.
func TestHealthy(t *testing.T) {
	var sets [][]string
	for _, pattern := range []string{"../../test/charts/testdata/*.golden.yaml", "../render/testdata/*.golden.yaml", "../../examples/valid/*.yaml", "../../examples/consumers/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("want files of %s, got %v %v", pattern, names, err)
		}
		for _, name := range names {
			sets = append(sets, []string{name})
		}
	}
	folders, err := os.ReadDir("../../examples/gateway-api")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		sets = append(sets, under(t, filepath.Join("../../examples/gateway-api", folder.Name())))
	}
	for _, set := range sets {
		var all []topology.File
		for _, name := range set {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, topology.File{Name: name, Data: raw})
		}
		findings, _ := looktest.Diagnosed(t, all)
		for _, f := range findings {
			if f.Severity == diagnose.Error {
				t.Errorf("%s: %s", set, dump([]diagnose.Finding{f}))
			}
		}
	}
}

func under(t *testing.T, folder string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".yaml") {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
