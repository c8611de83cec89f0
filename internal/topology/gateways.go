package topology

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Gateways returns every Gateway, by namespace and name.
func (s *Snapshot) Gateways() []Gateway {
	out := make([]Gateway, 0, len(s.Objects.Gateways.All()))
	for _, g := range s.Objects.Gateways.All() {
		out = append(out, s.gateway(g))
	}
	return out
}

func (s *Snapshot) gateway(g *gatewayv1.Gateway) Gateway {
	class := string(g.Spec.GatewayClassName)
	out := Gateway{
		Namespace:  g.Namespace,
		Name:       g.Name,
		Class:      class,
		Controller: s.named(s.controllerOf(class)),
		Accepted:   conditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionAccepted), g.Generation).state,
		Programmed: conditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionProgrammed), g.Generation).state,
		Problems:   s.gatewayProblems(g),
	}
	if len(g.Status.Addresses) == 0 && len(out.Problems) == 0 {
		// Programmed and without address: it works, but nobody can tell where.
		out.Problems = append(out.Problems, "its status tells no address")
	}
	for _, a := range g.Status.Addresses {
		out.Addresses = append(out.Addresses, a.Value)
	}
	for i := range g.Spec.Listeners {
		l := &g.Spec.Listeners[i]
		listener := Listener{
			Name:     string(l.Name),
			Port:     l.Port,
			Protocol: string(l.Protocol),
			Hostname: text(l.Hostname),
			TLS:      speaksTLS(l),
			Problems: listenerProblems(g, l.Name),
		}
		if st := listenerStatus(g, l.Name); st != nil {
			listener.AttachedRoutes = st.AttachedRoutes
		}
		out.Listeners = append(out.Listeners, listener)
	}
	return out
}

// gatewayProblems is what keeps the Gateway as a whole from working.
func (s *Snapshot) gatewayProblems(g *gatewayv1.Gateway) []string {
	var out []string
	class := string(g.Spec.GatewayClassName)
	if c := s.Objects.GatewayClasses.Get("", class); c != nil {
		if cond := conditionOf(c.Status.Conditions, string(gatewayv1.GatewayClassConditionStatusAccepted), c.Generation); cond.state != True {
			out = append(out, cond.why(fmt.Sprintf("no controller has accepted GatewayClass %q", class)))
		}
	} else if s.sees("GatewayClass", "") {
		out = append(out, fmt.Sprintf("GatewayClass %q does not exist", class))
	}
	accepted := conditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionAccepted), g.Generation)
	programmed := conditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionProgrammed), g.Generation)
	switch {
	case accepted.state != True:
		out = append(out, accepted.why("no controller has accepted the Gateway"))
	case programmed.state != True:
		out = append(out, programmed.why("the Gateway is not programmed"))
	}
	return out
}

// listenerProblems is what its conditions tell. A condition that is absent is no
// problem: not every controller writes all.
func listenerProblems(g *gatewayv1.Gateway, name gatewayv1.SectionName) []string {
	if st := listenerStatus(g, name); st != nil {
		return toldOfListener(name, st.Conditions, g.Generation)
	}
	return nil
}

// listenerProblems of a listener of the parent.
func (a *attachment) listenerProblems(name gatewayv1.SectionName) []string {
	if a.set == nil {
		return listenerProblems(a.gateway, name)
	}
	for _, st := range a.set.Status.Listeners {
		if st.Name == name {
			return toldOfListener(name, st.Conditions, a.set.Generation)
		}
	}
	return nil
}

func toldOfListener(name gatewayv1.SectionName, conditions []metav1.Condition, generation int64) []string {
	var out []string
	bad := func(kind gatewayv1.ListenerConditionType, state State, words string) {
		if c := conditionOf(conditions, string(kind), generation); c.state == state {
			out = append(out, c.why(fmt.Sprintf("listener %q %s", name, words)))
		}
	}
	bad(gatewayv1.ListenerConditionAccepted, False, "is not accepted")
	bad(gatewayv1.ListenerConditionConflicted, True, "conflicts with another one")
	bad(gatewayv1.ListenerConditionResolvedRefs, False, "refers to something that cannot be used")
	bad(gatewayv1.ListenerConditionProgrammed, False, "is not programmed")
	return out
}

func listenerStatus(g *gatewayv1.Gateway, name gatewayv1.SectionName) *gatewayv1.ListenerStatus {
	i := slices.IndexFunc(g.Status.Listeners, func(st gatewayv1.ListenerStatus) bool { return st.Name == name })
	if i < 0 {
		return nil
	}
	return &g.Status.Listeners[i]
}

func speaksTLS(l *gatewayv1.Listener) bool {
	return l.Protocol == gatewayv1.HTTPSProtocolType || l.Protocol == gatewayv1.TLSProtocolType
}
