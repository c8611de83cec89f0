package topology_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// contest is two routes at one listener, of which the first is asked about the winner of a
// request.
type contest struct {
	reason string
	// first and second are the rules of routes a/first and b/second.
	first, second string
	hosts         [2]string
	created       [2]string
	request       topology.Request
	// winner is the name of the route, and why it wins.
	winner, why string
}

func (c contest) claims(t *testing.T, kind string) []topology.Claim {
	t.Helper()
	var text strings.Builder
	for i, rules := range []string{c.first, c.second} {
		host, created := c.hosts[i], c.created[i]
		if host == "" {
			host = "web.example.com"
		}
		if created == "" {
			created = "2026-01-01T00:00:00Z"
		}
		fmt.Fprintf(&text, "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: %s, metadata: {name: %s, namespace: %s, creationTimestamp: %q}, spec: {hostnames: [%q], rules: %s}}\n",
			kind, []string{"first", "second"}[i], []string{"a", "b"}[i], created, host, rules)
	}
	s, err := topology.FromFiles([]topology.File{{Name: "routes.yaml", Data: []byte(text.String())}})
	if err != nil {
		t.Fatal(err)
	}
	return topology.Claims(s.Facts(), c.request, func(f *topology.Facts) []string { return f.Hostnames })
}

func (c contest) check(t *testing.T, kind string) {
	t.Helper()
	claims := c.claims(t, kind)
	if c.winner == "" {
		if len(claims) > 0 {
			t.Errorf("%s: want nobody to get it, got %s", c.reason, claims[0].Route.Ref.Name)
		}
		return
	}
	if len(claims) == 0 {
		t.Fatalf("%s: nobody gets it", c.reason)
	}
	why := ""
	if len(claims) > 1 {
		_, why = topology.Precedence(claims[0], claims[1])
	}
	if claims[0].Route.Ref.Name != c.winner || !strings.Contains(why, c.why) || (c.why == "") != (why == "") {
		t.Errorf("%s: want %s as it %q, got %s as it %q", c.reason, c.winner, c.why, claims[0].Route.Ref.Name, why)
	}
}

func get(path string) topology.Request {
	return topology.Request{Host: "web.example.com", Path: path, Method: "GET"}
}

func rule(match string) string { return "[{matches: [" + match + "]}]" }

func prefix(value string) string {
	return rule(fmt.Sprintf("{path: {type: PathPrefix, value: %q}}", value))
}

// The rules of https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule (matches), one
// after the other.
func TestHTTPPrecedence(t *testing.T) {
	cases := map[string]contest{
		"Host": {
			reason: "The host comes before everything else.", first: prefix("/a/b"), second: prefix("/"), hosts: [2]string{"*.example.com", ""}, request: get("/a/b"), winner: "second", why: "hostname",
		},
		"Wildcards": {
			reason: "Of two wildcards the longer one.", first: prefix("/"), second: prefix("/"), hosts: [2]string{"*.com", "*.example.com"}, request: get("/"), winner: "second", why: "hostname",
		},
		"ExactPath":  {reason: "An exact path, even a shorter rule.", first: prefix("/a"), second: rule("{path: {type: Exact, value: /a}}"), request: get("/a"), winner: "second", why: "exactly"},
		"LongerPath": {reason: "The longer prefix.", first: prefix("/"), second: prefix("/a"), request: get("/a/b"), winner: "second", why: "more of the path"},
		"Slash":      {reason: "A trailing slash makes no prefix longer.", first: prefix("/a"), second: prefix("/a/"), request: get("/a/b"), winner: "first", why: "by name"},
		"Elements":   {reason: "A prefix is made of whole elements.", first: prefix("/ab"), second: prefix("/a"), request: get("/abc"), winner: ""},
		"Expression": {
			reason: "Expressions before prefixes, as Envoy Gateway does.", first: prefix("/a"), second: rule(`{path: {type: RegularExpression, value: "/.*"}}`),
			request: get("/a"), winner: "second", why: "up to the controller",
		},
		"Whole":       {reason: "An expression takes all of a path.", first: rule(`{path: {type: RegularExpression, value: "/a"}}`), second: prefix("/b"), request: get("/ab"), winner: ""},
		"BadRegexp":   {reason: "What cannot be read takes nothing.", first: rule(`{path: {type: RegularExpression, value: "("}}`), second: prefix("/b"), request: get("/a"), winner: ""},
		"Method":      {reason: "A method.", first: prefix("/"), second: rule("{method: GET}"), request: get("/"), winner: "second", why: "method"},
		"OtherMethod": {reason: "Not another one.", first: prefix("/"), second: rule("{method: POST}"), request: get("/"), winner: "first"},
		"Query": {
			reason: "More query parameters.", first: prefix("/"), second: rule("{queryParams: [{name: a, value: b}]}"),
			request: topology.Request{Host: "web.example.com", Path: "/", Query: map[string]string{"a": "b"}}, winner: "second", why: "query",
		},
		"Headers": {
			reason: "More headers, by name in any case and value by expression.", first: rule("{headers: [{name: X-A, value: b}]}"),
			second:  rule(`{headers: [{name: x-a, value: b}, {name: X-C, type: RegularExpression, value: "[a-z]+"}]}`),
			request: topology.Request{Host: "WEB.example.com", Path: "/", Headers: map[string]string{"x-a": "b", "x-c": "def"}}, winner: "second", why: "more headers",
		},
		"HeaderTwice": {
			reason: "Of two entries for one header the first counts.", first: rule("{headers: [{name: X-A, value: b}, {name: x-a, value: c}]}"), second: prefix("/b"),
			request: topology.Request{Host: "web.example.com", Path: "/", Headers: map[string]string{"x-a": "b"}}, winner: "first",
		},
		"Older": {
			reason: "The older route.", first: prefix("/"), second: prefix("/"), created: [2]string{"2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"}, request: get("/"), winner: "second", why: "older",
		},
		"Name":    {reason: "The name.", first: prefix("/"), second: prefix("/"), request: get("/"), winner: "first", why: "by name"},
		"InRoute": {reason: "The rule that stands first.", first: "[{matches: [{method: GET}]}, {matches: [{method: GET}]}]", second: prefix("/b"), request: get("/"), winner: "first", why: "stands first"},
		"NoMatch": {reason: "A rule without matches takes everything.", first: "[{}]", second: prefix("/b"), request: get("/a"), winner: "first"},
		"NoHost":  {reason: "A call by address is for nobody who asks for a name.", first: prefix("/"), second: prefix("/"), request: topology.Request{Path: "/"}, winner: ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { tc.check(t, "HTTPRoute") })
	}
}

