package charts

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clocks are what ends a stream at Envoy. 0 is no limit.
type clocks struct {
	total, idle time.Duration
}

// envoyClocks computes what Envoy Gateway makes of a rendering's route and policies:
// internal/gatewayapi/route.go and internal/xds/translator/route.go (idleTimeout) of
// v1.7.0 and v1.9.1, which agree wherever streamIdleTimeout of a BackendTrafficPolicy
// is not used; v1.7.0 does not have it.
func envoyClocks(t *testing.T, r *rendering) clocks {
	t.Helper()
	const (
		envoyTotal = 15 * time.Second // https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts
		envoyIdle  = 5 * time.Minute
	)
	route := r.the(t, "HTTPRoute")
	var request *time.Duration
	for _, policy := range r.ofKind("BackendTrafficPolicy") {
		request = duration(t, policy.text("spec.timeout.http.requestTimeout"), request)
	}
	// The route wins over the policy, and a try over the whole.
	request = duration(t, route.text("spec.rules.0.timeouts.request"), request)
	request = duration(t, route.text("spec.rules.0.timeouts.backendRequest"), request)

	out := clocks{total: envoyTotal, idle: envoyIdle}
	if request != nil {
		out.total = *request
	}
	for _, policy := range r.ofKind("ClientTrafficPolicy") {
		if idle := duration(t, policy.text("spec.timeout.http.streamIdleTimeout"), nil); idle != nil {
			out.idle = *idle
			return out
		}
	}
	switch {
	case request == nil:
	case *request == 0:
		out.idle = 0
	default:
		out.idle = max(time.Hour, *request)
	}
	return out
}

// duration reads one, or returns the other when there is none.
func duration(t *testing.T, text string, other *time.Duration) *time.Duration {
	t.Helper()
	if text == "" {
		return other
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// TestEnvoyClocksAsMeasured holds the computation against what egctl of Envoy Gateway
// 1.9.1 was seen to give Envoy.
func TestEnvoyClocksAsMeasured(t *testing.T) {
	cases := map[string]struct {
		timeouts string
		policy   string
		want     clocks
	}{
		"None":         {want: clocks{15 * time.Second, 5 * time.Minute}},
		"Hour":         {timeouts: "{request: 3600s, backendRequest: 3600s}", want: clocks{time.Hour, time.Hour}},
		"RequestOnly":  {timeouts: "{request: 3600s}", want: clocks{time.Hour, time.Hour}},
		"ShorterTry":   {timeouts: "{request: 60s, backendRequest: 30s}", want: clocks{30 * time.Second, time.Hour}},
		"NoLimit":      {timeouts: "{request: 0s, backendRequest: 0s}", want: clocks{0, 0}},
		"Policy":       {policy: "{http: {requestTimeout: 0s}}", want: clocks{0, 0}},
		"PolicyLosing": {timeouts: "{request: 3600s}", policy: "{http: {requestTimeout: 0s}}", want: clocks{time.Hour, time.Hour}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rule := object{}
			if tc.timeouts != "" {
				rule["timeouts"] = parse(t, tc.timeouts)
			}
			r := &rendering{objects: []object{{"kind": "HTTPRoute", "spec": map[string]any{"rules": []any{map[string]any(rule)}}}}}
			if tc.policy != "" {
				r.objects = append(r.objects, object{"kind": "BackendTrafficPolicy", "spec": map[string]any{"timeout": parse(t, tc.policy)}})
			}
			if diff := cmp.Diff(tc.want, envoyClocks(t, r), cmp.AllowUnexported(clocks{})); diff != "" {
				t.Errorf("clocks: -want, +got:\n%s", diff)
			}
		})
	}
}

// TestEnvoyGatewayKeepsItsPromise: an idle stream lives for gateway.timeouts.request
// with every combination of it.
func TestEnvoyGatewayKeepsItsPromise(t *testing.T) {
	cases := map[string]struct {
		reason   string
		timeouts string
		want     clocks
	}{
		"Default":      {reason: "An hour, idle or not.", timeouts: "{}", want: clocks{time.Hour, time.Hour}},
		"TwoHours":     {reason: "The default of backendRequest follows, or it would cut after an hour.", timeouts: "{request: 7200s}", want: clocks{2 * time.Hour, 2 * time.Hour}},
		"OtherUnits":   {reason: "The same, written otherwise.", timeouts: "{request: 2h}", want: clocks{2 * time.Hour, 2 * time.Hour}},
		"Minute":       {reason: "The idle clock never ends before the other.", timeouts: "{request: 60s}", want: clocks{time.Minute, time.Hour}},
		"NoLimit":      {reason: "0s is no limit, for both clocks.", timeouts: "{request: 0s}", want: clocks{0, 0}},
		"NoTimeouts":   {reason: "Without timeouts on the route the policy lifts Envoy's 15 seconds.", timeouts: "{request: null}", want: clocks{0, 0}},
		"ExplicitTry":  {reason: "Who sets a shorter try is cut by it.", timeouts: "{request: 1h, backendRequest: 60s}", want: clocks{time.Minute, time.Hour}},
		"EmptyRequest": {reason: "Both empty is the same as null.", timeouts: "{request: '', backendRequest: ''}", want: clocks{0, 0}},
	}
	patterns := map[string]string{
		"own":    "{gateway: {enabled: true, className: eg, controller: envoy-gateway}}",
		"shared": "{gateway: {controller: envoy-gateway, existing: {name: eg, namespace: gateways}}}",
	}
	for name, tc := range cases {
		for pattern, text := range patterns {
			t.Run(name+"/"+pattern, func(t *testing.T) {
				values := merge(parse(t, text), parse(t, "{gateway: {timeouts: "+tc.timeouts+"}}"))
				got := envoyClocks(t, mustRender(t, values, options{}))
				if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(clocks{})); diff != "" {
					t.Errorf("\n%s\nclocks: -want, +got:\n%s", tc.reason, diff)
				}
			})
		}
	}
}

