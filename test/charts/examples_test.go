package charts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	root           = filepath.Join("..", "..")
	examplesFolder = filepath.Join(root, "examples", "gateway-api")
)

// An example is a folder of examples/gateway-api: values for the chart, and manifests
// of what has to be there beside it.
type example struct {
	name      string
	values    map[string]any
	manifests []object
}

func examples(t *testing.T) []example {
	t.Helper()
	entries, err := os.ReadDir(examplesFolder)
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		each := example{name: entry.Name(), values: parse(t, readFile(t, filepath.Join(examplesFolder, entry.Name(), "values.yaml")))}
		manifests := filepath.Join(examplesFolder, entry.Name(), "manifests.yaml")
		if _, err := os.Stat(manifests); err == nil {
			for doc := range strings.SplitSeq("\n"+readFile(t, manifests), "\n---") {
				if o := object(parse(t, doc)); len(o) > 0 {
					each.manifests = append(each.manifests, o)
				}
			}
		}
		out = append(out, each)
	}
	if len(out) < 7 {
		t.Fatalf("found %d examples in %s", len(out), examplesFolder)
	}
	return out
}

// TestExamples holds for every example what the matrix holds, and that real API
// servers take its manifests.
func TestExamples(t *testing.T) {
	for _, e := range examples(t) {
		t.Run(e.name, func(t *testing.T) {
			for _, problem := range mustRender(t, e.values, options{}).check(e.values) {
				t.Error(problem)
			}
			for _, o := range e.manifests {
				for _, problem := range validate(o) {
					t.Errorf("%s: %v", o, problem)
				}
			}
		})
	}
}

// TestExamplesFit: what an example's values refer to its manifests have.
func TestExamplesFit(t *testing.T) {
	for _, e := range examples(t) {
		t.Run(e.name, func(t *testing.T) {
			values := object(e.values)
			has := func(kind, name string) bool {
				return slices.ContainsFunc(e.manifests, func(o object) bool { return o.kind() == kind && o.name() == name })
			}
			for path, kind := range map[string]string{
				"gateway.existing.name": "Gateway",
				"gateway.clusterIssuer": "ClusterIssuer",
				"gateway.issuer":        "Issuer",
			} {
				if name := values.text(path); name != "" && !has(kind, name) {
					t.Errorf("%s is %q; manifests.yaml has no such %s", path, name, kind)
				}
			}
		})
	}
}

// TestExamplesAreInTheDocs: an example that the guide does not name is not found.
func TestExamplesAreInTheDocs(t *testing.T) {
	guide := readFile(t, guideFile)
	for _, e := range examples(t) {
		if !strings.Contains(guide, "examples/gateway-api/"+e.name+"/values.yaml") {
			t.Errorf("docs/gateway-api.md does not use examples/gateway-api/%s/values.yaml", e.name)
		}
	}
}
