package diagnose

import (
	"fmt"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// A ListenerSet that its Gateway does not let in.
// https://gateway-api.sigs.k8s.io/geps/gep-1713/
func listenerSetNotAllowed() Check {
	return Check{"listener-set-not-allowed", "a ListenerSet that its Gateway does not allow", Error, func(x *scene) []Finding {
		var out []Finding
		for _, set := range x.Objects.ListenerSets.All() {
			g := x.GatewayOf(set)
			told := topology.ConditionOf(set.Status.Conditions, string(gatewayv1.ListenerSetConditionAccepted), set.Generation)
			if g == nil || told.State == topology.True {
				continue
			}
			if !settled(g) {
				told = topology.Condition{Reason: stale}
			}
			allowed := setsAllowed(g)
			if told.Reason != string(gatewayv1.ListenerSetReasonNotAllowed) && x.Admits(allowed, set.Namespace) != topology.False {
				continue
			}
			out = append(out, Finding{
				Object: Object{gatewayAPI, "ListenerSet", set.Namespace, set.Name}, Field: "spec.parentRef",
				Problem: saying(fmt.Sprintf("Gateway %q does not allow ListenerSets of namespace %q", topology.Key{Namespace: g.Namespace, Name: g.Name}, set.Namespace), told) + ".",
				Why:     "Its listeners do not exist for the controller, and routes attached to it do not work.",
				Fix: x.fixAdmission(allowed, set.Namespace, func(namespaces map[string]any) Action {
					return merge(gatewayObject(g), map[string]any{"spec": map[string]any{"allowedListeners": map[string]any{"namespaces": namespaces}}})
				}),
			})
		}
		return out
	}}
}

// setsAllowed says of which namespaces a Gateway takes ListenerSets: of none, if it does
// not say.
func setsAllowed(g *gatewayv1.Gateway) topology.Admission {
	out := topology.Admission{From: gatewayv1.NamespacesFromNone, Home: g.Namespace}
	if g.Spec.AllowedListeners == nil || g.Spec.AllowedListeners.Namespaces == nil {
		return out
	}
	allowed := g.Spec.AllowedListeners.Namespaces
	out.Selector = allowed.Selector
	if allowed.From != nil {
		out.From = *allowed.From
	}
	return out
}
