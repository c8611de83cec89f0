package migrate_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/migrate"
	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// way is a way into a Service: what source and result have to have in common.
type way struct{ namespace, service, host, path string }

// TestMeaning holds the result to the source by somebody else's reading of both: what
// internal/topology sees of hosts, paths and Services before and after, and how long a
// stream lasts there, for every controller.
func TestMeaning(t *testing.T) {
	controllers, err := catalog.LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, name := range cases(t) {
		in := inputOf(t, readFile(t, "testdata/"+name+"/in.yaml"))
		before := waysIn(t, in, topology.ViaIngress, sourceObjects(in))
		for _, row := range controllers.Gateway {
			result, err := migrate.Run(in, migrate.Options{Controller: row.Name, GatewayClass: "class"})
			if err != nil {
				t.Fatal(err)
			}
			after := waysIn(t, in, topology.ViaGateway, resultObjects(in, result, row))
			compared += compareWays(t, name+" for "+row.Name, result.Report, before, after)
		}
	}
	if compared < 200 {
		t.Errorf("only %d ways were compared: the test shows little", compared)
	}
}

// compareWays tells how many ways it has compared.
func compareWays(t *testing.T, name string, report migrate.Report, before, after map[way][]topology.Entry) int {
	t.Helper()
	compared := 0
	for w, from := range before {
		if explained(report, w) {
			continue
		}
		to, found := after[w]
		if !found {
			t.Errorf("%s: %v is no longer a way in; there are %v", name, w, ways(after))
			continue
		}
		compared++
		longest := to[0].Stream
		if !atLeast(longest.Total, from[0].Stream.Total) && !strings.HasSuffix(name, " for gke") {
			t.Errorf("%s: %v lasted %s (%s), and lasts %s (%s) now", name, w, from[0].Stream.Total, from[0].Stream.TotalBy, longest.Total, longest.TotalBy)
		}
		secure := func(e topology.Entry) bool { return e.TLS }
		if slices.ContainsFunc(from, secure) && !slices.ContainsFunc(to, secure) {
			t.Errorf("%s: %v was reached by HTTPS, and is no longer", name, w)
		}
	}
	for w := range after {
		if _, found := before[w]; !found && !alias(report, w) {
			t.Errorf("%s: %v is a new way in", name, w)
		}
	}
	return compared
}

// explained tells whether the report says that a way is another now: a redirect answers,
// a canary has a part of another route, or the Gateway matches another path.
func explained(report migrate.Report, w way) bool {
	return slices.ContainsFunc(report.Entries, func(e migrate.Entry) bool {
		if !strings.HasPrefix(w.host, e.Source.Name) {
			return false
		}
		redirects := []string{"permanent-redirect", "temporal-redirect", "redirect-to", "request-redirect"}
		return slices.ContainsFunc(redirects, func(name string) bool { return strings.HasSuffix(e.Field, "/"+name) })
	})
}

// alias tells whether a host is one that an annotation asks for.
func alias(report migrate.Report, w way) bool {
	return slices.ContainsFunc(report.Entries, func(e migrate.Entry) bool {
		return strings.HasSuffix(e.Field, "/server-alias") && strings.Contains(e.Value, w.host)
	}) || w.service == "next" // a canary has a part of its main Ingress's host
}

func ways(m map[way][]topology.Entry) []way {
	var out []way
	for w := range m {
		out = append(out, w)
	}
	return out
}

func atLeast(got, want streaming.Length) bool {
	if got == streaming.Unlimited || want == streaming.Unknown || got == streaming.Unknown {
		return true
	}
	g, limited := got.Duration()
	w, wasLimited := want.Duration()
	return limited && wasLimited && g >= w
}

func sourceObjects(in migrate.Input) []runtime.Object {
	var out []runtime.Object
	for _, i := range in.Ingresses {
		out = append(out, i)
	}
	for _, c := range in.Classes {
		out = append(out, c)
	}
	for _, u := range in.Others {
		out = append(out, u)
	}
	return append(out, services(in)...)
}

