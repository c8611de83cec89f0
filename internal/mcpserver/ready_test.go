package mcpserver

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// live reads an object as an API server hands it out: whole numbers are int64.
func live(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return obj
}

const gatewayHead = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: eg, namespace: infra, generation: 2}\n" +
	"spec: {listeners: [{name: http, port: 80}, {name: https, port: 443}]}\n"

const routeHead = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: shop, generation: 2}\n"

const clusterHead = "apiVersion: devopstoolkit.ai/v2\nkind: Cluster\nmetadata: {name: team-a, namespace: platform, generation: 2}\n"

func TestReadiness(t *testing.T) {
	const accepted = `[{type: Accepted, status: "True", observedGeneration: 2}, {type: ResolvedRefs, status: "True", observedGeneration: 2}]`
	cases := map[string]struct {
		reason string
		object string
		want   []string
	}{
		"Nothing": {reason: "What does not exist is waited for.", want: []string{"it does not exist"}},

		"GatewayNew": {
			reason: "A controller has not looked yet.",
			object: gatewayHead,
			want:   []string{"Accepted is not said yet", "Programmed is not said yet", "listener http: Programmed is not said yet", "listener https: Programmed is not said yet"},
		},
		"GatewayWithoutCertificate": {
			reason: "One listener may hold it up, and says why.",
			object: gatewayHead + `status:
  conditions: [{type: Accepted, status: "True", observedGeneration: 2}, {type: Programmed, status: "False", reason: AddressNotAssigned, message: No address., observedGeneration: 2}]
  listeners:
  - {name: http, conditions: [{type: Programmed, status: "True", observedGeneration: 2}, {type: Conflicted, status: "False", observedGeneration: 2}]}
  - name: https
    conditions:
    - {type: Programmed, status: "False", reason: Invalid, observedGeneration: 2}
    - {type: ResolvedRefs, status: "False", reason: InvalidCertificateRef, message: Secret web-tls not found., observedGeneration: 2}
`,
			want: []string{
				"Programmed is False (AddressNotAssigned: No address.)",
				"listener https: Programmed is False (Invalid)",
				"listener https: ResolvedRefs is False (InvalidCertificateRef: Secret web-tls not found.)",
			},
		},
		"GatewayStale": {
			reason: "What was said of an older generation does not count.",
			object: "kind: Gateway\nmetadata: {generation: 3}\nstatus: {conditions: [{type: Accepted, status: \"True\", observedGeneration: 2}, {type: Programmed, status: \"True\", observedGeneration: 3}]}\n",
			want:   []string{"Accepted is not said yet of the newest generation"},
		},
		"GatewayReady": {
			reason: "Accepted and programmed, with every listener.",
			object: gatewayHead + `status:
  conditions: [{type: Accepted, status: "True", observedGeneration: 2}, {type: Programmed, status: "True", observedGeneration: 2}]
  listeners: [{name: http, conditions: [{type: Programmed, status: "True"}]}, {name: https, conditions: [{type: Programmed, status: "True"}]}]
`,
		},

		"RouteWithoutParent": {reason: "It will never be attached.", object: routeHead, want: []string{"it names no Gateway in spec.parentRefs"}},
		"RouteNew": {
			reason: "The namespace of a parent is that of the route by default.",
			object: routeHead + "spec: {parentRefs: [{name: eg}, {name: eg, namespace: infra, sectionName: https, port: 443}]}\n",
			want:   []string{"Gateway shop/eg: no controller has answered", "Gateway infra/eg listener https port 443: no controller has answered"},
		},
		"RouteHalf": {
			reason: "Each parent is waited for.",
			object: routeHead + `spec: {parentRefs: [{name: eg, namespace: infra}, {name: other, namespace: infra}]}
status:
  parents:
  - {parentRef: {name: eg, namespace: infra}, conditions: ` + accepted + `}
  - parentRef: {name: other, namespace: infra}
    conditions:
    - {type: Accepted, status: "False", reason: NotAllowedByListeners, observedGeneration: 2}
    - {type: ResolvedRefs, status: "True", observedGeneration: 2}
`,
			want: []string{"Gateway infra/other: Accepted is False (NotAllowedByListeners)"},
		},
		"RouteTwoControllers": {
			reason: "Of two controllers that speak about a parent, one that has taken the route is enough.",
			object: routeHead + `spec: {parentRefs: [{name: eg}]}
status:
  parents:
  - {parentRef: {name: eg}, controllerName: a, conditions: [{type: Accepted, status: "False"}]}
  - {parentRef: {name: eg, namespace: shop, kind: Gateway}, controllerName: b, conditions: ` + accepted + `}
`,
		},

		"ClusterNew": {reason: "Crossplane has not looked yet.", object: clusterHead, want: []string{"Synced is not said yet", "Ready is not said yet"}},
		"ClusterReady": {
			reason: "Composed, ready, nothing held back.",
			object: clusterHead + `status: {conditions: [{type: Synced, status: "True"}, {type: Ready, status: "True"}, {type: AppsReady, status: "True"}], apps: {keda: {ready: true}}}`,
		},
		"ClusterHolds": {
			reason: "Ready may be true while resources are held back.",
			object: clusterHead + `status:
  conditions:
  - {type: Synced, status: "True"}
  - {type: Ready, status: "True"}
  - {type: AppsReady, status: "False", reason: Waiting, message: eg waits for gateway-helm}
  apps: {keda: {ready: false, reason: Deploying}, dapr: {ready: false}}
`,
			want: []string{"AppsReady is False (Waiting: eg waits for gateway-helm)", "app dapr is not ready", "app keda is not ready (Deploying)"},
		},
		"ClusterOdd": {
			reason: "A status of any shape is read without harm.",
			object: clusterHead + "status: {conditions: [1, {type: 2}], apps: {keda: 7}}\n",
			want:   []string{"Synced is not said yet", "Ready is not said yet"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			kind, obj := "Gateway", (*unstructured.Unstructured)(nil)
			if tc.object != "" {
				obj = live(t, tc.object)
				kind = obj.GetKind()
			}
			if diff := cmp.Diff(tc.want, readinesses()[kind].of(obj)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			conditionsIn(obj)
		})
	}
}

func TestReadinessIsBounded(t *testing.T) {
	conditions := strings.Repeat(`, {name: l, conditions: [{type: Programmed, status: "False", message: "`+strings.Repeat("ä", 2000)+`"}]}`, 1)
	listeners := strings.TrimPrefix(strings.Repeat(", {name: l}", 64), ", ")
	obj := live(t, "kind: Gateway\nspec: {listeners: ["+listeners+"]}\nstatus: {listeners: ["+strings.TrimPrefix(conditions, ", ")+"]}\n")
	missing := readinesses()["Gateway"].of(obj)
	if len(missing) != mostMissing+1 || missing[mostMissing] != "and 46 more" {
		t.Errorf("want %d lines and how many more, got %d: %q", mostMissing, len(missing), missing[len(missing)-1])
	}
	for _, line := range missing {
		if n := len([]rune(line)); n > mostMessage+100 {
			t.Errorf("want a short line, got %d characters", n)
		}
	}
}

func TestAnswersTo(t *testing.T) {
	cases := map[string]struct {
		reason    string
		hostnames []string
		hostname  string
		want      bool
	}{
		"None":       {"A route without hostnames answers to all of its listeners.", nil, "a.example.com", true},
		"Same":       {"Letters have no case.", []string{"A.example.com"}, "a.Example.com", true},
		"Other":      {"Another name.", []string{"b.example.com"}, "a.example.com", false},
		"Wild":       {"A wildcard stands for a label.", []string{"*.example.com"}, "a.example.com", true},
		"WildLabels": {"Or for several.", []string{"*.example.com"}, "a.b.example.com", true},
		"WildBare":   {"But not for none.", []string{"*.example.com"}, "example.com", false},
		"WildItself": {"It can be asked for as it is written.", []string{"*.example.com"}, "*.example.com", true},
		"WildOther":  {"It ends at a dot.", []string{"*.example.com"}, "aexample.com", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := answersTo(tc.hostnames, tc.hostname); got != tc.want {
				t.Errorf("%s: got %t, want %t", tc.reason, got, tc.want)
			}
		})
	}
}