// https://gateway-api.sigs.k8s.io/reference/spec/#grpcrouterule (matches)
func TestGRPCPrecedence(t *testing.T) {
	call := topology.Request{Host: "web.example.com", Path: "/shop.Stock/Watch", Method: "POST", Headers: map[string]string{"a": "b"}}
	cases := map[string]contest{
		"Service": {reason: "More of the service.", first: rule("{method: {method: Watch}}"), second: rule("{method: {service: shop.Stock}}"), request: call, winner: "second", why: "service"},
		"Method": {
			reason: "More of the method.", first: rule("{method: {service: shop.Stock}}"), second: rule("{method: {service: shop.Stock, method: Watch}}"), request: call, winner: "second", why: "method",
		},
		"Headers": {
			reason: "More headers.", first: rule("{method: {service: shop.Stock}}"), second: rule("{method: {service: shop.Stock}, headers: [{name: A, value: b}]}"),
			request: call, winner: "second", why: "headers",
		},
		"Other": {reason: "Another method.", first: rule("{method: {service: shop.Stock, method: List}}"), second: rule("{method: {service: shop}}"), request: call, winner: ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { tc.check(t, "GRPCRoute") })
	}
}

// Of the listeners on one port the one with the most specific hostname takes a host.
func TestYields(t *testing.T) {
	const gateway = `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: a}, spec: {gatewayClassName: c, listeners: [
  {name: any, port: 443, protocol: HTTPS}, {name: wild, port: 443, protocol: HTTPS, hostname: "*.example.com"},
  {name: exact, port: 443, protocol: HTTPS, hostname: web.example.com}, {name: plain, port: 443, protocol: HTTP, hostname: web.example.com},
  {name: other, port: 8443, protocol: HTTPS, hostname: web.example.com}]}}`
	s, err := topology.FromFiles([]topology.File{{Name: "gateway.yaml", Data: []byte(gateway)}})
	if err != nil {
		t.Fatal(err)
	}
	all := s.Listeners()
	for host, want := range map[string]string{
		"web.example.com": "any to wild, any to exact, wild to exact", "api.example.com": "any to wild", "example.com": "", "": "",
	} {
		var got []string
		for _, l := range all {
			for _, other := range all {
				if l.Yields(other, host) {
					got = append(got, fmt.Sprintf("%s to %s", l.Name, other.Name))
				}
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: want %q, got %q", host, want, got)
		}
	}
}

func TestEndpointsAndAround(t *testing.T) {
	const objects = `
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: a}, spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: admin, port: 81}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: x, namespace: a, labels: {kubernetes.io/service-name: web}}, addressType: IPv4,
 ports: [{name: http, port: 8080}, {name: admin, port: 9090}],
 endpoints: [{addresses: [10.0.0.2], conditions: {ready: false}}, {addresses: [10.0.0.1]}]}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: x2, namespace: a, labels: {kubernetes.io/service-name: web}}, addressType: IPv4,
 ports: [{name: http, port: 8080}, {name: admin, port: 9090}], endpoints: [{addresses: [10.0.0.1]}]}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, namespace: a}, spec: {selector: {}, template: {metadata: {labels: {app: web, tier: front}}, spec: {containers: []}}}}
---
{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: mine, namespace: a}, spec: {scaleTargetRef: {kind: StatefulSet, name: web}}}
---
{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: other, namespace: a}, spec: {scaleTargetRef: {name: web}}}
---
{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: mine, namespace: m}, spec: {namespaceSelector: {any: true}, selector: {matchLabels: {tier: front}}}}
---
{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: other, namespace: m}, spec: {selector: {matchLabels: {tier: front}}}}
---
{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: third, namespace: a}, spec: {selector: {matchLabels: {tier: back}}}}
`
	s, err := topology.FromFiles([]topology.File{{Name: "objects.yaml", Data: []byte(objects)}})
	if err != nil {
		t.Fatal(err)
	}
	web := topology.Key{Namespace: "a", Name: "web"}
	if got, want := fmt.Sprint(s.Endpoints(web, 81)), "[{10.0.0.1 9090  true} {10.0.0.2 9090  false}]"; got != want {
		t.Errorf("want each endpoint once, the ready one first, with the port of the name: %s, got %s", want, got)
	}
	scalers, monitors := s.Around().Of(s.Objects.Services.Get("a", "web"))
	if len(scalers) != 1 || scalers[0].GetName() != "mine" || len(monitors) != 1 || monitors[0].GetName() != "mine" {
		t.Errorf("want what scales the workload and what scrapes its pods, got %v %v", scalers, monitors)
	}
}