// TestWithoutPolicy: gateway.policy false attaches nothing.
func TestWithoutPolicy(t *testing.T) {
	gateways, _ := knownControllers(t)
	for _, controller := range gateways {
		values := parse(t, "{gateway: {enabled: true, className: c, policy: false, controller: "+controller+"}}")
		for _, o := range mustRender(t, values, options{}).objects {
			if o.group() != "gateway.networking.k8s.io" && strings.Contains(o.group(), ".") && o.group() != "rbac.authorization.k8s.io" {
				t.Errorf("%s: %s is attached although gateway.policy is false", controller, o)
			}
		}
	}
}

// TestTimeoutsPerController: a timeout stands on the route only where it is honored:
// GKE refuses the route, and others say that the field is not supported.
func TestTimeoutsPerController(t *testing.T) {
	want := map[string]string{
		"auto":                 "{request: 3600s, backendRequest: 3600s}",
		"envoy-gateway":        "{request: 3600s, backendRequest: 3600s}",
		"istio":                "{request: 3600s, backendRequest: 3600s}",
		"kgateway":             "{request: 3600s, backendRequest: 3600s}",
		"cilium":               "{request: 3600s, backendRequest: 3600s}",
		"contour":              "{request: 3600s, backendRequest: 3600s}",
		"nginx-gateway-fabric": "null",
		"traefik":              "null",
		"gke":                  "null",
		"aws-lbc":              "null",
		"haproxy":              "null",
	}
	for controller, timeouts := range want {
		t.Run(controller, func(t *testing.T) {
			values := parse(t, "{gateway: {enabled: true, className: c, controller: "+controller+"}}")
			got := written(t, mustRender(t, values, options{}).the(t, "HTTPRoute").at("spec.rules.0.timeouts"))
			if diff := cmp.Diff(expand(t, timeouts), got); diff != "" {
				t.Errorf("timeouts: -want, +got:\n%s", diff)
			}
		})
	}
}