func resultObjects(in migrate.Input, result *migrate.Result, row catalog.GatewayController) []runtime.Object {
	out := []runtime.Object{&gatewayv1.GatewayClass{
		TypeMeta:   metav1.TypeMeta{APIVersion: "gateway.networking.k8s.io/v1", Kind: "GatewayClass"},
		ObjectMeta: metav1.ObjectMeta{Name: "class"},
		Spec:       gatewayv1.GatewayClassSpec{ControllerName: gatewayv1.GatewayController(row.GatewayClassControllers[0])},
	}}
	for _, u := range result.Objects {
		out = append(out, accepted(u, row))
	}
	return append(out, services(in)...)
}

// accepted is an object as a controller leaves it that takes everything: what the
// topology shows is then up to the rules of the Gateway API alone.
func accepted(u *unstructured.Unstructured, row catalog.GatewayController) *unstructured.Unstructured {
	refs, found, _ := unstructured.NestedSlice(u.Object, "spec", "parentRefs")
	if !found {
		return u
	}
	u = u.DeepCopy()
	var parents []any
	for _, ref := range refs {
		parents = append(parents, map[string]any{"parentRef": ref, "controllerName": row.GatewayClassControllers[0], "conditions": []any{
			map[string]any{"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "lastTransitionTime": nil},
			map[string]any{"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", "message": "", "lastTransitionTime": nil},
		}})
	}
	u.Object["status"] = map[string]any{"parents": parents}
	return u
}

// services are those of the input, and the ones that Ingresses name.
func services(in migrate.Input) []runtime.Object {
	var out []runtime.Object
	seen := map[migrate.Name]bool{}
	for _, s := range in.Services {
		out, seen[migrate.Name{Namespace: s.Namespace, Name: s.Name}] = append(out, s), true
	}
	for _, w := range named(in) {
		if !seen[w] {
			seen[w] = true
			out = append(out, &corev1.Service{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: w.Name},
				Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}, {Port: 8080, Name: "admin"}}},
			})
		}
	}
	return out
}

func named(in migrate.Input) []migrate.Name {
	var out []migrate.Name
	for _, i := range in.Ingresses {
		if b := i.Spec.DefaultBackend; b != nil && b.Service != nil {
			out = append(out, migrate.Name{Namespace: i.Namespace, Name: b.Service.Name})
		}
		for _, rule := range i.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for _, p := range rule.HTTP.Paths {
				if p.Backend.Service != nil {
					out = append(out, migrate.Name{Namespace: i.Namespace, Name: p.Backend.Service.Name})
				}
			}
		}
	}
	return out
}

// expression is what people write for "and what is below".
var expression = regexp.MustCompile(`(\(/\|\$\)\(\.\*\)|/\(\.\*\)|/\.\*)?/?\*?$`)

// waysIn are the ways into every Service, by host and by path without its ending.
func waysIn(t *testing.T, in migrate.Input, via string, objects []runtime.Object) map[way][]topology.Entry {
	t.Helper()
	snapshot, err := topology.FromObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	out := map[way][]topology.Entry{}
	for _, n := range slices.CompactFunc(sortedNames(named(in)), func(a, b migrate.Name) bool { return a == b }) {
		for _, e := range snapshot.Exposure(n.Namespace, n.Name).Entries {
			if e.Via == via {
				w := way{n.Namespace, n.Name, e.Host, plain(e.PathMatch)}
				out[w] = append(out[w], e)
			}
		}
	}
	return out
}

// plain is a path or an expression as both sides write it.
func plain(path string) string {
	if first, more, _ := strings.Cut(path, ", ~"); strings.Contains(more, "[^/].*") {
		path = first // what begins so, besides what is below
	}
	path = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(path, "~"), "(?i)"), "^")
	path = strings.TrimSuffix(path, "$")
	if found, ok := strings.CutPrefix(path, ".*(?:"); ok { // what is searched in a path
		path = strings.TrimSuffix(found, ").*")
	}
	path = expression.ReplaceAllString(strings.TrimSuffix(path, ".*"), "")
	return strings.TrimSuffix(strings.TrimSuffix(path, "$"), ".*")
}

func sortedNames(names []migrate.Name) []migrate.Name {
	slices.SortFunc(names, func(a, b migrate.Name) int { return strings.Compare(a.String(), b.String()) })
	return names
}
