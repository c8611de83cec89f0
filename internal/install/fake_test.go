package install

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
)

// world is a cluster, and Helm on it, in memory. It keeps order: what is applied or
// deployed, and removed, is in log.
type world struct {
	mu       sync.Mutex
	version  int
	objects  map[string]*unstructured.Unstructured
	releases map[ReleaseID]*Release
	log      []string
	// conflicts are owners by the title of an object, errs what fails by what is asked.
	conflicts map[string]string
	errs      map[string]error
	// reads are errors of reading objects, by their titles.
	reads map[string]error
	// pulled are the charts that were deployed.
	pulled map[ReleaseID]Chart
	// holds are objects, by their titles, that do not go when they are deleted.
	holds map[string]bool
	// chart gives the objects of a chart.
	chart func(d Deployment) []*unstructured.Unstructured
	// rendered are objects that are asked of Render.
	rendered int
}

func newWorld() *world {
	return &world{
		objects: map[string]*unstructured.Unstructured{}, releases: map[ReleaseID]*Release{},
		conflicts: map[string]string{}, errs: map[string]error{}, holds: map[string]bool{},
		reads: map[string]error{}, pulled: map[ReleaseID]Chart{},
		chart: func(d Deployment) []*unstructured.Unstructured {
			return []*unstructured.Unstructured{object("v1", "ConfigMap", d.ID.Namespace, d.ID.Name)}
		},
	}
}

func object(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	out := &unstructured.Unstructured{}
	out.SetAPIVersion(apiVersion)
	out.SetKind(kind)
	out.SetNamespace(namespace)
	out.SetName(name)
	return out
}

func idOf(gvk schema.GroupVersionKind, namespace, name string) string {
	return gvk.GroupKind().String() + " " + namespace + "/" + name
}

func (w *world) Get(_ context.Context, gvk schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.reads[title(object(gvk.GroupVersion().String(), gvk.Kind, namespace, name))]; err != nil {
		return nil, err
	}
	if obj := w.objects[idOf(gvk, namespace, name)]; obj != nil {
		return obj.DeepCopy(), nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Group: gvk.Group, Resource: gvk.Kind}, name)
}

// Apply merges nothing: the fakes' objects have one owner, and a version that changes
// with their content.
func (w *world) Apply(_ context.Context, obj *unstructured.Unstructured, o ApplyOptions) (*unstructured.Unstructured, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := title(obj)
	if err := w.errs[name]; err != nil {
		return nil, err
	}
	if owner := w.conflicts[name]; owner != "" && !o.Force {
		return nil, conflict(owner)
	}
	out := obj.DeepCopy()
	id := idOf(obj.GroupVersionKind(), obj.GetNamespace(), obj.GetName())
	live := w.objects[id]
	if live != nil {
		for _, field := range []string{"status", "uid"} {
			if value, ok := live.Object[field]; ok {
				out.Object[field] = value
			}
		}
		out.SetUID(live.GetUID())
		out.SetResourceVersion(live.GetResourceVersion())
	}
	if live != nil && string(mustYAML(out)) == string(mustYAML(live)) {
		return out, nil
	}
	w.version++
	out.SetResourceVersion(strconv.Itoa(w.version))
	if live == nil {
		out.SetUID(types.UID(fmt.Sprintf("uid-%d", w.version)))
	}
	if o.DryRun {
		return out, nil
	}
	w.objects[id] = out
	if obj.GetNamespace() != RecordNamespace {
		w.log = append(w.log, "apply "+name)
	}
	return out.DeepCopy(), nil
}

func mustYAML(obj *unstructured.Unstructured) []byte {
	raw, err := yaml.Marshal(obj.Object)
	if err != nil {
		panic(err)
	}
	return raw
}

func conflict(owner string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Reason: metav1.StatusReasonConflict, Code: 409, Message: "Apply failed",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{
			Type: metav1.CauseTypeFieldManagerConflict, Field: ".spec.x", Message: fmt.Sprintf("conflict with %q using v1", owner),
		}}},
	}}
}

