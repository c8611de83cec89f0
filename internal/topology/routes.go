package topology

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Routes returns every HTTPRoute and GRPCRoute, by namespace, kind and name.
func (s *Snapshot) Routes() []Route {
	out := make([]Route, 0, len(s.routes))
	for _, r := range s.routes {
		out = append(out, s.route(r))
	}
	return out
}

func (s *Snapshot) route(r *routeNode) Route {
	out := Route{Kind: r.ref.Kind, Namespace: r.ref.Namespace, Name: r.ref.Name, Hostnames: r.hostnames}
	resolved := len(r.parents) > 0
	for _, parent := range r.parents {
		a := s.attach(r, parent)
		resolved = resolved && a.resolved.state == True
		out.Parents = append(out.Parents, a.parent())
		out.Problems = append(out.Problems, a.problems()...)
	}
	if len(r.parents) == 0 {
		out.Problems = append(out.Problems, "it names no Gateway in parentRefs")
	}
	for _, rule := range r.rules {
		in := Rule{Request: rule.request, BackendRequest: rule.backendRequest}
		for _, m := range rule.matches {
			in.Matches = append(in.Matches, m.String())
		}
		for _, b := range rule.backends {
			backend := s.backend(r.ref, b, resolved)
			in.Backends = append(in.Backends, backend)
			if backend.Problem != "" && !slices.Contains(out.Problems, backend.Problem) {
				out.Problems = append(out.Problems, backend.Problem)
			}
		}
		out.Rules = append(out.Rules, in)
	}
	return out
}

func (a *attachment) parent() Parent {
	out := Parent{Gateway: a.key.String(), Section: a.section, Accepted: a.accepted.state, ResolvedRefs: a.resolved.state}
	if a.kind != "Gateway" {
		out.Gateway = a.kind + "/" + out.Gateway
	}
	for _, b := range a.bound {
		out.Listeners = append(out.Listeners, string(b.listener.Name))
	}
	// A route can be accepted with a reservation: NGINX Gateway Fabric says
	// UnsupportedField.
	told := a.accepted
	if a.accepted.state == True && a.resolved.state == False {
		told = a.resolved
	}
	if told.state != True || told.reason != "Accepted" {
		out.Reason, out.Message = told.reason, told.message
	}
	return out
}

// problems of the attachment, one sentence each.
func (a *attachment) problems() []string {
	switch {
	case a.accepted.state == False:
		return []string{a.accepted.why(fmt.Sprintf("%s %q does not accept it", a.kind, a.key))}
	case a.accepted.state == StateUnknown && a.why != "":
		return []string{a.accepted.why(fmt.Sprintf("no controller has accepted it for %s %q: %s", a.kind, a.key, a.why))}
	case a.accepted.state == StateUnknown:
		return []string{a.accepted.why(fmt.Sprintf("no controller has accepted it for %s %q", a.kind, a.key))}
	case a.resolved.state == False:
		return []string{a.resolved.why(fmt.Sprintf("%s %q does not find all that it refers to", a.kind, a.key))}
	}
	return nil
}

// backend describes where a rule sends to. With resolved, a controller says that all
// references of the route are good, so nothing here says otherwise.
func (s *Snapshot) backend(route Ref, b backendRef, resolved bool) Backend {
	out := Backend{Kind: b.kind, Namespace: b.key.Namespace, Name: b.key.Name, Port: b.port, Weight: b.weight}
	if !b.isService() {
		return out
	}
	service := s.Objects.Services.Get(b.key.Namespace, b.key.Name)
	if service != nil {
		out.ReadyEndpoints = s.ready(b.key)
	}
	switch {
	case !resolved && s.ungranted(route, b):
		out.Problem = fmt.Sprintf("no ReferenceGrant in namespace %q lets %ss of namespace %q refer to Service %q", b.key.Namespace, route.Kind, route.Namespace, b.key.Name)
	case service == nil && s.sees("Service", b.key.Namespace):
		out.Problem = fmt.Sprintf("Service %q does not exist", b.key)
	case service == nil:
	case b.port != 0 && !hasPort(service, b.port):
		out.Problem = fmt.Sprintf("Service %q has no port %d", b.key, b.port)
	case b.weight > 0 && out.ReadyEndpoints != nil && *out.ReadyEndpoints == 0:
		out.Problem = fmt.Sprintf("Service %q has no ready endpoints", b.key)
	}
	return out
}

// ungranted says that a grant is needed and there is none, as far as grants are seen.
func (s *Snapshot) ungranted(route Ref, b backendRef) bool {
	return !s.granted(route, b) && s.sees("ReferenceGrant", b.key.Namespace)
}

func hasPort(service *corev1.Service, port int32) bool {
	return slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port })
}
