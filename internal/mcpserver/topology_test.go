package mcpserver_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// What leads to the Service shop/web: a Gateway of Envoy Gateway with one route.
var frontDoor = []string{
	`apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: eg}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
status: {conditions: [{type: Accepted, status: "True", reason: Accepted}]}
`, `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: eg, namespace: infra, generation: 1}
spec:
  gatewayClassName: eg
  listeners: [{name: https, port: 443, protocol: HTTPS, hostname: "*.example.com", tls: {certificateRefs: [{name: web-tls}]}, allowedRoutes: {namespaces: {from: All}}}]
status:
  addresses: [{type: IPAddress, value: 203.0.113.7}]
  conditions: [{type: Accepted, status: "True", reason: Accepted, observedGeneration: 1}, {type: Programmed, status: "True", reason: Programmed, observedGeneration: 1}]
  listeners: [{name: https, attachedRoutes: 1, supportedKinds: [], conditions: [{type: Programmed, status: "True", reason: Programmed, observedGeneration: 1}]}]
`, `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop, generation: 1}
spec:
  parentRefs: [{name: eg, namespace: infra}]
  hostnames: [web.example.com]
  rules: [{backendRefs: [{name: web, port: 80}], timeouts: {request: 3600s, backendRequest: 3600s}}]
status:
  parents:
  - parentRef: {name: eg, namespace: infra}
    controllerName: gateway.envoyproxy.io/gatewayclass-controller
    conditions: [{type: Accepted, status: "True", reason: Accepted, observedGeneration: 1}, {type: ResolvedRefs, status: "True", reason: ResolvedRefs, observedGeneration: 1}]
`, `apiVersion: v1
kind: Namespace
metadata: {name: shop}
`, `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: ClusterIP, ports: [{port: 80}]}
`, `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
`,
}

// manyRoutes are more than one answer holds.
func manyRoutes(n int) []string {
	out := make([]string, n)
	for i := range n {
		out[i] = fmt.Sprintf(`apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r%04d, namespace: bulk}
spec: {parentRefs: [{name: none}], hostnames: [%s.example.org]}
`, i, strings.Repeat("x", 60))
	}
	return out
}

func withSnapshot(t *testing.T, yamls ...string) *fakeCluster {
	t.Helper()
	var objects []runtime.Object
	for _, text := range yamls {
		objects = append(objects, object(t, text))
	}
	snapshot, err := topology.FromObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t)
	f.snapshot = snapshot
	return f
}

// names are those of the objects in a list of an answer.
func names(list any) (out []string) {
	items, _ := list.([]any)
	for _, item := range items {
		obj, _ := item.(map[string]any)
		out = append(out, fmt.Sprint(obj["namespace"], "/", obj["name"]))
	}
	return out
}

func TestTopologyLists(t *testing.T) {
	other := strings.ReplaceAll(strings.ReplaceAll(frontDoor[2], "namespace: shop", "namespace: blog"), "web.example.com", "'*.blog.example.com'")
	session := client(t, mcpserver.Options{Cluster: withSnapshot(t, append(frontDoor, other)...)}, nil)
	cases := map[string]struct {
		reason string
		tool   string
		args   arguments
		list   string
		want   []string
	}{
		"Gateways":        {"All of them.", "list_gateways", arguments{}, "gateways", []string{"infra/eg"}},
		"GatewaysThere":   {"Of one namespace.", "list_gateways", arguments{"namespace": "infra"}, "gateways", []string{"infra/eg"}},
		"GatewaysNot":     {"There is none here.", "list_gateways", arguments{"namespace": "shop"}, "gateways", nil},
		"Routes":          {"All, in order.", "list_routes", arguments{}, "routes", []string{"blog/web", "shop/web"}},
		"RoutesThere":     {"Of one namespace.", "list_routes", arguments{"namespace": "shop"}, "routes", []string{"shop/web"}},
		"RoutesOfHost":    {"Wildcards count.", "list_routes", arguments{"hostname": "a.blog.example.com"}, "routes", []string{"blog/web"}},
		"RoutesOfGateway": {"By its name, or its namespace too.", "list_routes", arguments{"gateway": "infra/eg", "hostname": "web.example.com"}, "routes", []string{"shop/web"}},
		"RoutesOfName":    {"The name alone is enough.", "list_routes", arguments{"gateway": "eg", "namespace": "blog"}, "routes", []string{"blog/web"}},
		"RoutesOfNone":    {"A part of a name is none.", "list_routes", arguments{"gateway": "g"}, "routes", nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out := answered(t, session, tc.tool, tc.args)
			if diff := cmp.Diff(tc.want, names(out[tc.list])); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if _, isList := out[tc.list].([]any); !isList {
				t.Errorf("%s: want a list, also when it is empty, got %v", tc.reason, out[tc.list])
			}
		})
	}
}

func TestListsAreBounded(t *testing.T) {
	const all = 2000
	session := client(t, mcpserver.Options{Cluster: withSnapshot(t, manyRoutes(all)...)}, nil)
	out := answered(t, session, "list_routes", arguments{})
	routes, _ := out["routes"].([]any)
	omitted, _ := out["omitted"].(float64)
	if len(routes) == 0 || omitted == 0 || len(routes)+int(omitted) != all {
		t.Errorf("want some of %d and the number of the rest, got %d and %v", all, len(routes), omitted)
	}
}

func TestGetExposure(t *testing.T) {
	session := client(t, mcpserver.Options{Cluster: withSnapshot(t, frontDoor...)}, nil)
	out := answered(t, session, "get_exposure", arguments{"namespace": "shop", "service": "web"})
	entries, _ := out["entries"].([]any)
	if len(entries) != 1 || out["found"] != true || out["readyEndpoints"] != float64(1) {
		t.Fatalf("want one way in, got %v", out)
	}
	entry, _ := entries[0].(map[string]any)
	stream, _ := entry["stream"].(map[string]any)
	got := map[string]any{}
	for _, field := range []string{"via", "controller", "host", "tls", "works", "urls"} {
		got[field] = entry[field]
	}
	got["total"], got["idle"] = stream["total"], stream["idle"]
	// Envoy Gateway cuts every stream at the route's request timeout.
	want := map[string]any{
		"via": "Gateway", "controller": "envoy-gateway", "host": "web.example.com", "tls": true, "works": true,
		"urls": []any{"https://web.example.com/"}, "total": "1h", "idle": "1h",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%v", diff, entry)
	}
	// An unknown Service is an answer, too.
	out = answered(t, session, "get_exposure", arguments{"namespace": "shop", "service": "nothing"})
	if out["found"] != false || out["entries"] != nil {
		t.Errorf("want that there is no such Service, got %v", out)
	}
}
