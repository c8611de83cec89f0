package topology_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// way is what a case expects of one way in.
type way struct {
	Via, URL, Why string
	TLS, Zero     bool
	Total, Idle   streaming.Length
}

func ways(e topology.Exposure) []way {
	var out []way
	for _, entry := range e.Entries {
		w := way{Via: entry.Via, TLS: entry.TLS, Zero: entry.ScaleToZero, Total: entry.Stream.Total, Idle: entry.Stream.Idle}
		if len(entry.URLs) > 0 {
			w.URL = entry.URLs[0]
		}
		if len(entry.Why) > 0 {
			w.Why = entry.Why[0]
		}
		out = append(out, w)
	}
	return out
}

const (
	unlimited = streaming.Unlimited
	accepted  = `{type: Accepted, status: "True"`
	refused   = `{type: Accepted, status: "False"`
)

const keda = `
apiVersion: v1
kind: Service
metadata: {name: keda-add-ons-http-interceptor-proxy, namespace: keda}
spec: {ports: [{name: proxy, port: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: i, namespace: keda, labels: {kubernetes.io/service-name: keda-add-ons-http-interceptor-proxy}}
addressType: IPv4
endpoints: [{addresses: [10.0.1.1]}]
---
apiVersion: v1
kind: Service
metadata: {name: asleep, namespace: team}
spec: {ports: [{port: 80}]}
---
apiVersion: http.keda.sh/v1beta1
kind: InterceptorRoute
metadata: {name: asleep, namespace: team}
spec: {target: {service: asleep, port: 80}, rules: [{hosts: [mcp.example.com], paths: [{value: /mcp}]}], timeouts: {request: 3h}}
`

const grant = `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: g, namespace: keda}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: team}]
  to: [{group: "", kind: Service, name: keda-add-ons-http-interceptor-proxy}]
`

