package diagnose_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// told is a condition of the newest generation, in YAML.
func told(kind, status, reason string) string {
	return fmt.Sprintf("{type: %s, status: %q, reason: %s, message: said, observedGeneration: 1, lastTransitionTime: null}", kind, status, reason)
}

// TestToldByControllers has clusters with what real controllers have written into them: what
// is wrong is found once, where it is.
func TestToldByControllers(t *testing.T) {
	const (
		listeners = "    - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}\n"
		mistyped  = "    - {name: http, port: 80, protocol: http, allowedRoutes: {namespaces: {from: All}}}\n"
		tcp       = "    - {name: http, port: 80, protocol: TCP}\n"
	)
	cases := map[string]struct {
		reason string
		// spec holds the listeners of the Gateway; gateway, listener and route what is said of them.
		spec                     string
		gateway, listener, route []string
		want                     []string
	}{
		"UnsupportedByTraefik": {
			reason: "Traefik 3.6 says it with the condition of conflicts: there is none", spec: mistyped,
			gateway:  []string{told("Accepted", "False", "ListenersNotValid")},
			listener: []string{told("Conflicted", "True", "UnsupportedProtocol")},
			want:     []string{"listener-protocol Gateway spec.listeners[0].protocol"},
		},
		"ConflictWithNobody": {
			reason: "what it conflicts with is the controller's secret, and it is said so", spec: tcp,
			gateway:  []string{told("Accepted", "False", "ListenersNotValid")},
			listener: []string{told("Conflicted", "True", "ProtocolConflict")},
			want:     []string{"listener-conflict Gateway spec.listeners[0]", "route-kind-not-allowed HTTPRoute spec.parentRefs[0].sectionName"},
		},
		"RouteOfABrokenListener": {
			reason: "Traefik refuses the route, too, and nothing is wrong with that", spec: listeners,
			gateway:  []string{told("Accepted", "False", "ListenersNotValid")},
			listener: []string{told("Accepted", "False", "PortUnavailable")},
			route:    []string{told("Accepted", "False", "NoMatchingParent"), told("ResolvedRefs", "True", "ResolvedRefs")},
			want:     []string{"gateway-not-accepted Gateway spec.listeners[0]"},
		},
		"RouteRefused": {
			reason: "the listener is fine, so it is the route", spec: listeners,
			gateway:  []string{told("Accepted", "True", "Accepted"), told("Programmed", "True", "Programmed")},
			listener: []string{told("Accepted", "True", "Accepted")},
			route:    []string{told("Accepted", "False", "UnsupportedValue"), told("ResolvedRefs", "True", "ResolvedRefs")},
			want:     []string{"route-not-accepted HTTPRoute spec.parentRefs[0]"},
		},
		"KindOfMistypedProtocol": {
			reason: "no kind of route fits a protocol that is none", spec: mistyped,
			want: []string{"listener-protocol Gateway spec.listeners[0].protocol"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			findings, _ := looktest.Diagnosed(t, []topology.File{{Name: "cluster", Data: []byte(toldCluster(tc.spec, tc.gateway, tc.listener, tc.route))}})
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%s %s %s", f.Check, f.Object.Kind, f.Field))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// toldCluster is a Gateway with one listener, and a route to it.
func toldCluster(spec string, gateway, listener, route []string) string {
	status := ""
	if len(gateway) > 0 {
		status = fmt.Sprintf(`status:
  addresses: [{value: 192.0.2.1}]
  conditions: [%s]
  listeners: [{name: http, attachedRoutes: 0, supportedKinds: [], conditions: [%s]}]
`, strings.Join(gateway, ", "), strings.Join(listener, ", "))
	}
	routeStatus := ""
	if len(route) > 0 {
		routeStatus = fmt.Sprintf("status: {parents: [{parentRef: {name: gw}, controllerName: traefik.io/gateway-controller, conditions: [%s]}]}\n", strings.Join(route, ", "))
	}
	return `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: traefik, generation: 1}
spec: {controllerName: traefik.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: team, generation: 1}
spec:
  gatewayClassName: traefik
  listeners:
` + spec + status + `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: team, generation: 1}
spec:
  parentRefs: [{name: gw}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
` + routeStatus
}
