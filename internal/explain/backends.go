package explain

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// mostEndpoints is how many endpoints of a Service are told.
const mostEndpoints = 20

// ruleHops follow the request behind the rule that takes it: filters, clocks, backends. The
// door is nil where no Gateway was seen, and the claim where no rule takes the request.
func (w *way) ruleHops(c *topology.Claim, d *door) {
	if c == nil {
		return
	}
	object := routeObject(c.Route)
	field := fmt.Sprintf("spec.rules[%d]", c.Rule)
	filters, redirect := w.filtersOf(c)
	if len(filters) > 0 {
		h := Hop{Kind: HopFilters, Object: &object, Field: field + ".filters", Text: "filters", Details: filters}
		w.tell(&h, object, at(field+".filters"))
		w.hop(h)
	}
	if redirect != "" {
		w.answered = "The Gateway answers by itself: " + redirect + "."
		return
	}
	rule := c.Route.Rules[c.Rule]
	w.clockHops(c, d)
	total := int32(0)
	for _, b := range rule.Backends {
		total += b.Weight
	}
	if total == 0 {
		// https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule (backendRefs)
		h := Hop{Kind: HopService, Object: &object, Field: field + ".backendRefs", Text: "no backend"}
		h.Stops = "the rule has no backend that gets requests: the answer is 500."
		w.tell(&h, object, at(field+".backendRefs"))
		w.hop(h)
	}
	for i, b := range rule.Backends {
		out := w.backend(b, backendAt{object, fmt.Sprintf("%s.backendRefs[%d]", field, i)})
		if total > 0 {
			out.Share = int((int64(b.Weight)*200 + int64(total)) / (2 * int64(total)))
		}
		w.out.Backends = append(w.out.Backends, out)
	}
}

// backendAt is where a backend is named.
type backendAt struct {
	object diagnose.Object
	field  string
}

// backend follows requests to one backend of a rule.
func (w *way) backend(b topology.BackendFacts, named backendAt) Backend {
	out := Backend{Object: diagnose.Object{APIVersion: "v1", Kind: b.Kind, Namespace: b.Key.Namespace, Name: b.Key.Name}, Port: b.Port, Weight: b.Weight}
	if !b.IsService() {
		out.Object.APIVersion = b.Group
		h := Hop{Kind: HopService, Object: &out.Object, Text: out.Object.String() + ", which is not looked at here"}
		w.tell(&h, named.object, at(named.field))
		out.Hops, out.Stops = []Hop{h}, h.Stops
		return out
	}
	out.Hops = w.serviceHops(b.Key, b.Port, named)
	for _, h := range out.Hops {
		if out.Stops == "" {
			out.Stops = h.Stops
		}
	}
	return out
}

// noEndpoints is the check that says why a Service has none; it is told there.
const noEndpoints = "backend-no-endpoints"

// serviceHops are those from a Service to its pods, through KEDA's interceptor if that is
// what the Service is.
func (w *way) serviceHops(key topology.Key, port int32, named backendAt) []Hop {
	object := serviceObject(key)
	h := Hop{Kind: HopService, Object: &object, Text: object.String() + portWords(port)}
	service := w.Objects.Services.Get(key.Namespace, key.Name)
	here := at(named.field)
	w.tell(&h, named.object, func(f diagnose.Finding) bool { return here(f) && f.Check != noEndpoints })
	w.tell(&h, object, anything)
	switch {
	case service == nil && w.Sees("Service", key.Namespace) && h.Stops == "":
		h.Stops = "it does not exist."
	case service == nil:
		h.Text += ": not seen"
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		h.Text += ", a name for " + service.Spec.ExternalName
	}
	out := []Hop{h}
	if service == nil || service.Spec.Type == corev1.ServiceTypeExternalName {
		return out
	}
	if key.Name == topology.Interceptor {
		return append(append(out, w.endpointsHop(key, port, false, nil)), w.scalerHops(key)...)
	}
	scalers, _ := w.Around().Of(service)
	for _, so := range scalers {
		scaler := diagnose.Object{APIVersion: so.GetAPIVersion(), Kind: so.GetKind(), Namespace: so.GetNamespace(), Name: so.GetName()}
		hop := Hop{Kind: HopScaler, Object: &scaler, Text: scaler.String() + " scales it"}
		w.tell(&hop, scaler, anything)
		hop.Stops, hop.check = "", "" // pods that run answer, whatever is wrong with what scales them
		out = append(out, hop)
	}
	return append(out, w.endpointsHop(key, port, false, func(h *Hop) {
		w.tell(h, named.object, func(f diagnose.Finding) bool { return here(f) && f.Check == noEndpoints })
	}))
}

func serviceObject(key topology.Key) diagnose.Object {
	return diagnose.Object{APIVersion: "v1", Kind: "Service", Namespace: key.Namespace, Name: key.Name}
}

func portWords(port int32) string {
	if port == 0 {
		return ""
	}
	return fmt.Sprintf(" port %d", port)
}