func TestExposureViaGateway(t *testing.T) {
	http := way{Via: "Gateway", URL: "http://mcp.example.com/mcp", Total: unlimited, Idle: unlimited}
	https := way{Via: "Gateway", URL: "https://mcp.example.com/mcp", TLS: true, Total: unlimited, Idle: unlimited}
	because := func(why string) []way {
		a, b := http, https
		a.Why, b.Why = why, why
		return []way{a, b}
	}
	toInterceptor := []string{"{name: mcp, port: 3456}", "{name: keda-add-ons-http-interceptor-proxy, namespace: keda, port: 8080}"}
	zero := func(w way) way {
		w.Zero, w.Total = true, "3h"
		return w
	}
	cases := map[string]struct {
		reason  string
		service string
		objects []string
		ways    []way
		misses  []string
	}{
		"Works": {"Both listeners take the route", "mcp", []string{platform, route()}, []way{http, https}, nil},
		"OtherHost": {
			"The listener of https answers to other names",
			"mcp",
			[]string{platform, route("mcp.example.com", "mcp.example.org")},
			[]way{{Via: "Gateway", URL: "http://mcp.example.org/mcp", Total: unlimited, Idle: unlimited}},
			nil,
		},
		"NoHost": {
			"The route takes over the names of the listeners; a pattern is no URL",
			"mcp",
			[]string{platform, route("  hostnames: [mcp.example.com]\n", "")},
			[]way{{Via: "Gateway", URL: "http://192.0.2.1/mcp", Total: unlimited, Idle: unlimited}, {Via: "Gateway", TLS: true, Total: unlimited, Idle: unlimited}},
			nil,
		},
		"Section": {"Only the listener that is named", "mcp", []string{platform, route("namespace: gateways}", "namespace: gateways, sectionName: https}")}, []way{https}, nil},
		"Refused": {
			"The controller does not accept it",
			"mcp",
			[]string{platform, route(accepted+", reason: Accepted, message: \"\"", refused+", reason: UnsupportedValue, message: no timeouts")},
			nil,
			[]string{`Gateway "gateways/eg" does not accept it (UnsupportedValue: no timeouts)`},
		},
		"Unanswered": {
			"By the rules it fits, and nobody has taken it",
			"mcp",
			[]string{platform, unanswered()},
			nil,
			[]string{`no controller has accepted it for Gateway "gateways/eg"`},
		},
		"Stale": {
			"What was said of an older generation says nothing",
			"mcp",
			[]string{platform, route("generation: 1}", "generation: 2}")},
			nil,
			[]string{`no controller has accepted it for Gateway "gateways/eg" (Stale: the controller has not looked at the newest generation yet)`},
		},
		"OtherSpeaks": {
			"A controller that does not serve the Gateway is not asked",
			"mcp",
			[]string{platform, route("controllerName: gateway.envoyproxy.io/gatewayclass-controller", "controllerName: traefik.io/gateway-controller")},
			nil,
			[]string{`no controller has accepted it for Gateway "gateways/eg"`},
		},
		"NoGateway": {
			"The Gateway is not there",
			"mcp",
			[]string{platform, unanswered("name: eg,", "name: missing,")},
			nil,
			[]string{`no controller has accepted it for Gateway "gateways/missing": Gateway "gateways/missing" does not exist`},
		},
		"NoListener": {
			"A name that no listener has",
			"mcp",
			[]string{platform, unanswered("namespace: gateways}", "namespace: gateways, sectionName: tls}")},
			nil,
			[]string{`no controller has accepted it for Gateway "gateways/eg": no listener of the Gateway has the name or port that the route asks for`},
		},
		"NotAllowed": {
			"The namespace does not have the label",
			"mcp",
			[]string{platform, unanswered("namespace: team", "namespace: other", "namespace: gateways}", "namespace: gateways, sectionName: https}", "{name: mcp,", "{name: mcp, namespace: team,")},
			nil,
			[]string{`no controller has accepted it for Gateway "gateways/eg": no listener allows HTTPRoutes of namespace "other"`},
		},
		"NoHostInCommon": {
			"The listener answers to other names",
			"mcp",
			[]string{platform, unanswered("namespace: gateways}", "namespace: gateways, port: 443}", "mcp.example.com", "example.com")},
			nil,
			[]string{`no controller has accepted it for Gateway "gateways/eg": no listener answers to a hostname of the route`},
		},
		"Believed": {
			"A controller that accepts against the rules is believed",
			"mcp",
			[]string{platform, route("mcp.example.com", "example.com", "namespace: gateways}", "namespace: gateways, sectionName: https}")},
			[]way{{Via: "Gateway", URL: "https://example.com/mcp", TLS: true, Total: unlimited, Idle: unlimited}},
			nil,
		},
		"NoPort": {"The Service has another port", "mcp", []string{platform, route("port: 3456", "port: 80")}, because(`Service "team/mcp" has no port 80`), nil},
		"NoEndpoints": {
			"Nobody is ready",
			"lonely",
			[]string{platform, route("{name: mcp, port: 3456}", "{name: lonely, port: 80}"), "apiVersion: v1\nkind: Service\nmetadata: {name: lonely, namespace: team}\nspec: {ports: [{port: 80}]}"},
			because(`Service "team/lonely" has no ready endpoints`),
			[]string{"none of its endpoints is ready"},
		},
		"NotProgrammed": {
			"The Gateway is not there yet",
			"mcp",
			[]string{platform + "---\n" + `{apiVersion: v1, kind: Namespace, metadata: {name: x}}`, route("name: eg,", "name: new,"), newGateway},
			[]way{{Via: "Gateway", URL: "http://mcp.example.com/mcp", Why: "the Gateway is not programmed (AddressNotAssigned: none free)", Total: unlimited, Idle: unlimited}},
			nil,
		},
		"NoWeight": {
			"Weight 0 gets nothing",
			"mcp",
			[]string{platform, route("port: 3456}", "port: 3456, weight: 0}")},
			nil,
			[]string{"a rule names the Service with weight 0, so it gets no requests"},
		},
		"Default": {
			"Without timeouts Envoy cuts",
			"mcp",
			[]string{platform, route("      timeouts: {request: 0s, backendRequest: 0s}\n", "")},
			[]way{{Via: "Gateway", URL: http.URL, Total: "15s", Idle: "5m"}, {Via: "Gateway", URL: https.URL, TLS: true, Total: "15s", Idle: "5m"}},
			nil,
		},
		"Policies": {
			"The policies of route and listener count, refused ones do not",
			"mcp",
			[]string{platform, route(), policies},
			[]way{{Via: "Gateway", URL: http.URL, Total: unlimited, Idle: "30m"}, {Via: "Gateway", URL: https.URL, TLS: true, Total: unlimited, Idle: "30m"}},
			nil,
		},
		"Interceptor": {"KEDA holds requests until a pod is there", "asleep", []string{platform, keda, grant, route(toInterceptor...)}, []way{zero(http), zero(https)}, nil},
		"NoInterceptor": {
			"Nothing sends to the interceptor",
			"asleep",
			[]string{platform, keda, grant},
			nil,
			[]string{"no route sends its hosts to KEDA's interceptor", "none of its endpoints is ready"},
		},
		"InterceptorOtherHost": {
			"The interceptor knows other hosts",
			"asleep",
			[]string{platform, keda, grant, route(append(toInterceptor, "mcp.example.com", "a.example.com")...)},
			nil,
			[]string{"no route sends its hosts to KEDA's interceptor", "none of its endpoints is ready"},
		},
		"NoGrant": {
			"The interceptor's namespace has to grant it",
			"asleep",
			[]string{platform, keda, route(append(toInterceptor, `ResolvedRefs, status: "True", reason: ResolvedRefs`, `ResolvedRefs, status: "False", reason: RefNotPermitted`)...)},
			nil,
			[]string{`no ReferenceGrant in namespace "keda" lets HTTPRoutes of namespace "team" refer to Service "keda-add-ons-http-interceptor-proxy"`, "none of its endpoints is ready"},
		},
		"GrantBelieved": {"The controller has found a grant that we have not", "asleep", []string{platform, keda, route(toInterceptor...)}, []way{zero(http), zero(https)}, nil},
		"Unresolved": {
			"A reason that we cannot see counts",
			"mcp",
			[]string{platform, route(`ResolvedRefs, status: "True", reason: ResolvedRefs, message: ""`, `ResolvedRefs, status: "False", reason: UnsupportedProtocol, message: h2c`)},
			because("the route refers to something that cannot be used (UnsupportedProtocol: h2c)"),
			nil,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := of(t, tc.objects...).Exposure("team", tc.service)
			if diff := cmp.Diff(tc.ways, ways(got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: ways in (-want +got):\n%s", tc.reason, diff)
			}
			var misses []string
			for _, m := range got.NearMisses {
				misses = append(misses, m.Why)
			}
			if diff := cmp.Diff(tc.misses, misses); diff != "" {
				t.Errorf("%s: near misses (-want +got):\n%s", tc.reason, diff)
			}
			for _, entry := range got.Entries {
				if entry.Works != (len(entry.Why) == 0) {
					t.Errorf("want a reason exactly where it does not work, got %+v", entry)
				}
			}
		})
	}
}

const newGateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: new, namespace: gateways}
spec: {gatewayClassName: eg, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]}
status:
  conditions:
    - {type: Accepted, status: "True", reason: Accepted, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}
    - {type: Programmed, status: "False", reason: AddressNotAssigned, message: none free, lastTransitionTime: "2026-01-01T00:00:00Z"}
`

const policies = `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: ClientTrafficPolicy
metadata: {name: c, namespace: gateways}
spec: {targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: eg}, timeout: {http: {streamIdleTimeout: 30m}}}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: refused, namespace: team}
spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: mcp}], timeout: {http: {streamIdleTimeout: 1s}}}
status: {ancestors: [{ancestorRef: {name: eg}, controllerName: c, conditions: [{type: Accepted, status: "False", reason: Conflicted, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}]}]}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: elsewhere, namespace: other}
spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: mcp}], timeout: {http: {streamIdleTimeout: 2s}}}
`

const ingress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: mcp, namespace: team, annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "7200"}}
spec:
  ingressClassName: nginx
  tls: [{hosts: [mcp.example.com], secretName: x}]
  rules:
    - {host: mcp.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: mcp, port: {name: http}}}}]}}
    - {host: plain.example.com, http: {paths: [{path: /mcp, pathType: Exact, backend: {service: {name: mcp, port: {number: 3456}}}}]}}
status: {loadBalancer: {ingress: [{ip: 192.0.2.2}]}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: lost, namespace: team}
spec:
  ingressClassName: missing
  rules: [{host: lost.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: mcp, port: {number: 3456}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: google, namespace: team, annotations: {kubernetes.io/ingress.class: gce}}
spec: {defaultBackend: {service: {name: mcp, port: {number: 3456}}}}
---
apiVersion: v1
kind: Service
metadata: {name: direct, namespace: team}
spec: {type: LoadBalancer, ports: [{port: 443, nodePort: 30443}, {port: 8080, nodePort: 30080}, {port: 53, protocol: UDP}]}
status: {loadBalancer: {ingress: [{hostname: lb.example.net}]}}
---
apiVersion: v1
kind: Service
metadata: {name: nodes, namespace: team}
spec: {type: NodePort, ports: [{port: 80, nodePort: 30081}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: direct-1, namespace: team, labels: {kubernetes.io/service-name: direct}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.9]}]
`

func TestExposureWithoutGateway(t *testing.T) {
	s := of(t, platform, ingress)
	cases := map[string]struct {
		reason, service string
		want            []way
	}{
		"Ingress": {"Hosts with and without TLS; an annotation as class; no IngressClass", "mcp", []way{
			{Via: "Ingress", URL: "https://mcp.example.com/", TLS: true, Total: unlimited, Idle: "2h"},
			{Via: "Ingress", URL: "http://plain.example.com/mcp", Total: unlimited, Idle: "2h"},
			{Via: "Ingress", Why: "the Ingress has no address: no controller has taken it yet", Total: "30s", Idle: unlimited},
		}},
		"LoadBalancer": {"TCP ports only", "direct", []way{
			{Via: "LoadBalancer", URL: "http://lb.example.net:8080/", Total: unlimited, Idle: streaming.Unknown},
			{Via: "LoadBalancer", URL: "https://lb.example.net/", TLS: true, Total: unlimited, Idle: streaming.Unknown},
		}},
		"NodePort": {"Nobody is ready", "nodes", []way{
			{Via: "NodePort", URL: "http://NODE:30081/", Why: `Service "team/nodes" has no ready endpoints`, Total: unlimited, Idle: streaming.Unknown},
		}},
		"Nothing": {"A Service that does not exist", "none", nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := s.Exposure("team", tc.service)
			if diff := cmp.Diff(tc.want, ways(got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if got.Found != (tc.service != "none") {
				t.Errorf("want found to say whether it is there, got %t", got.Found)
			}
		})
	}
	misses := s.Exposure("team", "mcp").NearMisses
	if len(misses) != 1 || misses[0].Why != `IngressClass "missing" does not exist` {
		t.Errorf("want the Ingress of no class as near miss, got %+v", misses)
	}
}
