package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// viaRoute adds the ways in through one rule of a route. A scaler stands behind KEDA's
// interceptor, which the rule then names in place of the Service.
func (e *exposing) viaRoute(u use, k *scaler) {
	if u.backend.weight == 0 {
		e.miss(u.route.ref, "a rule names the Service with weight 0, so it gets no requests", "Raise backendRefs[].weight.")
		return
	}
	if len(u.route.parents) == 0 {
		e.miss(u.route.ref, "it names no Gateway in parentRefs", "Name a Gateway in parentRefs.")
	}
	for _, parent := range u.route.parents {
		a := e.snapshot.attach(u.route, parent)
		if why, fix := e.notIn(u, &a); why != "" {
			e.miss(u.route.ref, why, fix)
			continue
		}
		for _, b := range a.bound {
			for _, host := range b.hosts {
				e.viaListener(u, k, &a, bound{b.listener, []string{host}})
			}
		}
	}
}

// notIn says why a route is no way in at one of its parents; empty if it is one.
func (e *exposing) notIn(u use, a *attachment) (why, fix string) {
	if !a.attached() {
		return strings.Join(a.problems(), "; "), a.fix
	}
	if a.gateway == nil {
		return a.why, ""
	}
	if a.resolved.state != True && e.snapshot.ungranted(u.route.ref, u.backend) {
		return e.snapshot.backend(u.route.ref, u.backend, false).Problem, fmt.Sprintf(
			"Create a ReferenceGrant in namespace %q from %s of namespace %q to Service %q.",
			u.backend.key.Namespace, u.route.ref.Kind, u.route.ref.Namespace, u.backend.key.Name)
	}
	return "", ""
}

// viaListener adds the way in through one listener, for its one host.
func (e *exposing) viaListener(u use, k *scaler, a *attachment, b bound) {
	hosts := b.hosts
	if k != nil {
		hosts = k.takes(b.hosts[0], u.rule.paths)
	}
	s := e.snapshot
	why := s.gatewayProblems(a.gateway)
	why = append(why, a.listenerProblems(b.listener.Name)...)
	why = append(why, s.ruleProblems(u, a)...)
	var paths []string
	for _, p := range u.rule.paths {
		if !slices.Contains(paths, p.String()) {
			paths = append(paths, p.String())
		}
	}
	address := ""
	if len(a.gateway.Status.Addresses) > 0 {
		address = a.gateway.Status.Addresses[0].Value
	}
	for _, host := range hosts {
		entry := Entry{
			Via:         ViaGateway,
			Path:        e.chain(k, Ref{Kind: "Gateway", Namespace: a.gateway.Namespace, Name: a.gateway.Name}, u.route.ref, serviceRef(u.backend.key)),
			Controller:  s.named(s.controllerOf(string(a.gateway.Spec.GatewayClassName))),
			Host:        host,
			PathMatch:   strings.Join(paths, ", "),
			TLS:         speaksTLS(b.listener),
			ScaleToZero: k != nil,
			Why:         slices.Clone(why),
			Stream:      k.limit(s.routeLimit(u, a, b)),
		}
		entry.URLs = origin{scheme(entry.TLS), cmp.Or(host, address), b.listener.Port}.urls(paths)
		e.add(entry)
	}
}

// ruleProblems are what keeps the rule from reaching its Service. The condition
// ResolvedRefs is about the route as a whole: where it is false and nothing here says
// which reference is meant, it counts for every rule.
func (s *Snapshot) ruleProblems(u use, a *attachment) []string {
	resolved := a.resolved.state == True
	if problem := s.backend(u.route.ref, u.backend, resolved).Problem; problem != "" {
		return []string{problem}
	}
	if a.resolved.state != False {
		return nil
	}
	for _, rule := range u.route.rules {
		for _, b := range rule.backends {
			if b.key != u.backend.key && s.backend(u.route.ref, b, false).Problem != "" {
				return nil
			}
		}
	}
	return []string{a.resolved.why("the route refers to something that cannot be used")}
}

// routeLimit is how long a stream may last through a rule at a listener.
func (s *Snapshot) routeLimit(u use, a *attachment, b bound) streaming.Limit {
	controllerName := s.controllerOf(string(a.gateway.Spec.GatewayClassName))
	row, _ := s.controllers.ByGatewayClass(controllerName)
	if why := s.unreadPolicies(row.Name); why != "" {
		return unknownLimit(why)
	}
	r := streaming.Route{
		Controller:     row,
		Request:        u.rule.request,
		BackendRequest: u.rule.backendRequest,
		Retry:          u.rule.retry,
		Policies:       s.policiesOf(u, a.gateway, b.listener),
	}
	if svc := s.Objects.Services.Get(u.backend.key.Namespace, u.backend.key.Name); svc != nil {
		r.Service = svc.Annotations
	}
	return streaming.OfRoute(r)
}

// viaInterceptor adds the ways in through KEDA's interceptor.
func (e *exposing) viaInterceptor(k *scaler) {
	found := false
	for _, u := range e.snapshot.interceptors {
		if e.reaches(u, k) {
			found = true
			e.viaRoute(u, k)
		}
	}
	for _, key := range e.interceptorServices() {
		for _, u := range e.snapshot.ingresses[key] {
			for _, host := range k.takes(u.host, nil) {
				found = true
				u.host = host
				e.viaIngress(u, k)
			}
		}
	}
	if !found {
		e.miss(k.ref, "no route sends its hosts to KEDA's interceptor", fmt.Sprintf("Point a route with one of its hosts to Service %q in the namespace of KEDA's HTTP add-on.", interceptor))
	}
}

// reaches says that a rule sends something to the interceptor that the scaler takes.
func (e *exposing) reaches(u use, k *scaler) bool {
	return slices.ContainsFunc(orAny(u.route.hostnames), func(host string) bool { return len(k.takes(host, u.rule.paths)) > 0 })
}

// interceptorServices are the Services of the interceptor that Ingresses name: an
// Ingress can only name one of its own namespace.
func (e *exposing) interceptorServices() []Key {
	var out []Key
	for key := range e.snapshot.ingresses {
		if key.Name == interceptor {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, compareKeys)
	return out
}
