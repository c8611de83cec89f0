package charts

import (
	"strings"
	"testing"
)

const gatewayOn = "gateway: {enabled: true, className: eg}"

// TestRefusals: contradicting values render nothing and say what would be right.
func TestRefusals(t *testing.T) {
	cases := map[string]struct {
		reason string
		values string
		want   []string // words of the message
	}{
		// The words of these three are part of the contract.
		"BothWaysIn": {
			reason: "A release has one way in.",
			values: "{ingress: {enabled: true}, gateway: {enabled: true, className: eg}}",
			want:   []string{"Cannot enable both ingress.enabled and gateway.enabled"},
		},
		"NoClass": {
			reason: "Nobody would serve the Gateway.",
			values: "{gateway: {enabled: true}}",
			want:   []string{"gateway.className is required when gateway.enabled is true"},
		},
		"NoListener": {
			reason: "A Gateway needs one.",
			values: "{gateway: {enabled: true, className: eg, listeners: {http: {enabled: false}}}}",
			want:   []string{"At least one listener (http or https) must be enabled when gateway.enabled is true"},
		},
		"AllAtOnce": {
			reason: "Who has three mistakes mends them in one go.",
			values: "{ingress: {enabled: true}, gateway: {enabled: true, listeners: {http: {enabled: false}}}}",
			want: []string{
				"Cannot enable both ingress.enabled and gateway.enabled",
				"gateway.className is required when gateway.enabled is true",
				"At least one listener (http or https) must be enabled when gateway.enabled is true",
			},
		},

		"OwnAndExisting": {
			reason: "Either a Gateway of its own or one that is there.",
			values: "{gateway: {enabled: true, className: eg, existing: {name: eg}}}",
			want:   []string{"gateway.enabled", "gateway.existing.name"},
		},
		"ExistingNamespaceOnly": {
			reason: "A namespace is no Gateway.",
			values: "{gateway: {existing: {namespace: gateways}}}",
			want:   []string{"gateway.existing.namespace", "gateway.existing.name"},
		},
		"ExistingSectionOnly": {
			reason: "A listener is no Gateway.",
			values: "{gateway: {existing: {sectionName: https}}}",
			want:   []string{"gateway.existing.sectionName", "gateway.existing.name"},
		},
		"IngressAndExisting": {
			reason: "Two ways in, the other way round.",
			values: "{ingress: {enabled: true}, gateway: {existing: {name: eg}}}",
			want:   []string{"Cannot enable both ingress.enabled and gateway.existing.name"},
		},
		"TwoScalers": {
			reason: "Two would pull the same replicas.",
			values: "{autoscaling: {enabled: true, keda: {enabled: true}}, " + gatewayOn + "}",
			want:   []string{"autoscaling.enabled", "autoscaling.keda.enabled"},
		},
		"ZeroWithoutGateway": {
			reason: "Nothing would start the first pod.",
			values: "{autoscaling: {keda: {enabled: true, minReplicas: 0}}}",
			want:   []string{"autoscaling.keda.minReplicas", "gateway"},
		},
		"ZeroWithIngress": {
			reason: "An Ingress cannot lead to another namespace.",
			values: "{ingress: {enabled: true}, autoscaling: {keda: {enabled: true, minReplicas: 0}}}",
			want:   []string{"autoscaling.keda.minReplicas", "gateway"},
		},
		"ZeroWithoutHost": {
			reason: "The interceptor of before 0.14 tells its targets apart by host.",
			values: "{autoscaling: {keda: {enabled: true, minReplicas: 0, http: {addOnVersion: 0.12.2}}}, " + gatewayOn + "}",
			want:   []string{"gateway.hostnames"},
		},
		"UnknownMetrics": {
			reason: "The chart knows the queries of Envoy Gateway only.",
			values: "{autoscaling: {keda: {enabled: true}}, gateway: {enabled: true, className: c, controller: kong}}",
			want:   []string{"autoscaling.keda.prometheus.openStreamsQuery"},
		},
		"ToolhiveHPA": {
			reason: "There is no Deployment to scale.",
			values: "{deployment: {method: toolhive}, autoscaling: {enabled: true}}",
			want:   []string{"toolhive", "autoscaling.enabled"},
		},
		"ToolhiveKEDA": {
			reason: "There is no Deployment to scale.",
			values: "{deployment: {method: toolhive}, autoscaling: {keda: {enabled: true}}, " + gatewayOn + "}",
			want:   []string{"toolhive", "autoscaling.keda.enabled"},
		},
		"ToolhiveReplicas": {
			reason: "Ignoring a value in silence is worse than refusing it.",
			values: "{deployment: {method: toolhive}, replicaCount: 3}",
			want:   []string{"toolhive", "replicaCount"},
		},
		"RedirectWithoutHTTPS": {
			reason: "It would lead nowhere.",
			values: "{gateway: {enabled: true, className: eg, httpsRedirect: true}}",
			want:   []string{"gateway.httpsRedirect", "gateway.listeners.https.enabled"},
		},
		"RedirectWithoutHTTP": {
			reason: "There is no listener to redirect from.",
			values: "{gateway: {enabled: true, className: eg, httpsRedirect: true, listeners: {http: {enabled: false}, https: {enabled: true, hostname: a.example.com}}}}",
			want:   []string{"gateway.httpsRedirect", "gateway.listeners.http.enabled"},
		},
		"SharedRedirectWithoutSection": {
			reason: "The route would redirect to itself.",
			values: "{gateway: {existing: {name: eg}, httpsRedirect: true}}",
			want:   []string{"gateway.httpsRedirect", "gateway.existing.sectionName"},
		},
		"TwoIssuers": {
			reason: "cert-manager takes one.",
			values: "{gateway: {enabled: true, className: eg, issuer: a, clusterIssuer: b, listeners: {https: {enabled: true, hostname: a.example.com}}}}",
			want:   []string{"gateway.issuer", "gateway.clusterIssuer"},
		},
		"IssuerWithoutHTTPS": {
			reason: "There is nothing to issue for.",
			values: "{gateway: {enabled: true, className: eg, clusterIssuer: b}}",
			want:   []string{"gateway.clusterIssuer", "gateway.listeners.https.enabled"},
		},
		"IssuerWithoutHostname": {
			reason: "cert-manager skips listeners without a hostname.",
			values: "{gateway: {enabled: true, className: eg, clusterIssuer: b, listeners: {https: {enabled: true}}}}",
			want:   []string{"gateway.clusterIssuer", "gateway.listeners.https.hostname"},
		},
		"Latest": {
			reason: "It changes under running pods.",
			values: "{image: {tag: latest}}",
			want:   []string{"image.tag", "latest"},
		},
		"MetricsForNobody": {
			reason: "Metrics beyond loopback need a token, as calls do.",
			values: "{podMonitor: {enabled: true}}",
			want:   []string{"podMonitor.enabled", "podMonitor.allowUnauthenticated"},
		},
		"TokenModeWithoutToken": {
			reason: "Nobody could call.",
			values: "{auth: {mode: token}}",
			want:   []string{"auth.mode", "secrets."},
		},
		"OAuthWithoutIssuer": {
			reason: "Nobody could call.",
			values: "{auth: {mode: oauth}, server: {externalURL: 'https://mcp.example.com'}}",
			want:   []string{"auth.mode", "auth.oauth.issuer"},
		},
		"OAuthWithoutURL": {
			reason: "The metadata name the server's own address.",
			values: "{auth: {mode: oauth, oauth: {issuer: 'https://login.example.com'}}}",
			want:   []string{"server.externalURL"},
		},
		"MoreThanMaximum": {
			reason: "The scaler would be refused by the API server.",
			values: "{autoscaling: {enabled: true, minReplicas: 6, maxReplicas: 5}}",
			want:   []string{"autoscaling.minReplicas", "autoscaling.maxReplicas"},
		},
		"MoreThanMaximumKEDA": {
			reason: "The same for KEDA.",
			values: "{autoscaling: {keda: {enabled: true, minReplicas: 11, maxReplicas: 10}}, gateway: {enabled: true, className: c, controller: envoy-gateway}}",
			want:   []string{"autoscaling.keda.minReplicas", "autoscaling.keda.maxReplicas"},
		},
		"PathWithoutSlash": {
			reason: "The API server would refuse it, without naming the value.",
			values: "{gateway: {enabled: true, className: eg, routes: {paths: [mcp]}}}",
			want:   []string{"gateway.routes.paths", "/"},
		},
		"BackendRequestAboveRequest": {
			reason: "The Gateway API refuses a try that may last longer than the whole.",
			values: "{gateway: {enabled: true, className: eg, timeouts: {request: 60s, backendRequest: 90s}}}",
			want:   []string{"gateway.timeouts.backendRequest", "gateway.timeouts.request"},
		},
		"NetworkPolicyForWhom": {
			reason: "The chart does not know where this controller runs.",
			values: "{gateway: {enabled: true, className: c}, networkPolicy: {enabled: true}}",
			want:   []string{"networkPolicy.from"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := render(t, parse(t, tc.values), options{})
			if err == nil {
				t.Fatalf("\n%s\nrenders %v, want an error with %q", tc.reason, r.identities(), tc.want)
			}
			if r != nil {
				t.Errorf("an error and objects: %v", r.identities())
			}
			for _, words := range tc.want {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("\n%s\nthe message has no %q:\n%v", tc.reason, words, err)
				}
			}
		})
	}
}

