package clocks

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
)

var root = filepath.Join("..", "..", "..")

// name of the route and of the Service that a release makes.
const name = helm.ReleaseName + "-mcp-server"

// timeouts are the values of gateway.timeouts that make a difference.
func timeouts() map[string]string {
	return map[string]string{
		"defaults":      "{}",
		"two-hours":     "{request: 7200s}",
		"other-units":   "{request: 2h}",
		"minute":        "{request: 60s}",
		"short":         "{request: 500ms}",
		"shorter-try":   "{request: 60s, backendRequest: 30s}",
		"hour-and-try":  "{request: 1h, backendRequest: 60s}",
		"no-limit":      "{request: 0s}",
		"no-limit-try":  "{request: 1h, backendRequest: 0s}",
		"both-no-limit": "{request: 0s, backendRequest: 0s}",
		"none":          "{request: null}",
		"empty":         "{request: '', backendRequest: ''}",
		"only-request":  "{request: 90s, backendRequest: null}",
		"only-try":      "{request: null, backendRequest: 90s}",
		"all-null":      "null",
	}
}

// ways are how a release gets its Gateway, and whether the chart may attach policies.
func ways() map[string]string {
	return map[string]string{
		"own":         "{enabled: true, className: eg, controller: envoy-gateway}",
		"own-bare":    "{enabled: true, className: eg, controller: envoy-gateway, policy: false}",
		"shared":      "{controller: envoy-gateway, existing: {name: eg, namespace: GATEWAYS}}",
		"shared-bare": "{controller: envoy-gateway, existing: {name: eg, namespace: GATEWAYS}, policy: false}",
	}
}

// alone is when the owner of a shared Gateway has no policy.
const alone = "alone"

// platform are policies of the owner of a shared Gateway. They come on top of what the chart
// attaches to its route.
func platform() map[string]string {
	return map[string]string{
		alone:            "",
		"client-idle":    "{kind: ClientTrafficPolicy, spec: {timeout: {http: {streamIdleTimeout: 10m}}}}",
		"client-stream":  "{kind: ClientTrafficPolicy, spec: {connection: {connectionLimit: {maxStreamDuration: 20m, value: 1000}}}}",
		"request":        "{kind: BackendTrafficPolicy, spec: {timeout: {http: {requestTimeout: 2m}}}}",
		"stream":         "{kind: BackendTrafficPolicy, spec: {timeout: {http: {maxStreamDuration: 45m}}}}",
		"request-stream": "{kind: BackendTrafficPolicy, spec: {timeout: {http: {requestTimeout: 2m, maxStreamDuration: 0s}}}}",
	}
}

// A release is one rendering of the chart, in a namespace of its own, with what is there
// before it.
type release struct {
	namespace string
	gateway   string // of its route, with its namespace
	policy    string // of the platform: one of its names
	notes     string
	services  []*unstructured.Unstructured
}

// TestEnvoyGatewayKeepsThePromises: for every value of timeouts and policies, Envoy is told
// what internal/streaming says of the same objects, and what the chart's notes say.
func TestEnvoyGatewayKeepsThePromises(t *testing.T) {
	class, shared, err := product.Gateway("existing.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects := []*unstructured.Unstructured{class}
	for policy, spec := range platform() {
		objects = append(objects, in("gateways-"+policy, shared))
		if spec != "" {
			objects = append(objects, policyOf(t, "gateways-"+policy, shared.GetName(), spec))
		}
	}
	var releases []release
	for way, gateway := range ways() {
		for given, value := range timeouts() {
			for policy := range platform() {
				r := release{namespace: strings.Join([]string{way, given, policy}, "-"), policy: policy}
				r.gateway = r.namespace + "/" + name
				if strings.HasPrefix(way, "shared") {
					r.gateway = "gateways-" + policy + "/" + shared.GetName()
				}
				if policy != alone && !meets(way, given) {
					continue
				}
				objects = append(objects, r.render(t,
					fmt.Sprintf("{gateway: %s}", strings.Replace(gateway, "GATEWAYS", "gateways-"+policy, 1)),
					fmt.Sprintf("{gateway: {timeouts: %s}}", value))...)
				releases = append(releases, r)
			}
		}
	}
	done := translate(t, objects)
	done.accepted(t)
	promised := 0
	for _, r := range releases {
		t.Run(r.namespace, func(t *testing.T) {
			got, err := done.xds[r.gateway].clocks(r.namespace, name)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 {
				t.Fatalf("Envoy is told nothing of the route; there are %v", slices.Sorted(maps.Keys(done.xds)))
			}
			if diff := cmp.Diff(r.foretold(t, done.objects), got, cmpopts.SortSlices(byTotal)); diff != "" {
				t.Errorf("clocks of Envoy: -what internal/streaming says, +what Envoy is told:\n%s", diff)
			}
			if r.policy == alone && r.notesHold(t, got) {
				promised++
			}
		})
	}
	if promised < len(releases)/8 {
		t.Errorf("the notes of %d releases promise something, of %d: the sentence that this test reads has changed", promised, len(releases))
	}
}

// meets tells whether a release is tried together with policies of the platform, which are
// only at a shared Gateway: a timeout, none, and no limit. All of them would take a minute.
func meets(way, given string) bool {
	return strings.HasPrefix(way, "shared") && slices.Contains([]string{"defaults", "hour-and-try", "no-limit", "none"}, given)
}

func byTotal(a, b clocks) bool { return a.Total < b.Total || a.Total == b.Total && a.Idle < b.Idle }

// render renders the chart into the namespace of the release.
func (r *release) render(t *testing.T, values ...string) []*unstructured.Unstructured {
	t.Helper()
	merged := map[string]any{}
	for _, text := range values {
		over := map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(text), &over); err != nil {
			t.Fatal(err)
		}
		lay(merged, over)
	}
	rendered, err := helm.Render(t.Context(), root, r.namespace, merged)
	if err != nil {
		t.Fatalf("%s: %v", r.namespace, err)
	}
	r.notes = rendered.Notes
	var kept []*unstructured.Unstructured
	for _, object := range rendered.Objects {
		switch group := object.GroupVersionKind().Group; {
		case object.GetKind() == "Service":
			// The API server gives it one.
			if err := unstructured.SetNestedField(object.Object, "10.0.0.2", "spec", "clusterIP"); err != nil {
				t.Fatal(err)
			}
			r.services = append(r.services, object)
			kept = append(kept, object)
		case strings.HasPrefix(group, "gateway."):
			kept = append(kept, object)
		}
	}
	return kept
}

