package migrate

import (
	"encoding/json"
	"fmt"
	"strconv"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// clockPlan is how the result keeps the clocks of a stream: it lives at least as long as
// at the Ingress.
type clockPlan struct {
	// timeouts of every rule; nil for none.
	timeouts *gatewayv1.HTTPRouteTimeouts
	places   []Place
	// note is a difference that stays.
	note string
	// missing and do are set where the clock stands on something that is not made here.
	missing, do string
}

// defaultClock stands for the clocks of an Ingress without an annotation.
const defaultClock = "(default) how long a response may last"

// readClocks decides about the clocks of an Ingress. A controller's defaults differ: what
// nobody limited before must not be cut after Envoy's 15 seconds now.
func (m *migration) readClocks(s *site) {
	if s.canary {
		return
	}
	s.clocks = m.clocksOf(s)
	s.plan = m.planClocks(s)
	if s.clocks.total == streaming.Unknown {
		return
	}
	for _, key := range sortedKeys(s.ingress.Annotations) {
		if s.family != nil && s.family.isClock(key) {
			return // its entry says it
		}
	}
	e := Entry{Field: defaultClock, Value: string(s.clocks.total)}
	switch {
	case s.plan.missing != "":
		e.Outcome, e.Why, e.Do = Lost, s.plan.missing, s.plan.do
	case len(s.plan.places) > 0:
		e.Outcome, e.To, e.Why = Translated, s.plan.places, s.plan.note
	default:
		return
	}
	s.add(e)
}

// clocksOf are the longest of all Services of the Ingress: nothing is cut that was not.
func (m *migration) clocksOf(s *site) clocks {
	out := clocks{streaming.Unknown, streaming.Unknown}
	services := s.services()
	if len(services) == 0 {
		services = []string{""}
	}
	for _, name := range services {
		in := streaming.Ingress{Controller: s.controller, Annotations: s.ingress.Annotations}
		if svc := m.service(Name{s.ingress.Namespace, name}); svc != nil {
			in.Service = svc.Annotations
			in.Policies = m.backendConfigs(s.ingress.Namespace, svc.Annotations)
		}
		limit := streaming.OfIngress(in)
		out.total, out.idle = longer(out.total, limit.Total), longer(out.idle, limit.Idle)
	}
	return out
}

func longer(a, b streaming.Length) streaming.Length {
	da, limitedA := a.Duration()
	db, limitedB := b.Duration()
	switch {
	case a == streaming.Unlimited || b == streaming.Unknown:
		return a
	case b == streaming.Unlimited || a == streaming.Unknown:
		return b
	case limitedA && limitedB && db > da:
		return b
	}
	return a
}

// backendConfigs are those that a Service names: {"default": NAME, "ports": {PORT: NAME}}.
// https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#associating_backendconfig_with_your_ingress
func (m *migration) backendConfigs(namespace string, annotations map[string]string) []streaming.Policy {
	var named struct {
		Default string            `json:"default"`
		Ports   map[string]string `json:"ports"`
	}
	if err := json.Unmarshal([]byte(annotations[backendConfigAnnotation]), &named); err != nil {
		return nil // GKE reads nothing of it either
	}
	configs := []string{named.Default}
	for _, port := range sortedKeys(named.Ports) {
		configs = append(configs, named.Ports[port])
	}
	var out []streaming.Policy
	for _, name := range configs {
		if u := m.other("BackendConfig", Name{namespace, name}); u != nil {
			spec, _, _ := unstructured.NestedMap(u.Object, "spec")
			out = append(out, streaming.Policy{Kind: u.GetKind(), Namespace: namespace, Name: name, Level: streaming.LevelService, Spec: spec})
		}
	}
	return out
}

func (m *migration) planClocks(s *site) clockPlan {
	if s.clocks.total == streaming.Unknown {
		return clockPlan{}
	}
	switch {
	case m.is("traefik"):
		return clockPlan{note: "Traefik limits nothing"}
	case m.is("nginx-gateway-fabric"):
		life := nginxDuration(s.clocks.idle)
		places := s.set(proxySettingsPolicy, life, "timeout", "read")
		places = append(places, s.set(proxySettingsPolicy, life, "timeout", "send")...)
		return clockPlan{places: append(places, s.set(proxySettingsPolicy, true, "buffering", "disable")...)}
	case m.is("gke"):
		return clockPlan{
			places: s.set(gcpBackendPolicy, seconds(s.clocks.total, 86400, 1<<31-1), "default", "timeoutSec"),
			note:   "GKE always has a total limit, which nothing that is sent resets; 86400 stands for none",
		}
	case m.is("aws-lbc"):
		if m.options.Gateway != nil {
			return clockPlan{missing: "the load balancer is that of Gateway " + m.options.Gateway.String(), do: "ask its owner for loadBalancerAttributes " + awsIdle}
		}
		idle := strconv.FormatInt(seconds(s.clocks.idle, 4000, 4000), 10)
		s.parameter("loadBalancerAttributes", []any{map[string]any{"key": awsIdle, "value": idle}})
		return clockPlan{places: []Place{m.parameterPlace(s, "spec.loadBalancerAttributes")}, note: "an Application Load Balancer lets a stream be silent for 4000 s at most"}
	case m.is("azure-agc"):
		return clockPlan{places: s.set(routePolicy, gatewayDuration(s.clocks.total), "default", "timeouts", "routeTimeout")}
	case m.is("kong"):
		ms := fmt.Sprintf("%d000", seconds(s.clocks.idle, 2147483, 2147483))
		return onService(s, "Kong", "konghq.com/read-timeout="+ms+" konghq.com/write-timeout="+ms)
	case m.is("haproxy"):
		life := fmt.Sprintf("%ds", seconds(s.clocks.idle, 2147483, 2147483))
		return onService(s, "HAProxy", "haproxy.org/timeout-server="+life+" haproxy-ingress.github.io/timeout-server="+life)
	}
	return m.routeClocks(s)
}

// routeClocks stand on the route, where the standard has them.
func (m *migration) routeClocks(s *site) clockPlan {
	life := gatewayv1.Duration(gatewayDuration(s.clocks.total))
	plan := clockPlan{
		timeouts: &gatewayv1.HTTPRouteTimeouts{Request: &life, BackendRequest: &life},
		places:   s.routes("spec.rules[].timeouts"),
	}
	switch {
	case m.is("kgateway"):
		plan.places = append(plan.places, s.set(trafficPolicy, gatewayDuration(s.clocks.idle), "timeouts", "streamIdle")...)
	case m.is("cilium"), m.is("contour"):
		plan.note = "a silent stream is cut after 5 minutes there, which no route can change: send something more often"
	case m.target.Name == "":
		plan.note = "how long silence may last is the controller's (--controller)"
	}
	return plan
}

// onService says what to do where the clocks are annotations of the Service, which is not
// made here.
func onService(s *site, controller, annotations string) clockPlan {
	plan := clockPlan{missing: controller + " reads its clocks on the Service, which is not changed here"}
	for i, name := range s.services() {
		if i > 0 {
			plan.do += "; "
		}
		plan.do += "kubectl annotate service " + name + " --namespace " + s.ingress.Namespace + " " + annotations
	}
	return plan
}

// clock is an annotation that sets how long a stream lasts: streaming has read it.
func clock(keys ...string) []annotation {
	out := each(func(r *reading) {
		plan := r.site.plan
		switch {
		case r.site.clocks.total == streaming.Unknown || r.site.clocks.idle == streaming.Unknown:
			r.lost("its value is no duration that the controller knows", "say on the route how long a response may last: rules[].timeouts")
		case plan.missing != "":
			r.lost(plan.missing, plan.do)
		case len(plan.places) > 0:
			r.translated(plan.places...)
			r.note(plan.note)
		default:
			r.notNeeded(plan.note)
		}
	}, keys...)
	return out
}

// gatewayDuration is a length as the Gateway API writes it; 0s is no limit.
func gatewayDuration(l streaming.Length) string {
	if _, limited := l.Duration(); !limited {
		return "0s"
	}
	return string(l)
}

// seconds of a length, rounded up, with what stands for no limit and the most that may be
// said.
func seconds(l streaming.Length, unlimited, most int64) int64 {
	d, limited := l.Duration()
	if !limited {
		return unlimited
	}
	return max(1, min(most, int64((d+streaming.Second-1)/streaming.Second)))
}

// shortSeconds are seconds as a duration whose numbers have five digits at most, as the
// Gateway API wants it. https://gateway-api.sigs.k8s.io/geps/gep-2257/
func shortSeconds(n int64) string {
	if n <= 99999 {
		return fmt.Sprintf("%ds", n)
	}
	return fmt.Sprintf("%dh%dm%ds", n/3600, n/60%60, n%60)
}

// nginxDuration is one number of at most four digits with a unit; a year stands for no
// limit. https://docs.nginx.com/nginx-gateway-fabric/reference/api/ (Duration)
func nginxDuration(l streaming.Length) string {
	n := seconds(l, 31536000, 35996400)
	switch {
	case n <= 9999:
		return fmt.Sprintf("%ds", n)
	case n <= 599940:
		return fmt.Sprintf("%dm", (n+59)/60)
	}
	return fmt.Sprintf("%dh", (n+3599)/3600)
}

// portOf is the number of the port of a backend; 0 where its name is not known.
func (m *migration) portOf(namespace string, b *networkingv1.IngressServiceBackend) int32 {
	if b.Port.Number != 0 {
		return b.Port.Number
	}
	svc := m.service(Name{namespace, b.Name})
	if svc == nil {
		return 0
	}
	for _, p := range svc.Spec.Ports {
		if p.Name == b.Port.Name {
			return p.Port
		}
	}
	return 0
}