// TestAllowed: what looks like a contradiction and is none.
func TestAllowed(t *testing.T) {
	cases := map[string]struct {
		reason string
		values string
	}{
		"GlobalAndEnabled": {
			reason: "Helm hands both to a subchart: https://github.com/helm/helm/issues/10392",
			values: "{global: {anything: [1]}, enabled: true}",
		},
		"ExistingHTTPSectionName": {
			reason: "It has a default, so it is always set.",
			values: "{gateway: {existing: {httpSectionName: web}}}",
		},
		"ShorterTry": {
			reason: "A try may be shorter than the whole.",
			values: "{gateway: {enabled: true, className: eg, timeouts: {request: 1h, backendRequest: 60s}}}",
		},
		"SameInOtherUnits": {
			reason: "An hour is as long as 3600 seconds.",
			values: "{gateway: {enabled: true, className: eg, timeouts: {request: 1h}}}",
		},
		"NoLimitWithATry": {
			reason: "No limit for the whole allows any for a try.",
			values: "{gateway: {enabled: true, className: eg, timeouts: {request: 0s, backendRequest: 90s}}}",
		},
		"ToolhiveOneReplica": {
			reason: "One is what ToolHive runs.",
			values: "{deployment: {method: toolhive}, replicaCount: 1}",
		},
		"TagThatContainsLatest": {
			reason: "Only the tag itself is refused.",
			values: "{image: {tag: latest-2026-11-01}}",
		},
		"EmptyIngressClass": {
			reason: "The cluster's default class, or none as on GKE.",
			values: "{ingress: {enabled: true, className: ''}}",
		},
		"NetworkPolicyWithPeers": {
			reason: "Who says from where needs no known controller.",
			values: "{gateway: {enabled: true, className: c}, networkPolicy: {enabled: true, from: [{namespaceSelector: {}}]}}",
		},
		"OwnQueries": {
			reason: "Any controller can be scaled by with queries of one's own.",
			values: "{autoscaling: {keda: {enabled: true, prometheus: {openStreamsQuery: 'sum(a)', requestsQuery: 'sum(rate(b[2m]))'}}}, gateway: {enabled: true, className: c, controller: kong}}",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			values := parse(t, tc.values)
			r, err := render(t, values, options{})
			if err != nil {
				t.Fatalf("\n%s\n%v", tc.reason, err)
			}
			for _, problem := range r.check(values) {
				t.Errorf("\n%s\n%v", tc.reason, problem)
			}
		})
	}
}
