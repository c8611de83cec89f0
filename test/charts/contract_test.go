package charts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nginxAnnotations are the default ones of an Ingress, an object that is still open.
const nginxAnnotations = `{nginx.ingress.kubernetes.io/proxy-read-timeout: "3600", ` +
	`nginx.ingress.kubernetes.io/proxy-send-timeout: "3600", nginx.ingress.kubernetes.io/proxy-buffering: "off"`

// TestContractDefaults: values files of before leave these out and rely on them.
func TestContractDefaults(t *testing.T) {
	defaults := object(parse(t, readFile(t, chartFolder+"/values.yaml")))
	want := map[string]string{
		"deployment.method":                       "standard",
		"image.tag":                               "''",
		"image.pullPolicy":                        "IfNotPresent",
		"serviceAccount.create":                   "true",
		"serviceAccount.name":                     "''",
		"secrets.name":                            "''",
		"secrets.auth.token":                      "''",
		"extraEnv":                                "[]",
		"ingress.enabled":                         "false",
		"ingress.className":                       "nginx",
		"ingress.annotations":                     nginxAnnotations + "}",
		"ingress.tls.enabled":                     "false",
		"ingress.tls.secretName":                  "''",
		"ingress.tls.clusterIssuer":               "''",
		"gateway.enabled":                         "false",
		"gateway.className":                       "''",
		"gateway.annotations":                     "{}",
		"gateway.listeners.http.enabled":          "true",
		"gateway.listeners.http.hostname":         "''",
		"gateway.listeners.https.enabled":         "false",
		"gateway.listeners.https.hostname":        "''",
		"gateway.listeners.https.secretName":      "''",
		"gateway.listeners.https.certificateRefs": "[]",
		"gateway.timeouts.request":                "3600s",
		"gateway.timeouts.backendRequest":         "3600s",
	}
	for path, value := range want {
		if diff := cmp.Diff(expand(t, value), written(t, defaults.at(path))); diff != "" {
			t.Errorf("%s: -want, +got:\n%s", path, diff)
		}
	}
}