// TestAttached: what is attached says gateway.timeouts.request in the controller's own
// words.
func TestAttached(t *testing.T) {
	cases := map[string]struct {
		controller string
		kind, path string
		values     map[string]string // by gateway.timeouts.request
	}{
		"KgatewayTotal": {"kgateway", "TrafficPolicy", "spec.timeouts.request", map[string]string{"null": "0s"}},
		"KgatewayIdle":  {"kgateway", "TrafficPolicy", "spec.timeouts.streamIdle", map[string]string{"3600s": "3600s", "0s": "0s", "null": "0s"}},
		"NginxRead":     {"nginx-gateway-fabric", "ProxySettingsPolicy", "spec.timeout.read", map[string]string{"3600s": "3600s", "60s": "60s"}},
		"NginxSend":     {"nginx-gateway-fabric", "ProxySettingsPolicy", "spec.timeout.send", map[string]string{"3600s": "3600s"}},
		"NginxBuffer":   {"nginx-gateway-fabric", "ProxySettingsPolicy", "spec.buffering.disable", map[string]string{"3600s": "true"}},
		"GKE":           {"gke", "GCPBackendPolicy", "spec.default.timeoutSec", map[string]string{"3600s": "3600", "2h": "7200", "60s": "60"}},
		"AWS": {"aws-lbc", "LoadBalancerConfiguration", "spec.loadBalancerAttributes", map[string]string{
			"3600s": `[{key: idle_timeout.timeout_seconds, value: "3600"}]`,
			"2h":    `[{key: idle_timeout.timeout_seconds, value: "4000"}]`,
			"0s":    `[{key: idle_timeout.timeout_seconds, value: "4000"}]`,
		}},
		"Azure":     {"azure-agc", "RoutePolicy", "spec.default.timeouts.routeTimeout", map[string]string{"3600s": "3600s", "0s": "0s"}},
		"KongRead":  {"kong", "Service", "metadata.annotations", map[string]string{"3600s": `{konghq.com/read-timeout: "3600000", konghq.com/write-timeout: "3600000"}`}},
		"Keepalive": {"envoy-gateway", "ClientTrafficPolicy", "spec.tcpKeepalive.idleTime", map[string]string{"3600s": "60s"}},
	}
	for name, tc := range cases {
		for request, value := range tc.values {
			t.Run(name+"/"+request, func(t *testing.T) {
				values := parse(t, "{gateway: {enabled: true, className: c, controller: "+tc.controller+", timeouts: {request: "+request+"}}}")
				got := written(t, mustRender(t, values, options{}).the(t, tc.kind).at(tc.path))
				if diff := cmp.Diff(expand(t, value), got); diff != "" {
					t.Errorf("%s.%s: -want, +got:\n%s", tc.kind, tc.path, diff)
				}
			})
		}
	}
}

// TestIngressAnnotations: what the controller reads is there, and the user's own wins.
func TestIngressAnnotations(t *testing.T) {
	cases := map[string]struct {
		controller, annotation, want string
	}{
		"Nginx":   {"ingress-nginx", "nginx.ingress.kubernetes.io/proxy-read-timeout", "3600"},
		"HAProxy": {"haproxy", "haproxy.org/timeout-server", "3600s"},
		"ALB":     {"aws-alb", "alb.ingress.kubernetes.io/load-balancer-attributes", "idle_timeout.timeout_seconds=3600"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			base := parse(t, "{ingress: {enabled: true, controller: "+tc.controller+"}}")
			got := mustRender(t, base, options{}).the(t, "Ingress").labels("metadata.annotations")
			if got[tc.annotation] != tc.want {
				t.Errorf("%s is %q, want %q", tc.annotation, got[tc.annotation], tc.want)
			}
			if tc.controller != "ingress-nginx" {
				for key := range got {
					if strings.HasPrefix(key, "nginx.") {
						t.Errorf("%s means nothing to %s", key, tc.controller)
					}
				}
			}
			own := merge(base, map[string]any{"ingress": map[string]any{"annotations": map[string]any{tc.annotation: "mine"}}})
			got = mustRender(t, own, options{}).the(t, "Ingress").labels("metadata.annotations")
			if got[tc.annotation] != "mine" {
				t.Errorf("%s is %q, want the user's", tc.annotation, got[tc.annotation])
			}
		})
	}
}
