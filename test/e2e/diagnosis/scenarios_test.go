package diagnosis

import (
	"context"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// A scenario is a broken cluster of internal/diagnose/testdata. Every text in it that
// names something of a cluster (hosts, namespaces, Gateways) gets the scenario's name, so
// that all of them fit into one cluster.
type scenario struct {
	reason string
	// of is the folder of testdata, which has the name of the check; empty: the name of
	// the scenario.
	of string
	// without are documents that are left out, as KIND/NAME, and more is what is added.
	without []string
	more    string
	// replace is pairs of texts in the files.
	replace []string
	// certificates for Secrets of type kubernetes.io/tls in namespace infra, by name:
	// those that the files have, too, as nobody has the keys of these.
	certificates map[string]certificate
	// made are kinds of objects in the files that a controller makes in a cluster.
	made []string
	// pods run behind the routes. Else the backends are a server of the test.
	pods bool
	// believed are checks that find something in the files only: this controller takes
	// what is found there, and is believed.
	believed []string
	// stays is what else is wrong, and is not mended.
	stays []string
	// beside is what else is wrong in a cluster only.
	beside []string
	// undo breaks what a controller has made.
	undo func(context.Context, *plane.Plane, *settled) error
	// ways get through once the findings are mended, and not before.
	ways []string
	// open ways get through before, too.
	open []string
}

// certificate of a test: what it is for, and for how many hours yet.
type certificate struct {
	host  string
	hours int
}

// Parts of scenarios whose files have no route.
const (
	web = `
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: infra}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: infra, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: infra}
spec:
  parentRefs: [{name: GATEWAY}]
  hostnames: [web.example.com]
  rules: [{backendRefs: [{name: web, port: 80}]}]
`
	classes = `
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik}
spec: {controller: traefik.io/ingress-controller}
`
	// secret is one that has nothing to do with anything: with it, files say which there are.
	secret = `
---
apiVersion: v1
kind: Secret
metadata: {name: other, namespace: infra}
`
	// gone is left out where there is no cert-manager.
	gone = "ClusterIssuer/letsencrypt"
)

const (
	overHTTP  = "http://web.example.com/"
	overHTTPS = "https://web.example.com/"
	month     = 24 * 60
	// soon is when a certificate is over that nobody renews: it has lasted for two days.
	soon = 6
)

// scenarios are those that the API server accepts and this controller judges. Left out:
// route-not-accepted and two equal listeners, which the API server refuses;
// listener-set-not-allowed, as this Gateway API has no ListenerSets; gateway-no-address and
// parameters of classes and Gateways, which Traefik has not; timeout-refused and
// stream-cut, which are about other controllers.
func scenarios() map[string]scenario {
	return map[string]scenario{
		"gateway-class-missing": {
			reason: "the class is mistyped", more: web, replace: []string{"GATEWAY", "eg"}, ways: []string{overHTTP},
		},
		"gateway-class-not-accepted": {
			reason: "Traefik takes any parameters, so only the class with a mistyped controller is left",
			more:   web,
			replace: []string{
				"GATEWAY", "old", "name: traefik", "name: mistyped-gateway-class-not-accepted",
				"gatewayClassName: traefik", "gatewayClassName: mistyped-gateway-class-not-accepted",
				"  parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, namespace: infra, name: gone}\n", "",
				`"False", reason: InvalidParameters`, `"True", reason: Accepted`,
			},
			ways: []string{overHTTP},
		},
		"gateway-not-accepted": {
			reason: "Traefik takes any parameters, so only the kinds of routes are left", without: []string{"Gateway/eg"},
			more: web, replace: []string{"GATEWAY", "kinds"}, ways: []string{overHTTP},
		},
		"listener-conflict": {
			reason: "the API server refuses the other pair", without: []string{"Gateway/same"},
			more: web + secret, replace: []string{"GATEWAY", "port"}, stays: []string{"secret-missing"}, open: []string{overHTTP},
		},
		"listener-conflict-believed": {
			reason: "Traefik speaks HTTP and HTTPS on one port, and says so once there is a certificate", of: "listener-conflict",
			without: []string{"Gateway/same"}, more: web, replace: []string{"GATEWAY", "port"},
			certificates: map[string]certificate{"web-tls": {"web.example.com", month}},
			believed:     []string{"listener-conflict"},
		},
		"listener-protocol": {
			reason: "there is an entry point for 443, not for 8443", more: web,
			replace:      []string{"GATEWAY", "eg", "port: 8443", "port: 443"},
			certificates: map[string]certificate{"web-tls": {"web.example.com", month}},
			ways:         []string{overHTTP, overHTTPS},
		},
		"secret-missing": {
			reason: "there is no cert-manager", without: []string{gone, "Gateway/shop"}, more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.com", month}}, ways: []string{overHTTPS},
		},
		"secret-not-granted": {
			reason: "the Secret is in another namespace", more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"team/web-tls": {"*.example.com", month}}, ways: []string{overHTTPS},
		},
		"secret-wrong-type": {
			reason: "what is in the Secret is no key", without: []string{gone}, more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.com", month}}, ways: []string{overHTTPS},
		},
		"secret-wrong-type-believed": {
			reason: "Traefik takes a Secret of any type that holds a certificate and its key", of: "secret-wrong-type",
			without: []string{gone}, more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web": {"*.example.com", month}},
			believed:     []string{"secret-wrong-type"}, open: []string{overHTTPS},
		},
		"certificate-expired": {
			reason: "there is no cert-manager, but another certificate", without: []string{gone}, more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.com", -1}, "other": {"*.example.com", month}}, ways: []string{overHTTPS},
		},
		"certificate-expiring": {
			reason: "there is a newer certificate, and the old one is good yet", more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.com", soon}, "web-tls-2027": {"*.example.com", month}}, open: []string{overHTTPS},
		},
		"certificate-hostname": {
			reason: "there is no cert-manager, but another certificate", without: []string{gone}, more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.org", month}, "other": {"*.example.com", month}}, ways: []string{overHTTPS},
		},
		"route-parent-missing":  {reason: "the namespace of the Gateway is missing", ways: []string{overHTTP}},
		"route-section-missing": {reason: "the name is mistyped", certificates: map[string]certificate{"web-tls": {"*.example.com", month}}, ways: []string{overHTTPS}},
		"route-port-mismatch":   {reason: "no listener is on that port", ways: []string{overHTTP}},
		"route-kind-not-allowed": {
			reason: "the listener takes GRPCRoutes only", ways: []string{overHTTP},
		},
		"route-namespace-not-allowed": {
			reason:  "by default, by a label and by name; each route has a host of its own, as Traefik knows no borders between Gateways",
			replace: []string{"hostnames: [web.example.com]", "hostnames: [ROUTE.example.com]"},
			ways:    []string{overHTTP, "http://public.example.com/", "http://listed.example.com/"},
		},
		"route-hostname-mismatch": {reason: "the hostname is mistyped", ways: []string{overHTTP}},
		"route-not-resolved":      {reason: "the backend is a Deployment", pods: true, ways: []string{"http://web.example.com/healthz"}},
		"route-conflict":          {reason: "the winner is served before and after", open: []string{"http://web.example.com/api", "http://web.example.com/health"}},
		"backend-missing": {
			reason: "one is mistyped, one has no Service", pods: true,
			ways: []string{"http://web.example.com/healthz", "http://api.example.com/healthz"},
		},
		"backend-port":        {reason: "the port of the pod is not that of the Service", ways: []string{overHTTP}},
		"backend-not-granted": {reason: "the Service is in another namespace", ways: []string{overHTTP}},
		"backend-no-endpoints": {
			reason: "one Service selects no pods, one Deployment has none", pods: true,
			ways: []string{"http://web.example.com/healthz", "http://api.example.com/healthz"},
		},
		"timeout-ignored": {reason: "Traefik ignores them, and says nothing", open: []string{overHTTP}},
		"ingress-class":   {reason: "the class is mistyped; one that is not named cannot be guessed", more: classes, ways: []string{overHTTP}},
		"ingress-and-route": {
			reason: "both lead to the same Service; only the class with the controller's own name gets addresses here",
			replace: []string{
				"{name: nginx}\nspec: {controller: k8s.io/ingress-nginx}", "{name: traefik}\nspec: {controller: traefik.io/ingress-controller}",
				"ingressClassName: nginx", "ingressClassName: traefik",
			},
			open: []string{overHTTP},
		},
	}
}