// TestContractRenderings: what existing users have on their clusters, object by object.
// Cases name a field of the only object of a kind, and what stands there.
func TestContractRenderings(t *testing.T) {
	type fields map[string]string // KIND.path: YAML, or absent
	const absent = "absent"
	cases := map[string]struct {
		reason string
		values string
		want   fields
	}{
		"Nothing": {
			reason: "Without a value the server runs and nothing leads to it.",
			values: "{}",
			want: fields{
				"Deployment.metadata.name":                                         "mcp-mcp-server",
				"Deployment.spec.template.spec.containers.0.image":                 "ghcr.io/gatehouse-platform/mcp-server:0.1.0",
				"Deployment.spec.template.spec.containers.0.imagePullPolicy":       "IfNotPresent",
				"Deployment.spec.template.spec.containers.0.ports.0.containerPort": "3456",
				"Service.metadata.name":                                            "mcp-mcp-server",
				"Service.spec.ports.0.port":                                        "3456",
				"Service.spec.type":                                                "ClusterIP",
				"ServiceAccount.metadata.name":                                     "mcp-mcp-server",
			},
		},
		"Ingress": {
			reason: "The way in of users who set nothing of the Gateway API.",
			values: "{ingress: {enabled: true}}",
			want: fields{
				"Ingress.metadata.name":         "mcp-mcp-server",
				"Ingress.apiVersion":            "networking.k8s.io/v1",
				"Ingress.spec.ingressClassName": "nginx",
				"Ingress.spec.rules":            "[{host: mcp-server.127.0.0.1.nip.io, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: mcp-mcp-server, port: {number: 3456}}}}]}}]",
				"Ingress.spec.tls":              absent,
				"Ingress.metadata.annotations":  nginxAnnotations + "}",
			},
		},
		"IngressTLS": {
			reason: "The issuer becomes cert-manager's annotation.",
			values: "{ingress: {enabled: true, host: mcp.example.com, annotations: {a: b}, tls: {enabled: true, clusterIssuer: letsencrypt}}}",
			want: fields{
				"Ingress.spec.tls":             "[{hosts: [mcp.example.com], secretName: mcp-mcp-server-tls}]",
				"Ingress.metadata.annotations": nginxAnnotations + ", a: b, cert-manager.io/cluster-issuer: letsencrypt}",
			},
		},
		"IngressTLSSecret": {
			reason: "A Secret that is named is taken.",
			values: "{ingress: {enabled: true, tls: {enabled: true, secretName: own}}}",
			want: fields{
				"Ingress.spec.tls.0.secretName": "own",
			},
		},
		"Gateway": {
			reason: "Exactly the Gateway and the route that users have.",
			values: "{gateway: {enabled: true, className: eg}}",
			want: fields{
				"Gateway.apiVersion":                 "gateway.networking.k8s.io/v1",
				"Gateway.metadata.name":              "mcp-mcp-server",
				"Gateway.metadata.annotations":       absent,
				"Gateway.spec":                       "{gatewayClassName: eg, listeners: [{name: http, protocol: HTTP, port: 80, allowedRoutes: {namespaces: {from: Same}}}]}",
				"HTTPRoute.apiVersion":               "gateway.networking.k8s.io/v1",
				"HTTPRoute.metadata.name":            "mcp-mcp-server",
				"HTTPRoute.spec.parentRefs":          "[{kind: Gateway, name: mcp-mcp-server}]",
				"HTTPRoute.spec.hostnames":           absent,
				"HTTPRoute.spec.rules.0.matches":     "[{path: {type: PathPrefix, value: /}}]",
				"HTTPRoute.spec.rules.0.backendRefs": "[{name: mcp-mcp-server, port: 3456}]",
				"HTTPRoute.spec.rules.0.timeouts":    "{request: 3600s, backendRequest: 3600s}",
				"HTTPRoute.spec.rules.1":             absent,
			},
		},
		"GatewayAnnotations": {
			reason: "external-dns and cert-manager read them.",
			values: "{gateway: {enabled: true, className: eg, annotations: {external-dns.alpha.kubernetes.io/hostname: mcp.example.com}}}",
			want: fields{
				"Gateway.metadata.annotations": "{external-dns.alpha.kubernetes.io/hostname: mcp.example.com}",
			},
		},
		"GatewayHTTPS": {
			reason: "TLS ends at the listener; the Secret has its usual name.",
			values: "{gateway: {enabled: true, className: eg, listeners: {http: {enabled: false}, https: {enabled: true, hostname: mcp.example.com}}}}",
			want: fields{
				"Gateway.spec.listeners": "[{name: https, hostname: mcp.example.com, protocol: HTTPS, port: 443, " +
					"tls: {mode: Terminate, certificateRefs: [{kind: Secret, name: mcp-mcp-server-tls}]}, allowedRoutes: {namespaces: {from: Same}}}]",
				"HTTPRoute.spec.hostnames": "[mcp.example.com]",
			},
		},
		"GatewayBoth": {
			reason: "One hostname on two listeners is one hostname of the route.",
			values: "{gateway: {enabled: true, className: eg, listeners: {http: {hostname: mcp.example.com}, https: {enabled: true, hostname: mcp.example.com, secretName: own}}}}",
			want: fields{
				"Gateway.spec.listeners.0.name":                "http",
				"Gateway.spec.listeners.0.hostname":            "mcp.example.com",
				"Gateway.spec.listeners.1.name":                "https",
				"Gateway.spec.listeners.1.tls.certificateRefs": "[{kind: Secret, name: own}]",
				"HTTPRoute.spec.hostnames":                     "[mcp.example.com]",
				"HTTPRoute.spec.parentRefs":                    "[{kind: Gateway, name: mcp-mcp-server}]",
			},
		},
		"GatewayTwoHosts": {
			reason: "Two hostnames stay two.",
			values: "{gateway: {enabled: true, className: eg, listeners: {http: {hostname: a.example.com}, https: {enabled: true, hostname: b.example.com}}}}",
			want: fields{
				"HTTPRoute.spec.hostnames": "[a.example.com, b.example.com]",
			},
		},
		"CertificateRefs": {
			reason: "They win over secretName; kind has a default, group and namespace pass through.",
			values: "{gateway: {enabled: true, className: eg, listeners: {https: {enabled: true, secretName: loses, " +
				"certificateRefs: [{name: a}, {name: b, namespace: c, kind: Certificate, group: example.com}]}}}}",
			want: fields{
				"Gateway.spec.listeners.1.tls.certificateRefs": "[{kind: Secret, name: a}, {kind: Certificate, group: example.com, name: b, namespace: c}]",
			},
		},
		"Timeouts": {
			reason: "Each is passed on as it is written.",
			values: "{gateway: {enabled: true, className: eg, timeouts: {request: 2h, backendRequest: 90s}}}",
			want: fields{
				"HTTPRoute.spec.rules.0.timeouts": "{request: 2h, backendRequest: 90s}",
			},
		},
		"NoTimeouts": {
			reason: "Both empty: no timeouts at all.",
			values: "{gateway: {enabled: true, className: eg, timeouts: {request: '', backendRequest: ''}}}",
			want: fields{
				"HTTPRoute.spec.rules.0.timeouts": absent,
			},
		},
		"OneTimeout": {
			reason: "One empty: only the other.",
			values: "{gateway: {enabled: true, className: eg, timeouts: {request: 60s, backendRequest: ''}}}",
			want: fields{
				"HTTPRoute.spec.rules.0.timeouts": "{request: 60s}",
			},
		},
		"Toolhive": {
			reason: "The operator makes the rest; the route leads to its proxy.",
			values: "{deployment: {method: toolhive}, gateway: {enabled: true, className: eg}}",
			want: fields{
				"MCPServer.apiVersion":               "toolhive.stacklok.dev/v1beta1",
				"MCPServer.metadata.name":            "mcp-mcp-server",
				"MCPServer.spec.proxyPort":           "3456",
				"MCPServer.spec.mcpPort":             "3456",
				"MCPServer.spec.transport":           "streamable-http",
				"MCPServer.spec.port":                absent,
				"MCPServer.spec.targetPort":          absent,
				"HTTPRoute.spec.rules.0.backendRefs": "[{name: mcp-mcp-mcp-server-proxy, port: 3456}]",
			},
		},
		"ToolhiveIngress": {
			reason: "The same backend for Ingress.",
			values: "{deployment: {method: toolhive}, ingress: {enabled: true}}",
			want: fields{
				"Ingress.spec.rules.0.http.paths.0.backend.service": "{name: mcp-mcp-mcp-server-proxy, port: {number: 3456}}",
			},
		},
		"Image": {
			reason: "By image.* anyone's server.",
			values: "{image: {repository: example.com/a, tag: v1, pullPolicy: Always}, extraEnv: [{name: A, value: b}], resources: {limits: {memory: 2Gi, cpu: 1000m}}}",
			want: fields{
				"Deployment.spec.template.spec.containers.0.image":            "example.com/a:v1",
				"Deployment.spec.template.spec.containers.0.imagePullPolicy":  "Always",
				"Deployment.spec.template.spec.containers.0.resources.limits": "{cpu: 1000m, memory: 2Gi}",
			},
		},
		"ServiceAccount": {
			reason: "One that is there already is used, and none is made.",
			values: "{serviceAccount: {create: false, name: own}, rbac: {create: false}}",
			want: fields{
				"Deployment.spec.template.spec.serviceAccountName": "own",
			},
		},
		"Token": {
			reason: "A Secret is made when a token is given, under the names of before.",
			values: "{secrets: {name: own, auth: {keyName: key, token: not-a-token}}}",
			want: fields{
				"Secret.metadata.name": "own",
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := mustRender(t, parse(t, tc.values), options{})
			for field, value := range tc.want {
				kind, path, _ := strings.Cut(field, ".")
				got := r.the(t, kind).at(path)
				if value == absent {
					if got != nil {
						t.Errorf("\n%s\n%s: want nothing, got %s", tc.reason, field, written(t, got))
					}
					continue
				}
				if diff := cmp.Diff(expand(t, value), written(t, got)); diff != "" {
					t.Errorf("\n%s\n%s: -want, +got:\n%s", tc.reason, field, diff)
				}
			}
		})
	}
}

