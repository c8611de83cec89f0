package streaming

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

func table(t testing.TB) *catalog.Controllers {
	t.Helper()
	c, err := catalog.LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// http is a spec with timeout.http.
func http(fields map[string]any) map[string]any {
	return map[string]any{"timeout": map[string]any{"http": fields}}
}

func policy(kind string, level Level, spec map[string]any) Policy {
	return Policy{Kind: kind, Namespace: "a", Name: "p", Level: level, Spec: spec}
}

func backend(fields map[string]any) []Policy {
	return []Policy{policy("BackendTrafficPolicy", LevelRoute, http(fields))}
}

type wants struct {
	total, idle Length
	// advice says whether there is any.
	advice bool
}

type routeCase struct {
	reason     string
	controller string
	route      Route
	want       wants
}

func checkRoutes(t *testing.T, cases map[string]routeCase) {
	t.Helper()
	controllers := table(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := tc.route
			r.Controller, _ = controllers.GatewayNamed(tc.controller)
			got := OfRoute(r)
			if diff := cmp.Diff(tc.want, wants{got.Total, got.Idle, len(got.Advice) > 0}, cmp.AllowUnexported(wants{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s%+v", tc.reason, diff, got)
			}
			if got.TotalBy == "" || got.IdleBy == "" {
				t.Errorf("want both clocks to be named, got %+v", got)
			}
		})
	}
}

// The first six are what Envoy Gateway 1.9.1's own translation to Envoy's configuration
// gave, by `egctl x translate`; where that gave no idle timeout, Envoy's of 5m holds.
func TestEnvoyGateway(t *testing.T) {
	halfHour := map[string]any{"requestTimeout": "0s", "streamIdleTimeout": "30m"}
	client := func(idle string, level Level) Policy {
		return policy("ClientTrafficPolicy", level, http(map[string]any{"streamIdleTimeout": idle}))
	}
	merge := http(map[string]any{"streamIdleTimeout": "2h"})
	merge["mergeType"] = "StrategicMerge"
	capped := map[string]any{"connection": map[string]any{"connectionLimit": map[string]any{"maxStreamDuration": "10m"}}}
	checkRoutes(t, map[string]routeCase{
		"NoTimeouts":     {"Envoy cuts at 15s", "envoy-gateway", Route{}, wants{"15s", "5m", true}},
		"Request":        {"The request timeout is the idle timeout too", "envoy-gateway", Route{Request: "3600s"}, wants{"1h", "1h", true}},
		"BackendRequest": {"It replaces request", "envoy-gateway", Route{Request: "3600s", BackendRequest: "3600s"}, wants{"1h", "1h", true}},
		"ShortTimeouts":  {"The idle timeout is at least 1h", "envoy-gateway", Route{Request: "60s", BackendRequest: "30s"}, wants{"30s", "1h", true}},
		"BothZero":       {"0s lifts both", "envoy-gateway", Route{Request: "0s", BackendRequest: "0s"}, wants{Unlimited, Unlimited, false}},
		"Policy":         {"The policy sets both", "envoy-gateway", Route{Policies: backend(halfHour)}, wants{Unlimited, "30m", true}},
		"PolicyAndRoute": {
			"The route's timeout wins, the policy's idle timeout stays",
			"envoy-gateway",
			Route{Request: "3600s", BackendRequest: "3600s", Policies: backend(halfHour)},
			wants{"1h", "30m", true},
		},
		"LoneZeroRequest": {"backendRequest replaces request also then", "envoy-gateway", Route{Request: "0s", BackendRequest: "3600s"}, wants{"1h", "1h", true}},
		"Retry": {
			"backendRequest holds for a try, which ends when the response begins",
			"envoy-gateway",
			Route{Request: "2h", BackendRequest: "1m", Retry: true},
			wants{"2h", "2h", true},
		},
		"PolicyRequestOnly": {"0s of the policy lifts the idle limit too", "envoy-gateway", Route{Policies: backend(map[string]any{"requestTimeout": "0s"})}, wants{Unlimited, Unlimited, false}},
		"MaxStreamDuration": {
			"Envoy uses no route timeout beside it",
			"envoy-gateway",
			Route{Request: "3600s", Policies: backend(map[string]any{"maxStreamDuration": "0s"})},
			wants{Unlimited, "1h", false},
		},
		"MaxStreamLimits": {"It is a total limit", "envoy-gateway", Route{Request: "0s", Policies: backend(map[string]any{"maxStreamDuration": "90m"})}, wants{"1h30m", Unlimited, true}},
		"ListenerIdle": {
			"A ClientTrafficPolicy keeps the route from having one",
			"envoy-gateway",
			Route{Request: "3600s", Policies: []Policy{client("2h", LevelGateway)}},
			wants{"1h", "2h", true},
		},
		"ListenerIdleZero":   {"0s is no limit", "envoy-gateway", Route{Request: "0s", Policies: []Policy{client("0s", LevelGateway)}}, wants{Unlimited, Unlimited, false}},
		"BackendBeatsClient": {"The route's policy is the closest", "envoy-gateway", Route{Policies: append(backend(halfHour), client("2h", LevelGateway))}, wants{Unlimited, "30m", true}},
		"ListenerFirst": {
			"The policy of the listener replaces that of the Gateway as a whole",
			"envoy-gateway",
			Route{Request: "0s", Policies: []Policy{policy("ClientTrafficPolicy", LevelListener, nil), client("7m", LevelGateway)}},
			wants{Unlimited, Unlimited, false},
		},
		"ListenerTotal": {
			"A listener's maximum holds beside the route's timeout",
			"envoy-gateway",
			Route{Request: "0s", Policies: []Policy{policy("ClientTrafficPolicy", LevelGateway, capped)}},
			wants{"10m", Unlimited, true},
		},
		"PolicyReplaces": {
			"Without mergeType a route's policy hides that of the Gateway",
			"envoy-gateway",
			Route{Policies: []Policy{policy("BackendTrafficPolicy", LevelRoute, nil), policy("BackendTrafficPolicy", LevelGateway, http(halfHour))}},
			wants{"15s", "5m", true},
		},
		"PolicyMerges": {
			"With mergeType it hides only what it sets",
			"envoy-gateway",
			Route{Policies: []Policy{policy("BackendTrafficPolicy", LevelRoute, merge), policy("BackendTrafficPolicy", LevelGateway, http(halfHour))}},
			wants{Unlimited, "2h", false},
		},
		"BrokenPolicy": {
			"What cannot be read is not known",
			"envoy-gateway",
			Route{Request: "0s", Policies: backend(map[string]any{"streamIdleTimeout": "soon"})},
			wants{Unlimited, Unknown, false},
		},
		"BrokenRoute": {"What cannot be read is not known", "envoy-gateway", Route{Request: "1.5h"}, wants{Unknown, Unknown, false}},
	})
}

func TestEnvoys(t *testing.T) {
	traffic := func(request, idle string) []Policy {
		return []Policy{policy("TrafficPolicy", LevelRoute, map[string]any{"timeouts": map[string]any{"request": request, "streamIdle": idle}})}
	}
	checkRoutes(t, map[string]routeCase{
		"IstioNothing":       {"Both clocks are off", "istio", Route{}, wants{Unlimited, Unlimited, false}},
		"IstioZero":          {"0s is as if nothing were set", "istio", Route{Request: "0s", BackendRequest: "0s"}, wants{Unlimited, Unlimited, false}},
		"IstioRequest":       {"A hard cut", "istio", Route{Request: "3600s"}, wants{"1h", Unlimited, true}},
		"IstioMixed":         {"0s of request leaves backendRequest", "istio", Route{Request: "0s", BackendRequest: "2h"}, wants{"2h", Unlimited, true}},
		"CiliumNothing":      {"Cilium lifts Envoy's 15s", "cilium", Route{}, wants{Unlimited, "5m", true}},
		"CiliumMixed":        {"The shorter is 0s: no limit", "cilium", Route{Request: "0s", BackendRequest: "2h"}, wants{Unlimited, "5m", true}},
		"CiliumRequest":      {"The idle limit stays", "cilium", Route{Request: "2h"}, wants{"2h", "5m", true}},
		"CiliumRetry":        {"Cilium does not tell tries apart", "cilium", Route{Request: "2h", BackendRequest: "1h", Retry: true}, wants{"1h", "5m", true}},
		"ContourNothing":     {"Envoy's 15s", "contour", Route{}, wants{"15s", "5m", true}},
		"ContourZero":        {"0s switches the total off, not the idle limit", "contour", Route{Request: "0s"}, wants{Unlimited, "5m", true}},
		"ContourBackend":     {"backendRequest replaces request", "contour", Route{Request: "2h", BackendRequest: "0s"}, wants{Unlimited, "5m", true}},
		"KgatewayNothing":    {"Envoy's clocks", "kgateway", Route{}, wants{"15s", "5m", true}},
		"KgatewayPolicy":     {"The policy lifts both", "kgateway", Route{Policies: traffic("0s", "0s")}, wants{Unlimited, Unlimited, false}},
		"KgatewayRoute":      {"0s lifts the total", "kgateway", Route{Request: "0s", BackendRequest: "0s"}, wants{Unlimited, "5m", true}},
		"KgatewaySame":       {"They agree", "kgateway", Route{Request: "1h", Policies: traffic("60m", "0s")}, wants{"1h", Unlimited, true}},
		"KgatewayDiffer":     {"Which one wins is not known", "kgateway", Route{Request: "1h", Policies: traffic("0s", "0s")}, wants{Unknown, Unlimited, false}},
		"KgatewayZeroOfTry":  {"What it does alone is not known", "kgateway", Route{BackendRequest: "0s"}, wants{Unknown, "5m", true}},
		"TraefikNothing":     {"Nothing limits", "traefik", Route{}, wants{Unlimited, Unlimited, false}},
		"TraefikTimeouts":    {"Timeouts are ignored, which is worth a word", "traefik", Route{Request: "60s"}, wants{Unlimited, Unlimited, true}},
		"NobodysController":  {"Nothing is known of an unknown controller", "", Route{Request: "60s"}, wants{Unknown, Unknown, false}},
		"BackendPolicyAlien": {"A policy of another controller does nothing", "istio", Route{Policies: backend(map[string]any{"requestTimeout": "1s"})}, wants{Unlimited, Unlimited, false}},
	})
}

func TestOtherGateways(t *testing.T) {
	read := map[string]any{"timeout": map[string]any{"read": "2h"}, "buffering": map[string]any{"disable": true}}
	gcp := []Policy{policy("GCPBackendPolicy", LevelService, map[string]any{"default": map[string]any{"timeoutSec": int64(86400)}})}
	lb := func(level Level, seconds, mode string) Policy {
		spec := map[string]any{"loadBalancerAttributes": []any{map[string]any{"key": "idle_timeout.timeout_seconds", "value": seconds}}}
		if mode != "" {
			spec["mergingMode"] = mode
		}
		return policy("LoadBalancerConfiguration", level, spec)
	}
	agc := []Policy{policy("RoutePolicy", LevelRoute, map[string]any{"default": map[string]any{"timeouts": map[string]any{"routeTimeout": "0s"}}})}
	checkRoutes(t, map[string]routeCase{
		"NGFNothing": {"NGINX cuts what is silent for 60s", "nginx-gateway-fabric", Route{Request: "0s"}, wants{Unlimited, "1m", true}},
		"NGFPolicy":  {"The policy raises it", "nginx-gateway-fabric", Route{Policies: []Policy{policy("ProxySettingsPolicy", LevelRoute, read)}}, wants{Unlimited, "2h", false}},
		"NGFBuffered": {
			"Buffered events are worth a word",
			"nginx-gateway-fabric",
			Route{Policies: []Policy{policy("ProxySettingsPolicy", LevelRoute, map[string]any{"timeout": map[string]any{"read": "7200"}})}},
			wants{Unlimited, "2h", true},
		},
		"NGFInherits": {
			"Fields are inherited one by one",
			"nginx-gateway-fabric",
			Route{Policies: []Policy{policy("ProxySettingsPolicy", LevelRoute, map[string]any{"buffering": map[string]any{"disable": true}}), policy("ProxySettingsPolicy", LevelGateway, read)}},
			wants{Unlimited, "2h", false},
		},
		"GKENothing":  {"30s, whatever is sent", "gke", Route{}, wants{"30s", Unlimited, true}},
		"GKEPolicy":   {"A day", "gke", Route{Policies: gcp}, wants{"24h", Unlimited, false}},
		"GKETimeouts": {"The route is refused", "gke", Route{Request: "0s", Policies: gcp}, wants{Unknown, Unknown, true}},
		"AWSNothing":  {"60s of silence", "aws-lbc", Route{Request: "0s"}, wants{Unlimited, "1m", true}},
		"AWSGateway":  {"The most it takes", "aws-lbc", Route{Policies: []Policy{lb(LevelGateway, "4000", "")}}, wants{Unlimited, "1h6m40s", false}},
		"AWSClass":    {"The class may set it too", "aws-lbc", Route{Policies: []Policy{lb(LevelGatewayClass, "3600", "")}}, wants{Unlimited, "1h", false}},
		"AWSDiffer": {
			"Without mergingMode the winner is not known",
			"aws-lbc",
			Route{Policies: []Policy{lb(LevelGateway, "4000", ""), lb(LevelGatewayClass, "3600", "")}},
			wants{Unlimited, Unknown, false},
		},
		"AWSPreferred": {
			"mergingMode says it",
			"aws-lbc",
			Route{Policies: []Policy{lb(LevelGateway, "4000", ""), lb(LevelGatewayClass, "3600", "prefer-gateway")}},
			wants{Unlimited, "1h6m40s", false},
		},
		"AWSPreferClass": {
			"mergingMode says it",
			"aws-lbc",
			Route{Policies: []Policy{lb(LevelGateway, "4000", ""), lb(LevelGatewayClass, "3600", "prefer-gateway-class")}},
			wants{Unlimited, "1h", false},
		},
		"AGCNothing":      {"60s in all", "azure-agc", Route{}, wants{"1m", "5m", true}},
		"AGCPolicy":       {"The idle limit stays", "azure-agc", Route{Policies: agc}, wants{Unlimited, "5m", true}},
		"AGCTimeouts":     {"Whether they are honored is not known", "azure-agc", Route{Request: "1h"}, wants{Unknown, "5m", true}},
		"KongNothing":     {"60s of silence; request is ignored", "kong", Route{Request: "1h"}, wants{Unlimited, "1m", true}},
		"KongService":     {"In milliseconds", "kong", Route{Service: map[string]string{"konghq.com/read-timeout": "7200000"}}, wants{Unlimited, "2h", false}},
		"KongRoute":       {"backendRequest sets the same clock", "kong", Route{BackendRequest: "2h"}, wants{Unlimited, "2h", false}},
		"KongBoth":        {"Which one wins is not known", "kong", Route{BackendRequest: "1h", Service: map[string]string{"konghq.com/read-timeout": "7200000"}}, wants{Unlimited, Unknown, false}},
		"KongBroken":      {"A duration is no number of milliseconds", "kong", Route{Service: map[string]string{"konghq.com/read-timeout": "2h"}}, wants{Unlimited, Unknown, false}},
		"HAProxyNothing":  {"50s of silence", "haproxy", Route{Request: "1h"}, wants{Unlimited, "50s", true}},
		"HAProxyService":  {"The client side may be shorter", "haproxy", Route{Service: map[string]string{"haproxy.org/timeout-server": "2h"}}, wants{Unlimited, Unknown, true}},
		"HAProxyShorter":  {"A shorter server side is the limit", "haproxy", Route{Service: map[string]string{"haproxy.org/timeout-server": "20000"}}, wants{Unlimited, "20s", true}},
		"HAProxyUnusable": {"What cannot be read is not known", "haproxy", Route{Service: map[string]string{"haproxy.org/timeout-server": "long"}}, wants{Unlimited, Unknown, false}},
	})
}

func TestOfIngress(t *testing.T) {
	controllers := table(t)
	cases := map[string]struct {
		reason     string
		controller string
		in         Ingress
		want       wants
	}{
		"NginxNothing": {"60s of silence", "ingress-nginx", Ingress{}, wants{Unlimited, "1m", true}},
		"NginxSet":     {"In seconds", "ingress-nginx", Ingress{Annotations: map[string]string{nginxPrefix + "proxy-read-timeout": "7200"}}, wants{Unlimited, "2h", false}},
		"NginxBroken": {
			"A duration is no number of seconds",
			"ingress-nginx",
			Ingress{Annotations: map[string]string{nginxPrefix + "proxy-read-timeout": "2h"}},
			wants{Unlimited, Unknown, false},
		},
		"Traefik":    {"Annotations of others do nothing", "traefik", Ingress{Annotations: map[string]string{nginxPrefix + "proxy-read-timeout": "7200"}}, wants{Unlimited, Unlimited, false}},
		"ALBNothing": {"60s of silence", "aws-alb", Ingress{}, wants{Unlimited, "1m", true}},
		"ALBSet": {
			"One of several attributes",
			"aws-alb",
			Ingress{Annotations: map[string]string{albIngress: "deletion_protection.enabled=true, idle_timeout.timeout_seconds=4000"}},
			wants{Unlimited, "1h6m40s", false},
		},
		"GKENothing": {"30s, whatever is sent", "gke", Ingress{}, wants{"30s", Unlimited, true}},
		"GKESet": {
			"By the Service's BackendConfig",
			"gke",
			Ingress{Policies: []Policy{policy("BackendConfig", LevelService, map[string]any{"timeoutSec": float64(3600)})}},
			wants{"1h", Unlimited, false},
		},
		"HAProxySet": {"The client side may be shorter", "haproxy", Ingress{Annotations: map[string]string{"haproxy-ingress.github.io/timeout-server": "2h"}}, wants{Unlimited, Unknown, true}},
		"Nobody":     {"Nothing is known of an unknown controller", "", Ingress{}, wants{Unknown, Unknown, false}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in := tc.in
			in.Controller, _ = controllers.IngressNamed(tc.controller)
			got := OfIngress(in)
			if diff := cmp.Diff(tc.want, wants{got.Total, got.Idle, len(got.Advice) > 0}, cmp.AllowUnexported(wants{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s%+v", tc.reason, diff, got)
			}
		})
	}
}

func TestOfService(t *testing.T) {
	if got := OfService(nil); got.Total != Unlimited || got.Idle != Unknown {
		t.Errorf("want only the idle limit to be unknown, got %+v", got)
	}
	got := OfService(map[string]string{nlbListener + "TCP-80": "tcp.idle_timeout.seconds=6000", nlbListener + "TCP-443": "tcp.idle_timeout.seconds=600"})
	if want := (wants{Unlimited, "10m", true}); want != (wants{got.Total, got.Idle, len(got.Advice) > 0}) {
		t.Errorf("want the shortest of the listeners, got %+v", got)
	}
}

// Every controller of the table has its own code, and nothing else has.
func TestFamiliesAreThoseOfTheTable(t *testing.T) {
	controllers := table(t)
	var want, got []string
	for _, row := range controllers.Gateway {
		want = append(want, row.Name)
	}
	for _, row := range controllers.Ingress {
		want = append(want, row.Name)
	}
	for _, f := range gateways {
		got = append(got, f.controller)
	}
	for _, f := range ingresses {
		got = append(got, f.controller)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("families (-want +got):\n%s", diff)
	}
}

func TestParseDuration(t *testing.T) {
	cases := map[string]struct {
		reason, in string
		want       Duration
		refused    bool
	}{
		"Seconds":   {"The usual form", "3600s", Hour, false},
		"Four":      {"Four parts are allowed", "1h2m3s4ms", Hour + 2*Minute + 3*Second + 4*Millisecond, false},
		"Largest":   {"Five digits are allowed", "99999h", 99999 * Hour, false},
		"Five":      {"Five parts are not", "1h1m1s1ms1ms", 0, true},
		"SixDigits": {"Six digits are not", "100000s", 0, true},
		"Fraction":  {"Fractions are not", "1.5h", 0, true},
		"Negative":  {"Signs are not", "-1s", 0, true},
		"Bare":      {"A unit is needed", "0", 0, true},
		"Days":      {"Go knows no days either", "1d", 0, true},
		"Micro":     {"Nothing below a millisecond", "1us", 0, true},
		"Empty":     {"Nothing is no duration", "", 0, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseDuration(tc.in)
			if got != tc.want || (err != nil) != tc.refused {
				t.Errorf("%s: want %v (refused %t), got %v, %v", tc.reason, tc.want, tc.refused, got, err)
			}
		})
	}
}

func FuzzLength(f *testing.F) {
	for _, seed := range []string{"0s", "1h30m", "99999h99999m99999s99999ms", "61s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			return
		}
		if back, limited := Lasting(d).Duration(); !limited || back != d {
			t.Errorf("%q is %v, as a Length %q, and back %v", s, d, Lasting(d), back)
		}
	})
}
