package diagnose_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// TestFineDistinctions has what looks broken and is not, beside what is.
func TestFineDistinctions(t *testing.T) {
	const pending = `conditions: [{type: Accepted, status: Unknown, reason: Pending, message: "Waiting for controller"}]`
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
		"OwnMetric": {
			reason: "only the workload tells it", cluster: fmt.Sprintf(scaled, `http_requests_total{service="web"}`),
			want: []string{"error scale-never-wakes ScaledObject: Keep one replica, or put KEDA's HTTP interceptor in front, which counts requests to a workload that sleeps."},
		},
		"MetricOfAMesh": {reason: "the proxies of its clients tell it", cluster: fmt.Sprintf(scaled, `request_total{direction="outbound", dst_deployment="web"}`)},
		"MetricOfKong":  {reason: "the gateway tells it", cluster: fmt.Sprintf(scaled, `kong_http_requests_total{service="web"}`)},
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
		"CertificateOfCertManager": {
			reason: "cert-manager writes the Secret, so it is told the name", cluster: otherHostname(t, "[example.org]", "True"),
			want: []string{`error certificate-hostname Gateway: Let Certificate "infra/web" ask for the hostname, too.`},
		},
		"CertificateOnItsWay": {reason: "it has been told", cluster: otherHostname(t, "['*.example.com']", "Unknown")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			findings, _ := diagnosed(t, []topology.File{{Name: "cluster", Data: []byte(tc.cluster)}})
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
