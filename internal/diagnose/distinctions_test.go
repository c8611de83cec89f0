package diagnose_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// route is an HTTPRoute of namespace team at Gateway gw, with these rules.
func route(rules string) string {
	return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: team, generation: 1}\n" +
		"spec: {parentRefs: [{name: gw}], hostnames: [web.example.com], rules: [" + rules + "]}\n"
}

const (
	empty = "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: other, namespace: team}\naddressType: IPv4\n"
	good  = `---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: traefik, generation: 1}
spec: {controllerName: traefik.io/gateway-controller}
status: {conditions: [{type: Accepted, status: "True", reason: Accepted, observedGeneration: 1}]}
`
	scaled = `---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web, namespace: team}
spec:
  scaleTargetRef: {name: web}
  minReplicaCount: 0
  triggers: [{type: prometheus, metadata: {query: 'sum(rate(%s[1m]))'}}]
`
	ingress = `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: team}
spec: {rules: [{host: web.example.com, http: {paths: [{path: %s, pathType: %s, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`
	unserved = `---
apiVersion: v1
kind: Service
metadata: {name: keda-metrics-apiserver, namespace: keda}
spec: {selector: {app: keda-metrics-apiserver}, ports: [{name: https, port: 443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: keda-metrics-apiserver, namespace: keda, generation: 1}
spec: {replicas: 0, selector: {matchLabels: {app: keda-metrics-apiserver}}, template: {metadata: {labels: {app: keda-metrics-apiserver}}}}
status: {observedGeneration: 1}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.external.metrics.k8s.io}
spec: {group: external.metrics.k8s.io, version: v1beta1, service: {namespace: keda, name: keda-metrics-apiserver}}
status: {conditions: [{type: Available, status: "False", reason: MissingEndpoints}]}
`
	monitor = `---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: web, namespace: team, labels: {team: a}}
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: team}
spec: {podMonitorSelector: {matchLabels: {team: b}}}
`
)

func gatewaySince(created, status string) string {
	return good + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: team, generation: 1, creationTimestamp: \"" + created + "\"}\n" +
		"spec: {gatewayClassName: traefik, listeners: [{name: http, port: 80, protocol: HTTP}]}\nstatus: {" + status + "}\n"
}

// selecting is a Gateway of namespace infra that lets in some namespaces, a route of another
// one to it, and what a controller says of that.
func selecting(namespaces, told string) string {
	if told != "" {
		told = "\nstatus: {parents: [{parentRef: {name: gw, namespace: infra}, controllerName: traefik.io/gateway-controller, conditions: [" + told + "]}]}"
	}
	return good + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra, generation: 1}\n" +
		"spec: {gatewayClassName: traefik, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: " + namespaces + "}}]}\n" +
		"---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: team, generation: 1}\n" +
		"spec: {parentRefs: [{name: gw, namespace: infra}], rules: [{backendRefs: [{name: web, port: 80}]}]}" + told + "\n"
}

// selectingSets is a Gateway that lets in the ListenerSets of some namespaces, and one of
// another namespace.
func selectingSets(namespaces string) string {
	return good + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra, generation: 1}\n" +
		"spec: {gatewayClassName: traefik, allowedListeners: {namespaces: " + namespaces + "}, listeners: [{name: http, port: 80, protocol: HTTP}]}\n" +
		"---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: own, namespace: team, generation: 1}\n" +
		"spec: {parentRef: {name: gw, namespace: infra}, listeners: [{name: own, port: 8080, protocol: HTTP}]}\n"
}

// secured is a Gateway with TLS, whose Secret is in no file.
func secured(annotations string) string {
	return good + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: team, annotations: " + annotations + "}\n" +
		"spec: {gatewayClassName: traefik, listeners: [{name: https, port: 443, protocol: HTTPS, hostname: web.example.com, tls: {certificateRefs: [{name: web-tls}]}}]}\n" +
		"---\napiVersion: v1\nkind: Secret\nmetadata: {name: other, namespace: team}\n"
}