// TestContractNames: <fullname> is Helm's usual one.
func TestContractNames(t *testing.T) {
	long := strings.Repeat("a", 53)
	cases := map[string]struct {
		reason  string
		release string
		values  string
		want    string
	}{
		"ReleaseAndChart":  {reason: "The release's name with the chart's.", release: "mcp", values: "{}", want: "mcp-mcp-server"},
		"ReleaseIsChart":   {reason: "Not twice the same.", release: "mcp-server", values: "{}", want: "mcp-server"},
		"ReleaseHasChart":  {reason: "A release that contains the chart's name says enough.", release: "my-mcp-server", values: "{}", want: "my-mcp-server"},
		"NameOverride":     {reason: "It stands for the chart's name.", release: "mcp", values: "{nameOverride: tools}", want: "mcp-tools"},
		"FullnameOverride": {reason: "It stands for all.", release: "mcp", values: "{fullnameOverride: tools}", want: "tools"},
		"Long":             {reason: "Cut to 63.", release: long, values: "{}", want: (long + "-mcp-server")[:63]},
		"LongWithDash":     {reason: "What is left behind the cut may not end in a dash.", release: long, values: "{nameOverride: bcdefghi-j}", want: long + "-bcdefghi"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			values := merge(parse(t, tc.values), parse(t, "{gateway: {enabled: true, className: c}}"))
			r := mustRender(t, values, options{release: tc.release})
			for _, kind := range []string{"Deployment", "Service", "Gateway", "HTTPRoute", "ServiceAccount"} {
				if got := r.the(t, kind).name(); got != tc.want {
					t.Errorf("\n%s\n%s has the name %q, want %q", tc.reason, kind, got, tc.want)
				}
			}
		})
	}
}

