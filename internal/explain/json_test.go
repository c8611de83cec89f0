package explain_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/explain"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
)

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := explained(t, shop, "route/web", explain.Options{}).JSON(&out); err != nil {
		t.Fatal(err)
	}
	looktest.Golden(t, filepath.Join("testdata", "defaults.json"), out.Bytes())
}

// The schema in docs is that of the Go types, and explanations follow it.
func TestSchema(t *testing.T) {
	var all []explain.Explanation
	for _, target := range []string{"route/web", "route/mcp", "route/admin", "route/report", "route/to-https", "route/stock", "ingress/old"} {
		all = append(all, *explained(t, shop, target, explain.Options{}))
	}
	looktest.Schema(t, "../../docs/explain.schema.json", "Explanation of gatehouse explain -o json, "+explain.APIVersion, all)
}

func TestTestdataHasNoOrphans(t *testing.T) {
	raw, err := os.ReadFile("explain_test.go")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("want golden files, got %v %v", names, err)
	}
	for _, name := range names {
		if !bytes.Contains(raw, []byte(`"`+name[len("testdata/"):len(name)-len(".txt")]+`": {`)) {
			t.Errorf("%s belongs to no case", name)
		}
	}
}
