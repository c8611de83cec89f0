package explain_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/explain"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// small is a Gateway with one route; what cases add is decisive.
const small = `
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: eg}, spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: a},
 spec: {gatewayClassName: eg, allowedListeners: {namespaces: {from: Same}}, listeners: [{name: http, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: a},
 spec: {hostnames: [web.example.com], parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: a}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
`

const (
	noEndpoints = `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web, namespace: a, labels: {kubernetes.io/service-name: web}}, addressType: IPv4, endpoints: []}`
	oneEndpoint = `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web, namespace: a, labels: {kubernetes.io/service-name: web}},
 addressType: IPv4, endpoints: [{addresses: [10.0.0.1]}]}`
	readyPods = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: a},
 spec: {selector: {}, template: {metadata: {labels: {app: web}}, spec: {containers: []}}}, status: {readyReplicas: 1}}`
	sleepingPods = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: a},
 spec: {replicas: 0, selector: {}, template: {metadata: {labels: {app: web}}, spec: {containers: []}}}}`
	scaledByCron = `{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: web, namespace: a}, spec: {scaleTargetRef: {name: web}, triggers: [{type: cron, metadata: {}}]}}`
	nearerSet    = `{apiVersion: gateway.networking.k8s.io/v1, kind: ListenerSet, metadata: {name: set, namespace: a},
 spec: {parentRef: {name: g}, listeners: [{name: near, port: 80, protocol: HTTP, hostname: web.example.com}]}`
	refused  = `, status: {conditions: [{type: Accepted, status: "False", reason: NotAllowed}]}}`
	external = `{apiVersion: v1, kind: Service, metadata: {name: web, namespace: a}, spec: {type: ExternalName, externalName: web.example.org, ports: [{port: 80}]}}`
	noWeight = `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: a},
 spec: {hostnames: [web.example.com], parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80, weight: 0}]}]}}`
	bothParents = `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: a},
 spec: {parentRefs: [{name: set, kind: ListenerSet}, {name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}}`
	selecting = `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: a},
 spec: {gatewayClassName: eg, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {public: "yes"}}}}}]}}`
	notAllowed = `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: a},
 spec: {hostnames: [web.example.com], parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]},
 status: {parents: [{parentRef: {name: g}, controllerName: gateway.envoyproxy.io/gatewayclass-controller, conditions: [{type: Accepted, status: "False", reason: NotAllowedByListeners}]}]}}`
	otherKind = `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: a},
 spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: m, kind: InferencePool, group: inference.networking.k8s.io}]}]}}`
)

func TestSmall(t *testing.T) {
	cases := map[string]struct {
		reason  string
		objects []string
		options explain.Options
		outcome explain.Outcome
		want    string
	}{
		"Manifests":     {"Manifests say nothing of endpoints, and nothing is not wrong.", nil, explain.Options{}, explain.Arrives, "as far as can be seen"},
		"Ready":         {"An endpoint that is ready.", []string{oneEndpoint}, explain.Options{}, explain.Arrives, "1 endpoint is ready"},
		"LabelsNotSeen": {"No file has the namespace, so nothing speaks against it.", []string{selecting}, explain.Options{}, explain.Arrives, "as far as can be seen"},
		"LabelsRefused": {"The controller has seen its labels.", []string{selecting, notAllowed}, explain.Options{}, explain.Stops, `lets in routes of namespaces labelled public=yes, not "a"`},
		"Starting": {
			"Pods are ready and endpoints on their way: no check says so, and the request stops.", []string{noEndpoints, readyPods}, explain.Options{}, explain.Stops, "none of its endpoints is ready",
		},
		"Asleep": {
			"Nobody holds a request to what sleeps without the interceptor.", []string{noEndpoints, sleepingPods, scaledByCron}, explain.Options{}, explain.Stops, "none of its endpoints is ready",
		},
		"External":    {"A name for something outside has no endpoints.", []string{external}, explain.Options{}, explain.Arrives, "as far as can be seen"},
		"NoWeight":    {"Weights of 0 send nothing.", []string{oneEndpoint, noWeight}, explain.Options{}, explain.Stops, "no backend that gets requests"},
		"OtherKind":   {"What is no Service is not looked at.", []string{otherKind}, explain.Options{}, explain.Arrives, "as far as can be seen"},
		"NearerSet":   {"A listener of a ListenerSet takes the host away.", []string{oneEndpoint, nearerSet + "}"}, explain.Options{}, explain.Stops, "no route at the listener matches"},
		"RefusedSet":  {"One that is refused does not.", []string{oneEndpoint, nearerSet + refused}, explain.Options{}, explain.Arrives, "1 endpoint is ready"},
		"BothParents": {"Nor if the route names it, too.", []string{oneEndpoint, bothParents, nearerSet + refused}, explain.Options{Host: "web.example.com"}, explain.Arrives, "1 endpoint is ready"},
		"OtherHost":   {"A host that the route is not for.", []string{oneEndpoint}, explain.Options{Host: "api.example.com"}, explain.Stops, "no route at the listener matches"},
		"ByAddress":   {"Without a host a route for any takes the request.", []string{otherKind}, explain.Options{}, explain.Arrives, ""},
		"HostInAnyUp": {"Hosts have no case.", []string{oneEndpoint}, explain.Options{Host: "WEB.Example.com"}, explain.Arrives, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			findings, s := looktest.Diagnosed(t, []topology.File{{Name: "small.yaml", Data: []byte(small + strings.Join(tc.objects, "\n---\n"))}})
			e, err := explain.Explain(s, findings, explain.Target{Name: "web"}, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			if e.Outcome != tc.outcome || !strings.Contains(e.Summary, tc.want) {
				t.Errorf("%s\nwant %s: %s, got %s: %s", tc.reason, tc.outcome, tc.want, e.Outcome, e.Summary)
			}
		})
	}
}