// TestContractToolhiveRunsNothingElse: an MCPServer and nothing else that runs.
func TestContractToolhiveRunsNothingElse(t *testing.T) {
	r := mustRender(t, parse(t, "{deployment: {method: toolhive}}"), options{})
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet", "Pod", "Job", "Service", "PodDisruptionBudget"} {
		if found := r.ofKind(kind); len(found) > 0 {
			t.Errorf("%v is rendered beside the MCPServer", found)
		}
	}
}

// TestContractNothingUnasked: no way in without its switch, whatever else is set.
func TestContractNothingUnasked(t *testing.T) {
	values := parse(t, "{gateway: {className: eg, controller: envoy-gateway, hostnames: [a.example.com]}, ingress: {host: b.example.com}}")
	got := mustRender(t, values, options{}).kinds()
	want := []string{"ClusterRole", "ClusterRoleBinding", "Deployment", "Service", "ServiceAccount"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kinds: -want, +got:\n%s", diff)
	}
}

// TestValuesFilesOfBefore: files that set only the keys of the contract still work.
func TestValuesFilesOfBefore(t *testing.T) {
	cases := map[string]string{
		"Ingress": `
deployment: {method: standard}
image: {repository: ghcr.io/example/mcp, tag: 1.0.0, pullPolicy: IfNotPresent}
resources: {requests: {memory: 512Mi, cpu: 200m}, limits: {memory: 2Gi, cpu: 1000m}}
serviceAccount: {create: true, name: ""}
secrets: {name: mcp, auth: {keyName: auth-token, token: not-a-token}}
extraEnv: [{name: A, valueFrom: {secretKeyRef: {name: mcp, key: auth-token}}}]
ingress: {enabled: true, className: nginx, host: mcp.127.0.0.1.nip.io, annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"}, tls: {enabled: false, secretName: "", clusterIssuer: ""}}
gateway: {enabled: false}
`,
		"Gateway": `
deployment: {method: toolhive}
ingress: {enabled: false}
gateway:
  enabled: true
  className: eg
  annotations: {cert-manager.io/cluster-issuer: letsencrypt}
  listeners:
    http: {enabled: true, hostname: mcp.example.com}
    https: {enabled: true, hostname: mcp.example.com, secretName: tls, certificateRefs: []}
  timeouts: {request: 3600s, backendRequest: 3600s}
`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			values := parse(t, text)
			for _, problem := range mustRender(t, values, options{}).check(values) {
				t.Error(problem)
			}
		})
	}
}
