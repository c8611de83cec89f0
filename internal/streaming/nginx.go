package streaming

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// nginxDuration reads the syntax of NGINX; a bare number is seconds.
// https://nginx.org/en/docs/syntax.html
func nginxDuration(s string) (Duration, error) {
	return suffixed(map[string]Duration{
		"": Second, "ms": Millisecond, "s": Second, "m": Minute, "h": Hour,
		"d": 24 * Hour, "w": 7 * 24 * Hour,
	})(s)
}

// nginxGatewayFabric: fields of ProxySettingsPolicy are inherited one by one.
// https://github.com/nginx/nginx-gateway-fabric/blob/v2.6.0/apis/v1alpha1/proxysettingspolicy_types.go
func nginxGatewayFabric(r Route) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	policies := ofKind(r.Policies, "ProxySettingsPolicy")
	var advice []string
	if s := firstField(policies, nginxDuration, "timeout", "read"); s != nil {
		// NGINX knows no 0 for "no limit" there: it would end at once.
		idle = clock{Lasting(s.duration), s.by}
		if s.err != nil {
			idle = s.clock()
		}
	} else {
		advice = append(advice, "Attach a ProxySettingsPolicy with spec.timeout.read and spec.buffering.disable true to the route.")
	}
	if len(policies) > 0 && !unbuffered(policies) {
		advice = append(advice, "Set spec.buffering.disable of the ProxySettingsPolicy to true, or send X-Accel-Buffering: no: events are held back otherwise.")
	}
	return limit(total, idle, advice...)
}

func unbuffered(policies []Policy) bool {
	for _, p := range policies {
		if disabled, found, err := unstructured.NestedBool(p.Spec, "buffering", "disable"); found && err == nil {
			return disabled
		}
	}
	return false
}

const nginxPrefix = "nginx.ingress.kubernetes.io/"

// ingressNginx: https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
func ingressNginx(in Ingress) Limit {
	total, idle := defaults(in.Controller.ControllerFacts)
	if s := annotation(number(Second), in.Annotations, nginxPrefix+"proxy-read-timeout", "Ingress"); s != nil {
		idle = clock{Lasting(s.duration), s.by}
		if s.err != nil {
			idle = s.clock()
		}
		return limit(total, idle)
	}
	return limit(total, idle, "Set the annotation "+nginxPrefix+"proxy-read-timeout of the Ingress, in seconds.")
}