// lay lays values over others, as a second --values does.
func lay(under, over map[string]any) {
	for key, value := range over {
		below, isMap := under[key].(map[string]any)
		above, both := value.(map[string]any)
		if isMap && both {
			lay(below, above)
			continue
		}
		under[key] = value
	}
}

// in is a copy of an object in another namespace.
func in(namespace string, object *unstructured.Unstructured) *unstructured.Unstructured {
	out := object.DeepCopy()
	out.SetNamespace(namespace)
	return out
}

// policyOf is a policy of the platform at its Gateway.
func policyOf(t *testing.T, namespace, gateway, text string) *unstructured.Unstructured {
	t.Helper()
	policy := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(text), &policy.Object); err != nil {
		t.Fatal(err)
	}
	policy.SetAPIVersion("gateway.envoyproxy.io/v1alpha1")
	policy.SetNamespace(namespace)
	policy.SetName("platform")
	target := map[string]any{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway}
	if err := unstructured.SetNestedSlice(policy.Object, []any{target}, "spec", "targetRefs"); err != nil {
		t.Fatal(err)
	}
	return policy
}

// foretold are the clocks that the product says that streams to the release have: what
// get_exposure answers.
func (r *release) foretold(t *testing.T, objects []*unstructured.Unstructured) []clocks {
	t.Helper()
	var all []runtime.Object
	for _, object := range append(r.services, objects...) {
		all = append(all, object)
	}
	snapshot, err := topology.FromObjects(all)
	if err != nil {
		t.Fatal(err)
	}
	exposure := snapshot.Exposure(r.namespace, name)
	if len(exposure.Entries) == 0 {
		t.Fatalf("the product sees no way in: %v", exposure.NearMisses)
	}
	var out []clocks
	for _, entry := range exposure.Entries {
		if c := (clocks{Total: entry.Stream.Total, Idle: entry.Stream.Idle}); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

var (
	promise    = regexp.MustCompile(`A stream lives for gateway\.timeouts\.(?:request|backendRequest) \(([^)]*)\), idle or not; with 0s without limit\.`)
	tryEnds    = regexp.MustCompile(`gateway\.timeouts\.backendRequest \(([^)]*)\) ends a stream before`)
	envoysOwns = regexp.MustCompile(`the route has no timeouts, so Envoy Gateway cuts every stream after ([0-9a-z]+);`)
)

// notesHold compares what the notes promise with what Envoy is told, and tells whether they
// promise anything.
func (r *release) notesHold(t *testing.T, got []clocks) bool {
	t.Helper()
	says := promise.FindStringSubmatch(r.notes)
	if says == nil {
		if !strings.Contains(r.notes, "Not promised:") {
			t.Errorf("the notes say nothing of streams:\n%s", r.notes)
		}
		return false
	}
	want := says[1]
	for _, warning := range []*regexp.Regexp{tryEnds, envoysOwns} {
		if shorter := warning.FindStringSubmatch(r.notes); shorter != nil {
			want = shorter[1]
		}
	}
	for _, c := range got {
		if c.Total != lengthOf(t, want) || !lastsAsLong(c.Idle, c.Total) {
			t.Errorf("the notes promise %s, idle or not; Envoy is told %+v:\n%s", want, c, r.notes)
		}
	}
	return true
}

// lengthOf reads a value that the notes show.
func lengthOf(t *testing.T, value string) streaming.Length {
	t.Helper()
	if value == "not set, so no limit" {
		return streaming.Unlimited
	}
	d, err := streaming.ParseDuration(value)
	if err != nil {
		t.Errorf("the notes show %q, which is no duration: %v", value, err)
	}
	if d == 0 {
		return streaming.Unlimited
	}
	return streaming.Lasting(d)
}

// lastsAsLong tells whether a is no shorter than b.
func lastsAsLong(a, b streaming.Length) bool {
	if a == streaming.Unlimited {
		return true
	}
	da, _ := a.Duration()
	db, limited := b.Duration()
	return limited && da >= db
}
