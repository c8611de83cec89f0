package charts

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/migrate"
)

// TestMigratedValues: values with an Ingress become values that this chart renders, and
// what it renders serves the same host, with the same certificate.
func TestMigratedValues(t *testing.T) {
	cases := map[string]struct {
		reason, values string
		options        migrate.Options
		// lost are the values of which the report says so.
		lost []string
		// want are texts at paths of the rendered objects, KIND/NAME then the path.
		want map[string]string
	}{
		"Predecessor": {
			reason: "Nothing but the switch, as the values of the chart that this one follows.",
			values: "{ingress: {enabled: true}, secrets: {name: mcp-token}}",
			want: map[string]string{
				"Gateway/mcp-mcp-server spec.gatewayClassName":           "nginx",
				"HTTPRoute/mcp-mcp-server spec.rules.0.timeouts.request": "0s",
			},
		},
		"TLS": {
			reason: "The issuer, the Secret and the redirect of ingress-nginx stay.",
			values: "{ingress: {enabled: true, host: mcp.example.com, annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: '7200', " +
				"external-dns.alpha.kubernetes.io/ttl: '60'}, tls: {enabled: true, clusterIssuer: letsencrypt}}}",
			options: migrate.Options{Controller: "envoy-gateway"},
			want: map[string]string{
				"Gateway/mcp-mcp-server spec.gatewayClassName":                                 "eg",
				"Gateway/mcp-mcp-server metadata.annotations.cert-manager.io/cluster-issuer":   "letsencrypt",
				"Gateway/mcp-mcp-server spec.listeners.1.hostname":                             "mcp.example.com",
				"Gateway/mcp-mcp-server spec.listeners.1.tls.certificateRefs.0.name":           "mcp-mcp-server-tls",
				"HTTPRoute/mcp-mcp-server spec.parentRefs.0.sectionName":                       "https",
				"HTTPRoute/mcp-mcp-server-redirect spec.rules.0.filters.0.type":                "RequestRedirect",
				"HTTPRoute/mcp-mcp-server metadata.annotations.external-dns.kubernetes.io/ttl": "60",
			},
		},
		"Existing": {
			reason:  "The route attaches to the platform's Gateway; the certificate is its owner's.",
			values:  "{ingress: {enabled: true, className: traefik, controller: traefik, host: mcp.example.com, tls: {enabled: true, secretName: own}}}",
			options: migrate.Options{Controller: "traefik", Gateway: &migrate.Name{Namespace: "gateways", Name: "shared"}},
			lost:    []string{"ingress.tls"},
			want: map[string]string{
				"HTTPRoute/mcp-mcp-server spec.parentRefs.0.namespace": "gateways",
				"HTTPRoute/mcp-mcp-server spec.hostnames.0":            "mcp.example.com",
			},
		},
		"Lost": {
			reason: "What the chart has no value for is said, and the rest renders.",
			values: "{ingress: {enabled: true, host: mcp.example.com, path: /mcp, annotations: {nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8, " +
				"nginx.ingress.kubernetes.io/rewrite-target: /}}}",
			options: migrate.Options{Controller: "nginx-gateway-fabric"},
			lost: []string{
				"ingress.annotations: nginx.ingress.kubernetes.io/rewrite-target", "ingress.annotations: nginx.ingress.kubernetes.io/whitelist-source-range", "ingress.path",
			},
			want: map[string]string{"Gateway/mcp-mcp-server spec.gatewayClassName": "nginx", "ProxySettingsPolicy/mcp-mcp-server spec.timeout.read": "8760h"},
		},
		"GKE": {
			reason:  "GKE always has a total limit, which the chart sets where it stands now.",
			values:  "{ingress: {enabled: true, className: '', controller: gke, host: mcp.example.com, annotations: {kubernetes.io/ingress.class: gce}, timeouts: {request: 600s}}}",
			options: migrate.Options{Controller: "gke"},
			want:    map[string]string{"Gateway/mcp-mcp-server spec.gatewayClassName": "gke-l7-global-external-managed"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			result, err := migrate.Values(parse(t, tc.values), "values.yaml", tc.options)
			if err != nil {
				t.Fatal(err)
			}
			r := mustRender(t, result.Values, options{})
			for _, problem := range r.check(result.Values) {
				t.Error(problem)
			}
			if r.find("Ingress", "mcp-mcp-server") != nil {
				t.Error("there is an Ingress still")
			}
			for at, want := range tc.want {
				object, path, _ := strings.Cut(at, " ")
				kind, object, _ := strings.Cut(object, "/")
				if got := textAt(r.find(kind, object), path); got != want {
					t.Errorf("%s\n%s: want %q, got %q", tc.reason, at, want, got)
				}
			}
			var lost []string
			for _, e := range result.Report.Entries {
				if e.Outcome == migrate.Lost {
					lost = append(lost, e.Field)
				}
			}
			if !slices.Equal(lost, tc.lost) {
				t.Errorf("%s\nwant lost: %q, got %q", tc.reason, tc.lost, lost)
			}
		})
	}
}

// textAt is object.text, also of annotations, whose names have dots.
func textAt(o object, path string) string {
	if key, found := strings.CutPrefix(path, "metadata.annotations."); found {
		return o.labels("metadata.annotations")[key]
	}
	return o.text(path)
}