func (w *world) Delete(_ context.Context, obj *unstructured.Unstructured) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := title(obj)
	if w.holds[name] {
		live := w.objects[idOf(obj.GroupVersionKind(), obj.GetNamespace(), obj.GetName())]
		live.SetFinalizers([]string{"example.org/hold"})
		return nil
	}
	delete(w.objects, idOf(obj.GroupVersionKind(), obj.GetNamespace(), obj.GetName()))
	if obj.GetNamespace() != RecordNamespace {
		w.log = append(w.log, "delete "+name)
	}
	return nil
}

func (w *world) Last(_ context.Context, id ReleaseID) (*Release, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.releases[id] == nil {
		return nil, nil //nolint:nilnil // as the interface has it
	}
	out := *w.releases[id]
	return &out, nil
}

func (w *world) Version(context.Context, Chart) (string, error) { return "0.7.0", nil }

func (w *world) Render(_ context.Context, d Deployment) ([]*unstructured.Unstructured, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rendered++
	return w.chart(d), nil
}

func (w *world) Deploy(ctx context.Context, d Deployment) (*Release, error) {
	w.mu.Lock()
	w.log = append(w.log, fmt.Sprintf("%s %s", d.How, d.ID.Name))
	if err := w.errs[d.ID.Name]; err != nil {
		w.mu.Unlock()
		return nil, err
	}
	version := d.Chart.Version
	if version == "" {
		version = "0.7.0"
	}
	out := &Release{Chart: d.Chart.Name, Version: version, Values: d.Values, Revision: 1, Status: statusDeployed, EverDeployed: true, Objects: w.chart(d)}
	if before := w.releases[d.ID]; before != nil {
		out.Revision = before.Revision + 1
	}
	w.releases[d.ID], w.pulled[d.ID] = out, d.Chart
	for _, obj := range out.Objects {
		obj.SetAnnotations(map[string]string{"meta.helm.sh/release-name": d.ID.Name, "meta.helm.sh/release-namespace": d.ID.Namespace})
		if w.objects[idOf(obj.GroupVersionKind(), obj.GetNamespace(), obj.GetName())] == nil {
			w.objects[idOf(obj.GroupVersionKind(), obj.GetNamespace(), obj.GetName())] = obj
		}
	}
	w.mu.Unlock()
	return w.Last(ctx, d.ID)
}

func (w *world) Uninstall(_ context.Context, id ReleaseID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.releases[id] != nil {
		w.log = append(w.log, "uninstall "+id.Name)
	}
	delete(w.releases, id)
	return nil
}

// took returns what was done since the last time.
func (w *world) took() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.log
	w.log = nil
	return out
}

func planner(t *testing.T) *compose.Planner {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return compose.NewPlanner(c)
}

// door is a Cluster on an existing cluster; apps are more fields of parameters.apps.
func door(t *testing.T, apps string) map[string]any {
	t.Helper()
	out := map[string]any{}
	text := `
apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: door, namespace: platform}
spec:
  crossplane: {compositionSelector: {matchLabels: {provider: existing}}}
  parameters:
    namespaces: [dev]
    apps: {` + apps + `}
`
	if err := yaml.UnmarshalStrict([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// installer of a Cluster in a world, with steps that end at once.
func (w *world) installer(t *testing.T, cluster map[string]any, o Options) *Installer {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 5e9
	}
	o.Poll = 1e6
	i, err := New(Config{Planner: planner(t), Object: cluster, Target: w, Charts: w, Options: o})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// before says whether one line of a log stands before another; both have to be there.
func before(t *testing.T, log []string, first, second string) {
	t.Helper()
	a, b := slices.Index(log, first), slices.Index(log, second)
	if a < 0 || b < 0 || a > b {
		t.Errorf("want %q before %q, got:\n%s", first, second, strings.Join(log, "\n"))
	}
}

func sorted(m map[string]*unstructured.Unstructured) []string { return slices.Sorted(maps.Keys(m)) }
