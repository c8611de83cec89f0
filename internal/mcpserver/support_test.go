package mcpserver_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

const examples = "../../examples/"

// example reads the YAML of an example.
func example(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(examples + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), go test ./internal/mcpserver -update writes it:\n%s", name, diff)
	}
}

func newServer(t testing.TB, o mcpserver.Options) *mcp.Server {
	t.Helper()
	server, err := mcpserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// client connects to a server in this process, in the newest revision unless
// another one is given.
func client(t testing.TB, o mcpserver.Options, co *mcp.ClientOptions, revision ...string) *mcp.ClientSession {
	t.Helper()
	here, there := mcp.NewInMemoryTransports()
	ss, err := newServer(t, o).Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, co).Connect(t.Context(), here, &mcp.ClientSessionOptions{ProtocolVersion: strings.Join(revision, "")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = session.Close()
		_ = ss.Wait()
	})
	return session
}

type arguments = map[string]any

// callTool returns the answer and its text.
func callTool(t testing.TB, session *mcp.ClientSession, name string, args arguments) (*mcp.CallToolResult, string) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return result, textOf(result)
}

func textOf(result *mcp.CallToolResult) string {
	var b strings.Builder
	for _, c := range result.Content {
		if text, ok := c.(*mcp.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	return b.String()
}

// answered is the structured output of a call that must not be refused.
func answered(t testing.TB, session *mcp.ClientSession, name string, args arguments) map[string]any {
	t.Helper()
	result, text := callTool(t, session, name, args)
	if result.IsError {
		t.Fatalf("%s: refused: %s", name, text)
	}
	out, ok := result.StructuredContent.(map[string]any)
	if !ok {
		t.Fatalf("%s: want structured output, got %T", name, result.StructuredContent)
	}
	return out
}

// fakeCluster is a cluster of a few objects.
type fakeCluster struct {
	snapshot *topology.Snapshot
	err      error // of every call
	conflict error // of Apply without Force
	// churn is how many more times the status changes just before something is written.
	churn int

	mu       sync.Mutex
	objects  map[string]*unstructured.Unstructured
	watchers map[string]map[chan *unstructured.Unstructured]bool // by what they watch
	applied  []mcpserver.ApplyOptions
}

func newFake(t testing.TB, yamls ...string) *fakeCluster {
	t.Helper()
	f := &fakeCluster{objects: map[string]*unstructured.Unstructured{}, watchers: map[string]map[chan *unstructured.Unstructured]bool{}}
	for _, text := range yamls {
		f.put(object(t, text))
	}
	return f
}

// object reads an object as an API server would hand it out.
func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{}
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := obj.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return obj
}

func keyOf(kind, namespace, name string) string { return kind + " " + namespace + "/" + name }

// put stores an object and tells who watches it.
func (f *fakeCluster) put(obj *unstructured.Unstructured) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := keyOf(obj.GetKind(), obj.GetNamespace(), obj.GetName())
	f.objects[key] = obj
	for ch := range f.watchers[key] {
		replace(ch, obj)
	}
}

// replace replaces what a watcher has not read yet.
func replace(ch chan *unstructured.Unstructured, obj *unstructured.Unstructured) {
	select {
	case <-ch:
	default:
	}
	ch <- obj
}

func (f *fakeCluster) Version(context.Context) (string, error) { return "v1.34.2", nil }

func (f *fakeCluster) Snapshot(context.Context, topology.Options) (*topology.Snapshot, error) {
	return f.snapshot, f.err
}

func (f *fakeCluster) Get(_ context.Context, kind schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error) {
	if f.err != nil {
		return nil, f.err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	obj := f.objects[keyOf(kind.Kind, namespace, name)]
	if obj == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Group: kind.Group, Resource: strings.ToLower(kind.Kind) + "s"}, name)
	}
	return obj.DeepCopy(), nil
}

func (f *fakeCluster) Watch(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) (<-chan *unstructured.Unstructured, error) {
	if f.err != nil {
		return nil, f.err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	ch := make(chan *unstructured.Unstructured, 1)
	key := keyOf(kind.Kind, namespace, name)
	ch <- f.objects[key]
	if f.watchers[key] == nil {
		f.watchers[key] = map[chan *unstructured.Unstructured]bool{}
	}
	f.watchers[key][ch] = true
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers[key], ch)
	})
	return ch, nil
}

func (f *fakeCluster) Apply(_ context.Context, obj *unstructured.Unstructured, o mcpserver.ApplyOptions) (*unstructured.Unstructured, error) {
	if f.err != nil {
		return nil, f.err
	}
	if f.conflict != nil && !o.Force {
		return nil, f.conflict
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := keyOf(obj.GetKind(), obj.GetNamespace(), obj.GetName())
	is := f.objects[key]
	if is == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "clusters"}, obj.GetName())
	}
	if f.churn > 0 && !o.DryRun {
		f.churn--
		is.SetResourceVersion(is.GetResourceVersion() + "0")
	}
	if obj.GetResourceVersion() != is.GetResourceVersion() {
		return nil, apierrors.NewConflict(schema.GroupResource{Resource: "clusters"}, obj.GetName(), errors.New("the object has been modified"))
	}
	out := &unstructured.Unstructured{Object: merged(is.Object, obj.Object)}
	f.applied = append(f.applied, o)
	if !o.DryRun {
		out.SetGeneration(is.GetGeneration() + 1)
		out.SetResourceVersion(is.GetResourceVersion() + "1")
		f.objects[key] = out
	}
	return out.DeepCopy(), nil
}

func merged(under, over map[string]any) map[string]any {
	out := runtime.DeepCopyJSON(under)
	for key, value := range over {
		above, isObject := value.(map[string]any)
		below, both := out[key].(map[string]any)
		if isObject && both {
			out[key] = merged(below, above)
			continue
		}
		out[key] = value
	}
	return out
}

// writes are the changes that were kept.
func (f *fakeCluster) writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, o := range f.applied {
		if !o.DryRun {
			n++
		}
	}
	return n
}

// watching is how many watches have not ended.
func (f *fakeCluster) watching() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, those := range f.watchers {
		n += len(those)
	}
	return n
}

// fieldConflict is what the API server says when somebody else owns a field.
func fieldConflict(owner string) error {
	return apierrors.NewApplyConflict([]metav1.StatusCause{{
		Type:    metav1.CauseTypeFieldManagerConflict,
		Message: fmt.Sprintf("conflict with %q", owner),
		Field:   ".spec.parameters.apps.keda.enabled",
	}}, "Apply failed with 1 conflict")
}

// with is a copy of arguments with others laid over.
func with(args, others arguments) arguments {
	out := maps.Clone(args)
	maps.Copy(out, others)
	return out
}