// endpointsHop tells who answers for a Service. One that KEDA's interceptor waits for may
// sleep.
func (w *way) endpointsHop(key topology.Key, port int32, mayBeAsleep bool, tell func(*Hop)) Hop {
	object := serviceObject(key)
	h := Hop{Kind: HopEndpoints, Object: &object, Ready: w.Ready(key)}
	if h.Ready == nil {
		h.Text = "endpoints: not seen"
		return h
	}
	all := w.Endpoints(key, port)
	h.Text = fmt.Sprintf("%d of %d %s ready", *h.Ready, max(len(all), *h.Ready), plural(len(all), "endpoint", "endpoints"))
	h.Endpoints = all[:min(len(all), mostEndpoints)]
	if tell != nil {
		tell(&h)
	}
	if *h.Ready > 0 || h.Stops != "" {
		return h
	}
	if mayBeAsleep {
		h.Text += ": it sleeps, and the interceptor holds the request until a pod is there"
		return h
	}
	h.Stops = "none of its endpoints is ready."
	return h
}

// scalerHops are those behind KEDA's interceptor.
func (w *way) scalerHops(interceptor topology.Key) []Hop {
	for _, k := range w.Scalers() {
		if !k.Takes(w.request.Host, w.request.Path) {
			continue
		}
		object := diagnose.Object{APIVersion: k.Object.GetAPIVersion(), Kind: k.Object.GetKind(), Namespace: k.Object.GetNamespace(), Name: k.Object.GetName()}
		h := Hop{Kind: HopScaler, Object: &object, Text: object.String() + " takes it from KEDA's interceptor"}
		w.tell(&h, object, anything)
		service := serviceObject(k.Service)
		to := Hop{Kind: HopService, Object: &service, Text: service.String()}
		w.tell(&to, service, anything)
		if w.Objects.Services.Get(k.Service.Namespace, k.Service.Name) == nil {
			to.Text += ": not seen"
			return []Hop{h, to}
		}
		return []Hop{h, to, w.endpointsHop(k.Service, 0, true, nil)}
	}
	object := serviceObject(interceptor)
	return []Hop{{
		Kind: HopScaler, Object: &object, Text: "KEDA's interceptor",
		Stops: fmt.Sprintf("no InterceptorRoute or HTTPScaledObject takes host %q and path %q.", w.request.Host, w.request.Path),
	}}
}

// clockHops tell which clocks would cut a stream on this way; once, where they are the same
// for all backends.
func (w *way) clockHops(c *topology.Claim, d *door) {
	if d == nil {
		return
	}
	object := routeObject(c.Route)
	field := fmt.Sprintf("spec.rules[%d].timeouts", c.Rule)
	var limits []streaming.Limit
	var names []string
	for i, b := range c.Route.Rules[c.Rule].Backends {
		l, ok := w.limit(c, d, i)
		if !ok {
			continue
		}
		same := slices.IndexFunc(limits, func(other streaming.Limit) bool { return slices.Equal(clockWords(other), clockWords(l)) })
		if same >= 0 {
			names[same] += ", " + b.Key.Name
			continue
		}
		limits, names = append(limits, l), append(names, b.Key.Name)
	}
	for i, l := range limits {
		h := Hop{Kind: HopClocks, Object: &object, Field: field, Text: "clocks", Limit: &l, Details: clockWords(l)}
		if len(limits) > 1 {
			h.Text += " to " + names[i]
		}
		w.tell(&h, object, at(field))
		w.hop(h)
	}
}

// limit of a stream to a backend of a rule.
func (w *way) limit(c *topology.Claim, d *door, backend int) (streaming.Limit, bool) {
	listener := topology.Candidate{Index: d.Index, Listener: d.Listener}
	for i := range c.Route.Attachments {
		a := &c.Route.Attachments[i]
		if a.Gateway != d.Gateway {
			continue
		}
		l := c.Route.Limit(a, listener, c.Rule, backend)
		b := c.Route.Rules[c.Rule].Backends[backend]
		if b.Key.Name != topology.Interceptor {
			return l, true
		}
		for _, k := range w.Scalers() {
			if k.Takes(w.request.Host, w.request.Path) {
				return k.Limit(l), true
			}
		}
		return l, true
	}
	return streaming.Limit{}, false
}

// clockWords say what a limit means for a stream.
func clockWords(l streaming.Limit) []string {
	var out []string
	add := func(length streaming.Length, by, cut, never, unknown string) {
		switch length {
		case streaming.Unlimited:
			out = append(out, fmt.Sprintf("%s (%s)", never, by))
		case streaming.Unknown:
			out = append(out, fmt.Sprintf("%s (%s)", unknown, by))
		default:
			out = append(out, fmt.Sprintf(cut, length, by))
		}
	}
	add(l.Total, l.TotalBy, "cut after %s, busy or not (%s)", "never cut while busy", "whether it is cut while busy is not known")
	add(l.Idle, l.IdleBy, "cut when silent for %s (%s)", "never cut while silent", "whether it is cut while silent is not known")
	return append(out, l.Advice...)
}

// oneLine is a text without line breaks, which values of fields may have.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
