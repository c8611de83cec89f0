package schemas

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

var (
	pinned = sync.OnceValues(func() (*Set, error) { return Load(context.Background()) })
	ahead  = sync.OnceValues(func() (*Set, error) { return LoadNewer(context.Background()) })
)

// loadSet returns the one set of all tests: a schema is compiled once per process.
func loadSet(t *testing.T) *Set {
	t.Helper()
	set, err := pinned()
	if err != nil {
		t.Fatalf("Load(...): %v", err)
	}
	return set
}

// needShared skips a test when the CRDs beside the repository are missing. With CI=true Load fails instead.
func needShared(t *testing.T) string {
	t.Helper()
	loadSet(t)
	shared, err := SharedFolder()
	if err != nil {
		t.Skip(err)
	}
	return shared
}

// TestComponentsFollowCatalog fails when a chart moves in the product's catalog and its schemas stay behind: the product
// would then be validated against what clusters no longer have.
func TestComponentsFollowCatalog(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "catalog", "catalog.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var catalog struct {
		Charts []struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"charts"`
	}
	if err := yaml.Unmarshal(content, &catalog); err != nil {
		t.Fatal(err)
	}

	got := map[string]string{}
	for _, m := range regexp.MustCompile(`// chart ([^ \n]+) ([^ :\n]+)`).FindAllStringSubmatch(string(componentsMod), -1) {
		got[m[1]] = m[2]
	}
	want := map[string]string{}
	for _, chart := range catalog.Charts {
		if got[chart.Name] != "" {
			want[chart.Name] = chart.Version
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("charts that components.mod stands for: -catalog, +components.mod:\n%s", diff)
	}
	if len(got) != 6 {
		t.Errorf("components.mod stands for %d charts, want 6", len(got))
	}
}
