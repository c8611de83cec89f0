package topology_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// of makes a snapshot of YAML documents.
func of(t testing.TB, documents ...string) *topology.Snapshot {
	t.Helper()
	var objects []runtime.Object
	for doc := range strings.SplitSeq(strings.Join(documents, "\n---\n"), "\n---\n") {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &obj.Object); err != nil {
			t.Fatalf("%v in:\n%s", err, doc)
		}
		if len(obj.Object) > 0 {
			objects = append(objects, obj)
		}
	}
	s, err := topology.FromObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A platform: a class, a shared Gateway that takes routes of namespaces that are
// labelled, and a Service in such a namespace.
const platform = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: eg}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
status: {conditions: [{type: Accepted, status: "True", reason: Accepted, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: eg, namespace: gateways, generation: 2}
spec:
  gatewayClassName: eg
  listeners:
    - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
    - name: https
      port: 443
      protocol: HTTPS
      hostname: "*.example.com"
      tls: {certificateRefs: [{name: cert}]}
      allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {public: "yes"}}}}
status:
  addresses: [{type: IPAddress, value: 192.0.2.1}]
  conditions:
    - {type: Accepted, status: "True", reason: Accepted, message: "", observedGeneration: 2, lastTransitionTime: "2026-01-01T00:00:00Z"}
    - {type: Programmed, status: "True", reason: Programmed, message: "", observedGeneration: 2, lastTransitionTime: "2026-01-01T00:00:00Z"}
  listeners:
    - {name: http, attachedRoutes: 1, supportedKinds: [], conditions: []}
    - {name: https, attachedRoutes: 1, supportedKinds: [], conditions: []}
---
apiVersion: v1
kind: Namespace
metadata: {name: team, labels: {public: "yes"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: Service
metadata: {name: mcp, namespace: team}
spec: {type: ClusterIP, ports: [{name: http, port: 3456}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: mcp-1, namespace: team, labels: {kubernetes.io/service-name: mcp}}
addressType: IPv4
endpoints:
  - {addresses: [10.0.0.1], conditions: {ready: true}}
  - {addresses: [10.0.0.2], conditions: {ready: false}}
  - {addresses: [10.0.0.3]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: mcp-2, namespace: team, labels: {kubernetes.io/service-name: mcp}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
`

// route is an HTTPRoute that was accepted, with these changes.
func route(changes ...string) string {
	out := `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: mcp, namespace: team, generation: 1}
spec:
  hostnames: [mcp.example.com]
  parentRefs: [{name: eg, namespace: gateways}]
  rules:
    - matches: [{path: {type: PathPrefix, value: /mcp}}]
      timeouts: {request: 0s, backendRequest: 0s}
      backendRefs: [{name: mcp, port: 3456}]
status:
  parents:
    - parentRef: {name: eg, namespace: gateways}
      controllerName: gateway.envoyproxy.io/gatewayclass-controller
      conditions:
        - {type: Accepted, status: "True", reason: Accepted, message: "", observedGeneration: 1, lastTransitionTime: "2026-01-01T00:00:00Z"}
        - {type: ResolvedRefs, status: "True", reason: ResolvedRefs, message: "", observedGeneration: 1, lastTransitionTime: "2026-01-01T00:00:00Z"}
`
	return strings.NewReplacer(changes...).Replace(out)
}

// unanswered is a route of which no controller has said anything.
func unanswered(changes ...string) string {
	spec, _, _ := strings.Cut(route(changes...), "status:\n  parents")
	return spec
}
