package schemas

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/matrix"
)

func newPlanner(t *testing.T) *compose.Planner {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return compose.NewPlanner(c)
}

// validator validates each distinct resource once: renderings share most of them.
type validator struct {
	set  *Set
	seen map[string]bool
}

func (v *validator) check(t *testing.T, name string, plan *compose.Plan) {
	t.Helper()
	for _, r := range plan.All {
		raw, err := json.Marshal(r.Object)
		if err != nil {
			t.Fatal(err)
		}
		if v.seen[string(raw)] {
			continue
		}
		v.seen[string(raw)] = true
		obj := map[string]any{}
		if err := json.Unmarshal(raw, &obj); err != nil {
			t.Fatal(err)
		}
		for _, problem := range v.set.Validate(obj) {
			t.Errorf("%s: %s: %v", name, r.Key, problem)
		}
	}
}

// TestProductMatrix validates every resource of every rendering of the generated
// matrix.
func TestProductMatrix(t *testing.T) {
	needShared(t)
	v := &validator{loadSet(t), map[string]bool{}}
	planner := newPlanner(t)
	matrix.Each(func(name string, cluster map[string]any) {
		plan, err := planner.Plan(cluster, composed.Observed{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v.check(t, name, plan)
	})
	t.Logf("%d distinct resources", len(v.seen))
	if len(v.seen) < 150 {
		t.Errorf("only %d distinct resources were seen: is the matrix still one?", len(v.seen))
	}
}

// TestProductExamples validates every resource of every example. One of them is
// there for what is doubtful, and may have what its doubts say.
func TestProductExamples(t *testing.T) {
	needShared(t)
	files, err := filepath.Glob("../../examples/valid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find examples: %v", err)
	}
	v := &validator{loadSet(t), map[string]bool{}}
	for _, file := range files {
		name := filepath.Base(file)
		if name == "doubtful.yaml" {
			continue
		}
		plan, err := newPlanner(t).Plan(readYAML(t, file), composed.Observed{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v.check(t, name, plan)
	}
}

// TestConsumerExamples validates what the documentation gives to consumers.
func TestConsumerExamples(t *testing.T) {
	needShared(t)
	raw, err := os.ReadFile("../../examples/consumers/scale-to-zero.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set := loadSet(t)
	for _, doc := range documentSeparator.Split(string(raw), -1) {
		obj := map[string]any{}
		if err := yaml.Unmarshal([]byte(doc), &obj); err != nil {
			t.Fatal(err)
		}
		if len(obj) == 0 {
			continue
		}
		for _, problem := range set.Validate(obj) {
			t.Errorf("%v: %v", obj["kind"], problem)
		}
	}
}

func readYAML(t *testing.T, file string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	obj := map[string]any{}
	if err := yaml.Unmarshal(raw, &obj); err != nil {
		t.Fatal(err)
	}
	return obj
}
