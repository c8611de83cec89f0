package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// attachment is one parentRef of a route, and what it leads to.
type attachment struct {
	// kind and key of the parent.
	kind string
	key  Key
	// section of it that the route names; empty for all.
	section string
	// gateway is the parent; nil if it is none or was not seen.
	gateway *gatewayv1.Gateway
	// bound are the listeners that take the route, and the hostnames there.
	bound []bound
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
	if a.kind == "Gateway" {
		if a.gateway = s.Objects.Gateways.Get(a.key.Namespace, a.key.Name); a.gateway != nil {
			controller = s.controllerOf(string(a.gateway.Spec.GatewayClassName))
		}
	}
	if status := r.statusOf(parent, controller); status != nil {
		a.accepted = conditionOf(status.Conditions, string(gatewayv1.RouteConditionAccepted), r.generation)
		a.resolved = conditionOf(status.Conditions, string(gatewayv1.RouteConditionResolvedRefs), r.generation)
	}
	switch {
	case a.gateway != nil:
		s.bind(r, parent, &a)
	case a.kind != "Gateway":
		a.why = fmt.Sprintf("its parent is a %s, which is not looked at here", a.kind)
	case s.sees("Gateway", a.key.Namespace):
		a.why = fmt.Sprintf("Gateway %q does not exist", a.key)
	default:
		a.why = fmt.Sprintf("Gateway %q was not seen", a.key)
	}
	return a
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
	var named, allowed []*gatewayv1.Listener
	var names, hostnames []string
	for i := range a.gateway.Spec.Listeners {
		l := &a.gateway.Spec.Listeners[i]
		names = append(names, string(l.Name))
		if a.section != "" && string(l.Name) != a.section || parent.Port != nil && *parent.Port != l.Port {
			continue
		}
		named = append(named, l)
		if !takesKind(l, r.ref.Kind) || !s.takesNamespace(a.gateway, l, r.ref.Namespace) {
			continue
		}
		allowed = append(allowed, l)
		hostnames = append(hostnames, cmp.Or(text(l.Hostname), "any"))
		if hosts := meetAny(text(l.Hostname), r.hostnames); len(hosts) > 0 {
			a.bound = append(a.bound, bound{l, hosts})
		}
	}
	if len(a.bound) > 0 {
		return
	}
	if a.attached() {
		for _, l := range named {
			a.bound = append(a.bound, bound{l, orAny(r.hostnames)})
		}
		return
	}
	switch {
	case len(named) == 0:
		a.why = "no listener of the Gateway has the name or port that the route asks for"
		a.fix = "Name one of the listeners in parentRefs[].sectionName: " + strings.Join(names, ", ") + "."
	case len(allowed) == 0:
		a.why = fmt.Sprintf("no listener allows %ss of namespace %q", r.ref.Kind, r.ref.Namespace)
		a.fix = fmt.Sprintf("Allow the namespace in allowedRoutes of listener %q.", named[0].Name)
	default:
		a.why = "no listener answers to a hostname of the route"
		a.fix = "Use a hostname that a listener answers to: " + strings.Join(hostnames, ", ") + "."
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

// takesNamespace says that a listener takes routes of a namespace: by default only
// those of its own.
func (s *Snapshot) takesNamespace(g *gatewayv1.Gateway, l *gatewayv1.Listener, namespace string) bool {
	from, selector := gatewayv1.NamespacesFromSame, (*metav1.LabelSelector)(nil)
	if l.AllowedRoutes != nil && l.AllowedRoutes.Namespaces != nil {
		selector = l.AllowedRoutes.Namespaces.Selector
		if l.AllowedRoutes.Namespaces.From != nil {
			from = *l.AllowedRoutes.Namespaces.From
		}
	}
	switch from {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSame:
		return g.Namespace == namespace
	case gatewayv1.NamespacesFromSelector:
		return s.selects(selector, namespace)
	}
	return false
}

func (s *Snapshot) selects(selector *metav1.LabelSelector, namespace string) bool {
	ns := s.Objects.Namespaces.Get("", namespace)
	if ns == nil || selector == nil {
		return false
	}
	matches, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && matches.Matches(labels.Set(ns.Labels))
}
