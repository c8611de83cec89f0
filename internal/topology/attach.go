package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// attachment is one parentRef of a route, and what it leads to.
type attachment struct {
	// kind and key of the parent.
	kind string
	key  Key
	// section of it that the route names; empty for all.
	section string
	// gateway is the parent, or that of set; nil if it is none or was not seen.
	gateway *gatewayv1.Gateway
	// set is the parent if that is a ListenerSet; else nil.
	set *gatewayv1.ListenerSet
	// bound are the listeners that take the route, and the hostnames there.
	bound []bound
	// candidates are all listeners of the parent, and what speaks against each.
	candidates []Candidate
	// accepted and resolved are what the controller says.
	accepted, resolved condition
	// why by the rules of the Gateway API no listener takes the route, and what would
	// change that.
	why, fix string
}

// bound is a listener that takes a route.
type bound struct {
	listener *gatewayv1.Listener
	hosts    []string
}

// attach follows one parentRef.
func (s *Snapshot) attach(r *routeNode, parent gatewayv1.ParentReference) attachment {
	a := attachment{
		kind:    cmp.Or(text(parent.Kind), "Gateway"),
		key:     Key{cmp.Or(text(parent.Namespace), r.ref.Namespace), string(parent.Name)},
		section: text(parent.SectionName),
	}
	a.accepted, a.resolved = condition{state: StateUnknown}, condition{state: StateUnknown}
	controller := ""
	a.gateway, a.set = s.parentOf(a.kind, a.key)
	if a.gateway != nil {
		controller = s.controllerOf(string(a.gateway.Spec.GatewayClassName))
	}
	if status := r.statusOf(parent, controller); status != nil {
		a.accepted = conditionOf(status.Conditions, string(gatewayv1.RouteConditionAccepted), r.generation)
		a.resolved = conditionOf(status.Conditions, string(gatewayv1.RouteConditionResolvedRefs), r.generation)
	}
	switch {
	case a.gateway != nil:
		s.bind(r, parent, &a)
	case a.set != nil:
		a.why = fmt.Sprintf("the Gateway of ListenerSet %q was not seen", a.key)
	case a.kind != "Gateway" && a.kind != "ListenerSet":
		a.why = fmt.Sprintf("its parent is a %s, which is not looked at here", a.kind)
	case s.sees(a.kind, a.key.Namespace):
		a.why = fmt.Sprintf("%s %q does not exist", a.kind, a.key)
	default:
		a.why = fmt.Sprintf("%s %q was not seen", a.kind, a.key)
	}
	return a
}

// parentOf finds a parent: a Gateway, or a ListenerSet and the Gateway that it extends.
// https://gateway-api.sigs.k8s.io/geps/gep-1713/
func (s *Snapshot) parentOf(kind string, key Key) (*gatewayv1.Gateway, *gatewayv1.ListenerSet) {
	switch kind {
	case "Gateway":
		return s.Objects.Gateways.Get(key.Namespace, key.Name), nil
	case "ListenerSet":
		set := s.Objects.ListenerSets.Get(key.Namespace, key.Name)
		if set == nil {
			return nil, nil
		}
		return s.GatewayOf(set), set
	}
	return nil, nil
}

// GatewayOf returns the Gateway that a ListenerSet extends; nil if it was not seen.
func (s *Snapshot) GatewayOf(set *gatewayv1.ListenerSet) *gatewayv1.Gateway {
	namespace := cmp.Or(text(set.Spec.ParentRef.Namespace), set.Namespace)
	return s.Objects.Gateways.Get(namespace, string(set.Spec.ParentRef.Name))
}

// ListenersOf are the listeners of a ListenerSet in the form of those of a Gateway, which
// has the same fields.
func ListenersOf(set *gatewayv1.ListenerSet) []gatewayv1.Listener {
	out := make([]gatewayv1.Listener, 0, len(set.Spec.Listeners))
	for _, l := range set.Spec.Listeners {
		out = append(out, gatewayv1.Listener(l))
	}
	return out
}

// listeners of the parent, and the namespace that they call their own.
func (a *attachment) listeners() (list []gatewayv1.Listener, home string) {
	if a.set != nil {
		return ListenersOf(a.set), a.set.Namespace
	}
	return a.gateway.Spec.Listeners, a.gateway.Namespace
}

// attached says that the controller has taken the route there.
func (a *attachment) attached() bool { return a.accepted.state == True }

// statusOf finds what a controller says about a parentRef. Traefik writes about
// parents that it does not serve, so the controller of the Gateway's class is the one
// that is asked; where that is not known, whoever has accepted the route.
func (r *routeNode) statusOf(parent gatewayv1.ParentReference, controller string) *gatewayv1.RouteParentStatus {
	var found *gatewayv1.RouteParentStatus
	for i := range r.status {
		st := &r.status[i]
		if !r.sameParent(st.ParentRef, parent) || controller != "" && string(st.ControllerName) != controller {
			continue
		}
		if found == nil || conditionOf(st.Conditions, string(gatewayv1.RouteConditionAccepted), r.generation).state == True {
			found = st
		}
	}
	return found
}