// TestFineDistinctions has what looks broken and is not, beside what is.
func TestFineDistinctions(t *testing.T) {
	const (
		pending  = `conditions: [{type: Accepted, status: Unknown, reason: Pending, message: "Waiting for controller"}]`
		labelled = `{from: Selector, selector: {matchLabels: {public: "yes"}}}`
		byName   = `{from: Selector, selector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [%s]}]}}`
	)
	cases := map[string]struct {
		reason, cluster string
		want            []string
	}{
		"ExternalName": {
			reason:  "a name of something outside has neither endpoints nor ports",
			cluster: "apiVersion: v1\nkind: Service\nmetadata: {name: out, namespace: team}\nspec: {type: ExternalName, externalName: example.com}\n" + empty + route("{backendRefs: [{name: out, port: 443}]}"),
		},
		"NoEndpoints": {
			reason:  "a Service of the cluster has",
			cluster: "apiVersion: v1\nkind: Service\nmetadata: {name: in, namespace: team}\nspec: {ports: [{port: 443}]}\n" + empty + route("{backendRefs: [{name: in, port: 443}]}"),
			want:    []string{"error backend-no-endpoints HTTPRoute: Give it a selector, or write EndpointSlices."},
		},
		"MirrorToNowhere": {
			reason: "the backends are fine, so the controller means the mirror",
			cluster: "apiVersion: v1\nkind: Service\nmetadata: {name: in, namespace: team}\nspec: {ports: [{port: 443}]}\n" +
				route("{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: gone, port: 1}}}], backendRefs: [{name: in, port: 443}]}") +
				`status: {parents: [{parentRef: {name: gw}, controllerName: c, conditions: [{type: ResolvedRefs, status: "False", reason: BackendNotFound, observedGeneration: 1}]}]}` + "\n",
			want: []string{"error route-not-resolved HTTPRoute: Do what the message of the controller says."},
		},
		"ShortNames": {
			reason:  "of three letters two are another word",
			cluster: "apiVersion: v1\nkind: Service\nmetadata: {name: aux, namespace: team}\nspec: {ports: [{port: 80}]}\n" + route("{backendRefs: [{name: api, port: 80}]}"),
			want:    []string{"error backend-missing HTTPRoute: Create the Service, or name one that exists."},
		},
		"ForgottenGateway": {
			reason: "the controller has had a month", cluster: gatewaySince("2026-10-21T12:00:00Z", pending),
			want: []string{`error gateway-not-programmed Gateway: See that controller "traefik.io/gateway-controller" runs, and that it looks into namespace "team".`},
		},
		"NewGateway": {reason: "ten seconds are not much", cluster: gatewaySince("2026-11-21T11:59:50Z", pending)},
		"NoAddressToTell": {
			reason:  "the controller says that it is programmed, and is believed",
			cluster: gatewaySince("2026-10-21T12:00:00Z", `conditions: [{type: Accepted, status: "True", reason: Accepted}, {type: Programmed, status: "True", reason: Programmed}]`),
			want:    []string{"warning gateway-no-address Gateway: See why the controller's load balancer gets no address: the events of its Service tell."},
		},
		"NothingToGiveAnAddressTo": {
			reason: "the one listener is refused, so Envoy Gateway makes nothing that could have an address",
			cluster: gatewaySince("2026-10-21T12:00:00Z", `conditions: [{type: Accepted, status: "True", reason: Accepted}, {type: Programmed, status: "False", reason: AddressNotAssigned}], `+
				`listeners: [{name: http, attachedRoutes: 0, supportedKinds: [], conditions: [{type: ResolvedRefs, status: "False", reason: InvalidRouteKinds}]}]`),
			want: []string{"error gateway-not-accepted Gateway: Do what the message of the controller says."},
		},
		"PortOfEnvoyGateway": {
			reason: "it has a reason of its own for what the check of ports finds",
			cluster: "apiVersion: v1\nkind: Service\nmetadata: {name: in, namespace: team}\nspec: {ports: [{port: 443}]}\n" + route("{backendRefs: [{name: in, port: 80}]}") +
				`status: {parents: [{parentRef: {name: gw}, controllerName: c, conditions: [{type: ResolvedRefs, status: "False", reason: PortNotFound, observedGeneration: 1}]}]}` + "\n",
			want: []string{"error backend-port HTTPRoute: Send to port 443."},
		},
		"OwnMetric": {
			reason: "only the workload tells it", cluster: fmt.Sprintf(scaled, `http_requests_total{service="web"}`),
			want: []string{"error scale-never-wakes ScaledObject: Keep one replica, or put KEDA's HTTP interceptor in front, which counts requests to a workload that sleeps."},
		},
		"MetricOfAMesh": {reason: "the proxies of its clients tell it", cluster: fmt.Sprintf(scaled, `request_total{direction="outbound", dst_deployment="web"}`)},
		"MetricOfKong":  {reason: "the gateway tells it", cluster: fmt.Sprintf(scaled, `kong_http_requests_total{service="web"}`)},
		"MetricsServerOfManifests": {
			reason: "KEDA's manifests call it otherwise than its chart", cluster: fmt.Sprintf(scaled, "requests_total") + unserved,
			want: []string{"error external-metrics APIService: Run one replica."},
		},
		"SamePath": {
			reason: "both have what is below /api", cluster: route("{matches: [{path: {value: /api}}], backendRefs: [{name: web, port: 80}]}") + fmt.Sprintf(ingress, "/api/v1", "Prefix"),
			want: []string{"warning ingress-and-route Ingress: Once DNS leads to the Gateway, delete the Ingress."},
		},
		"OtherElement": {reason: "/apis is not below /api", cluster: route("{matches: [{path: {value: /api}}], backendRefs: [{name: web, port: 80}]}") + fmt.Sprintf(ingress, "/apis", "Prefix")},
		"ExactRoot":    {reason: "exactly / is not below /api", cluster: route("{matches: [{path: {value: /api}}], backendRefs: [{name: web, port: 80}]}") + fmt.Sprintf(ingress, "/", "Exact")},
		"NotSelected":  {reason: "the labels differ", cluster: monitor, want: []string{"warning pod-monitor-not-selected PodMonitor: Let the Prometheus select it."}},
		"SelectedByAgent": {
			reason:  "an agent scrapes, too",
			cluster: monitor + "---\napiVersion: monitoring.coreos.com/v1alpha1\nkind: PrometheusAgent\nmetadata: {name: agent, namespace: team}\nspec: {podMonitorSelector: {}}\n",
		},
		"LabelsNotSeen":   {reason: "no file has the namespace", cluster: selecting(labelled, "")},
		"LabelsOfAnother": {reason: "another namespace says nothing of it", cluster: "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n" + selecting(labelled, "")},
		"LabelsNotSeenAndRefused": {
			reason: "the controller has seen them", cluster: selecting(labelled, told("Accepted", "False", "NotAllowedByListeners")),
			want: []string{`error route-namespace-not-allowed HTTPRoute: Give namespace "team" the labels that the Gateway asks for.`},
		},
		"LabelsNotSeenAndTaken": {reason: "the controller has seen them", cluster: selecting(labelled, told("Accepted", "True", "Accepted"))},
		"OwnNamespace": {
			reason: "no label says in which namespace a route is", cluster: selecting("{from: Same}", ""),
			want: []string{`error route-namespace-not-allowed HTTPRoute: Let namespace "team" in, besides those that are.`},
		},
		"ByName": {
			reason: "every namespace has its name as a label", cluster: selecting(fmt.Sprintf(byName, "infra"), ""),
			want: []string{`error route-namespace-not-allowed HTTPRoute: Let namespace "team" in, besides those that are.`},
		},
		"ByItsName":           {reason: "every namespace has its name as a label", cluster: selecting(fmt.Sprintf(byName, "team"), "")},
		"SetsOfLabelsNotSeen": {reason: "no file has the namespace", cluster: selectingSets(labelled)},
		"SetsOfOwnNamespace": {
			reason: "no label says in which namespace it is", cluster: selectingSets("{from: Same}"),
			want: []string{`error listener-set-not-allowed ListenerSet: Let namespace "team" in, besides those that are.`},
		},
		"MonitorOfLabelsNotSeen": {
			reason:  "no file has the namespace",
			cluster: strings.NewReplacer("team: b", "team: a", "namespace: team}\nspec: {", "namespace: infra}\nspec: {podMonitorNamespaceSelector: {matchLabels: {scrape: 'yes'}}, ").Replace(monitor),
		},
		"CertificateOfCertManager": {
			reason: "cert-manager writes the Secret, so it is told the name", cluster: otherHostname(t, "[example.org]", "True"),
			want: []string{`error certificate-hostname Gateway: Let Certificate "infra/web" ask for the hostname, too.`},
		},
		"SecretToBeIssued": {reason: "cert-manager makes it for Gateways with this annotation", cluster: secured("{cert-manager.io/cluster-issuer: letsencrypt}")},
		"SecretNotIssued": {
			reason: "nobody makes it", cluster: secured("{}"),
			want: []string{"error secret-missing Gateway: Create it: kubectl create secret tls web-tls -n team --cert FILE --key FILE."},
		},
		"CertificateOnItsWay": {reason: "it has been told", cluster: otherHostname(t, "['*.example.com']", "Unknown")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			findings, _ := looktest.Diagnosed(t, []topology.File{{Name: "cluster", Data: []byte(tc.cluster)}})
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%s %s %s: %s", f.Severity, f.Check, f.Object.Kind, f.Fix.Summary))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// otherHostname is the cluster of certificate-hostname, with a Certificate that writes the
// Secret.
func otherHostname(t *testing.T, names, ready string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/certificate-hostname/broken/cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`tls\.crt: ` + base64.StdEncoding.EncodeToString([]byte("-----BEGIN C"))).Match(raw) {
		t.Fatal("there is no certificate")
	}
	return strings.TrimSpace(string(raw)) + fmt.Sprintf(`
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: infra, generation: 1}
spec: {secretName: web-tls, dnsNames: %s, issuerRef: {kind: ClusterIssuer, name: letsencrypt}}
status: {conditions: [{type: Ready, status: %q, reason: Ready, observedGeneration: 1}]}
`, names, ready)
}
