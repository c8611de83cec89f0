package compose_test

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// reference is what the system that Gatehouse replaces desires for a Cluster.
type reference struct {
	XR        map[string]any
	Composite map[string]any
	Resources map[string]referenceResource
}

type referenceResource struct {
	Ready  bool
	Object map[string]any
}

// contractDir holds the reference renderings. They are not part of this
// repository: users do without this test, continuous integration must not.
func contractDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "contract", "golden")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("cannot find the reference renderings in %q", dir)
		}
		t.Skipf("the reference renderings are not here (%s)", dir)
	}
	return dir
}

func loadReference(t *testing.T, name string) reference {
	t.Helper()
	dir := contractDir(t)
	ref := reference{XR: loadYAML(t, filepath.Join(dir, name+".xr.yaml")), Resources: map[string]referenceResource{}}
	raw, err := os.ReadFile(filepath.Join(dir, name+".desired.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
		key, ready := "", false
		for line := range strings.SplitSeq(string(doc), "\n") {
			if v, ok := strings.CutPrefix(line, "# key: "); ok {
				key = v
			}
			if v, ok := strings.CutPrefix(line, "# ready: "); ok {
				ready = v == "READY_TRUE"
			}
		}
		obj := map[string]any{}
		if err := yaml.Unmarshal(doc, &obj); err != nil {
			t.Fatal(err)
		}
		switch {
		case key == "(composite)":
			ref.Composite = obj
		case key != "":
			ref.Resources[key] = referenceResource{Ready: ready, Object: obj}
		}
	}
	return ref
}

// observedReady is a cluster in which everything of the reference exists and is
// ready.
func (ref reference) observedReady() composed.Observed {
	out := composed.Observed{Composite: composed.JSON(ref.XR), Resources: map[string]composed.Fields{}}
	for key, r := range ref.Resources {
		obj := map[string]any{}
		maps.Copy(obj, r.Object)
		obj["status"] = map[string]any{"conditions": []any{
			map[string]any{"type": "Ready", "status": "True", "reason": "Available"},
		}}
		out.Resources[key] = composed.JSON(obj)
	}
	return out
}

func TestContract(t *testing.T) {
	for _, name := range []string{"aws-all", "azure-all", "google-all"} {
		t.Run(name, func(t *testing.T) {
			ref := loadReference(t, name)
			want := ref.Resources
			for _, d := range differences() {
				d.apply(want)
			}

			plan, err := newPlanner(t).Plan(ref.XR, ref.observedReady())
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]referenceResource{}
			for _, r := range plan.Resources {
				got[r.Key] = referenceResource{Ready: r.Ready, Object: r.Object}
			}
			if diff := cmp.Diff(normal(t, want), normal(t, got)); diff != "" {
				t.Errorf("what is composed differs from the contract (-want +got):\n%s", diff)
			}
			if len(plan.Held) > 0 {
				t.Errorf("held back although everything is ready: %v", plan.Held)
			}
		})
	}
}

// TestContractStatus holds the part of the status that live objects have.
func TestContractStatus(t *testing.T) {
	for _, name := range []string{"aws-all", "azure-all", "google-all"} {
		t.Run(name, func(t *testing.T) {
			ref := loadReference(t, name)
			plan, err := newPlanner(t).Plan(ref.XR, composed.Observed{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]any{"apiVersion": plan.Cluster.APIVersion, "kind": plan.Cluster.Kind, "status": plan.Status}
			if diff := cmp.Diff(ref.Composite, got); diff != "" {
				t.Errorf("the composite differs from the contract (-want +got):\n%s", diff)
			}
		})
	}
}