func (r *routeNode) sameParent(a, b gatewayv1.ParentReference) bool {
	port := func(p *gatewayv1.PortNumber) gatewayv1.PortNumber {
		if p == nil {
			return 0
		}
		return *p
	}
	return a.Name == b.Name && text(a.SectionName) == text(b.SectionName) && port(a.Port) == port(b.Port) &&
		cmp.Or(text(a.Kind), "Gateway") == cmp.Or(text(b.Kind), "Gateway") &&
		cmp.Or(text(a.Namespace), r.ref.Namespace) == cmp.Or(text(b.Namespace), r.ref.Namespace)
}

// bind finds the listeners that take the route, by the rules of
// https://gateway-api.sigs.k8s.io/concepts/api-overview/#attaching-routes-to-gateways.
// A controller that has accepted the route knows better: then the listeners that the
// route names take it, if the rules find none.
func (s *Snapshot) bind(r *routeNode, parent gatewayv1.ParentReference, a *attachment) {
	all, home := a.listeners()
	for i := range all {
		c := Candidate{Index: i, Listener: &all[i]}
		c.Against, c.Hosts = s.against(r, parent, c.Listener, a.admits(s, c.Listener, home, r.ref.Namespace))
		a.candidates = append(a.candidates, c)
		if c.Against == "" {
			a.bound = append(a.bound, bound{c.Listener, c.Hosts})
		}
	}
	if len(a.bound) > 0 {
		return
	}
	if a.attached() {
		for _, c := range a.candidates {
			if c.Against != AgainstSection && c.Against != AgainstPort {
				a.bound = append(a.bound, bound{c.Listener, orAny(r.hostnames)})
			}
		}
		return
	}
	s.explain(r, a)
}

// against says which rule keeps a listener from taking a route, the first of them in the
// order in which one comes nearer; empty if it takes it, for these hosts.
func (s *Snapshot) against(r *routeNode, parent gatewayv1.ParentReference, l *gatewayv1.Listener, admitted bool) (Against, []string) {
	switch {
	case parent.SectionName != nil && *parent.SectionName != l.Name:
		return AgainstSection, nil
	case parent.Port != nil && *parent.Port != l.Port:
		return AgainstPort, nil
	case !takesKind(l, r.ref.Kind):
		return AgainstKind, nil
	case !admitted:
		return AgainstNamespace, nil
	}
	hosts := meetAny(text(l.Hostname), r.hostnames)
	if len(hosts) == 0 {
		return AgainstHostname, nil
	}
	return "", hosts
}

// admits says that a listener lets in the namespace of the route. Where that depends on
// labels that were not seen, only the controller can say that it does not.
func (a *attachment) admits(s *Snapshot, l *gatewayv1.Listener, home, namespace string) bool {
	admitted := s.Admits(AdmissionOf(l, home), namespace)
	refused := a.accepted.state == False && a.accepted.reason == string(gatewayv1.RouteReasonNotAllowedByListeners)
	return admitted == True || admitted == StateUnknown && !refused
}

// explain says why no listener takes the route, and what would change that.
func (s *Snapshot) explain(r *routeNode, a *attachment) {
	var names, hostnames []string
	var named *gatewayv1.Listener
	for _, c := range a.candidates {
		names = append(names, string(c.Listener.Name))
		switch c.Against {
		case AgainstHostname:
			hostnames = append(hostnames, cmp.Or(text(c.Listener.Hostname), "any"))
		case AgainstKind, AgainstNamespace:
			if named == nil {
				named = c.Listener
			}
		}
	}
	switch {
	case len(hostnames) > 0:
		a.why = "no listener answers to a hostname of the route"
		a.fix = "Use a hostname that a listener answers to: " + strings.Join(hostnames, ", ") + "."
	case named != nil:
		a.why = fmt.Sprintf("no listener allows %ss of namespace %q", r.ref.Kind, r.ref.Namespace)
		a.fix = fmt.Sprintf("Allow the namespace in allowedRoutes of listener %q.", named.Name)
	default:
		a.why = "no listener of the Gateway has the name or port that the route asks for"
		a.fix = "Name one of the listeners in parentRefs[].sectionName: " + strings.Join(names, ", ") + "."
	}
}

func orAny(hosts []string) []string {
	if len(hosts) == 0 {
		return []string{""}
	}
	return hosts
}

// takesKind says that a listener takes routes of a kind: those it lists, else those of
// its protocol.
func takesKind(l *gatewayv1.Listener, kind string) bool {
	if l.AllowedRoutes == nil || len(l.AllowedRoutes.Kinds) == 0 {
		return l.Protocol == gatewayv1.HTTPProtocolType || l.Protocol == gatewayv1.HTTPSProtocolType
	}
	return slices.ContainsFunc(l.AllowedRoutes.Kinds, func(k gatewayv1.RouteGroupKind) bool {
		return string(k.Kind) == kind && (k.Group == nil || *k.Group == gatewayv1.GroupName)
	})
}
