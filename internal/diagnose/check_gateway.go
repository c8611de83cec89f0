package diagnose

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// Labels by which Envoy Gateway marks the Service of a Gateway.
// https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/translator.go
const (
	owningGateway   = "gateway.envoyproxy.io/owning-gateway-name"
	owningNamespace = "gateway.envoyproxy.io/owning-gateway-namespace"
)

// What a controller says of a Gateway or a listener for a reason that no other check is
// about.
func gatewayNotAccepted() Check {
	others := []gatewayv1.ListenerConditionReason{
		gatewayv1.ListenerReasonHostnameConflict, gatewayv1.ListenerReasonProtocolConflict, gatewayv1.ListenerReasonUnsupportedProtocol,
		gatewayv1.ListenerReasonInvalidCertificateRef, gatewayv1.ListenerReasonRefNotPermitted,
	}
	return Check{"gateway-not-accepted", "a Gateway or listener that its controller refuses, for a reason that no other check is about", Error, func(x *scene) []Finding {
		var out []Finding
		explained := map[Object]bool{}
		for _, l := range x.listeners {
			for _, kind := range []gatewayv1.ListenerConditionType{gatewayv1.ListenerConditionAccepted, gatewayv1.ListenerConditionResolvedRefs} {
				told := l.told(kind)
				if told.State != topology.False {
					continue
				}
				explained[l.owner] = true
				if slices.Contains(others, gatewayv1.ListenerConditionReason(told.Reason)) {
					continue
				}
				out = append(out, Finding{
					Object: l.owner, Field: l.field(""),
					Problem: saying(fmt.Sprintf("The controller does not take listener %q", l.Name), told) + ".",
					Why:     "Nothing listens there, and routes attached to it do not work.",
					Fix:     fixListener(l, told),
				})
			}
		}
		for _, g := range x.Objects.Gateways.All() {
			told := topology.ConditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionAccepted), g.Generation)
			if told.State != topology.False || explained[gatewayObject(g)] || told.Reason == string(gatewayv1.GatewayReasonListenersNotValid) {
				continue
			}
			field, fix := fixGateway(g, told)
			out = append(out, Finding{
				Object: gatewayObject(g), Field: field,
				Problem: saying("The controller does not accept the Gateway", told) + ".",
				Why:     "Nothing listens, and no route attached to it works.",
				Fix:     fix,
			})
		}
		return out
	}}
}

func fixListener(l listener, told topology.Condition) Fix {
	if told.Reason == string(gatewayv1.ListenerReasonInvalidRouteKinds) && l.AllowedRoutes != nil && len(l.AllowedRoutes.Kinds) > 0 {
		return do("Let the protocol decide which kinds of routes attach.", l.change(unset(l.pointer("/allowedRoutes/kinds"))))
	}
	return byHand("Do what the message of the controller says.")
}

func fixGateway(g *gatewayv1.Gateway, told topology.Condition) (field string, fix Fix) {
	switch told.Reason {
	case string(gatewayv1.GatewayReasonInvalidParameters):
		return "spec.infrastructure.parametersRef", do("Take the reference to parameters away, or mend what it names.",
			merge(gatewayObject(g), map[string]any{"spec": map[string]any{"infrastructure": map[string]any{"parametersRef": nil}}}))
	case string(gatewayv1.GatewayReasonUnsupportedAddress):
		return "spec.addresses", do("Let the controller choose the address.", merge(gatewayObject(g), map[string]any{"spec": map[string]any{"addresses": nil}}))
	}
	return "", byHand("Do what the message of the controller says.")
}

// A Gateway that works and that nobody can reach.
func gatewayNoAddress() Check {
	return Check{"gateway-no-address", "a Gateway without address", Error, func(x *scene) []Finding {
		var out []Finding
		for _, g := range x.Objects.Gateways.All() {
			told := topology.ConditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionProgrammed), g.Generation)
			reason := gatewayv1.GatewayConditionReason(told.Reason)
			lacking := reason == gatewayv1.GatewayReasonAddressNotAssigned || reason == gatewayv1.GatewayReasonAddressNotUsable
			unreachable := told.State == topology.False && lacking || told.State == topology.True && len(g.Status.Addresses) == 0
			if !unreachable {
				continue
			}
			f := Finding{
				Object: gatewayObject(g), Field: "status.addresses",
				Problem: saying("It has no address", told) + ".",
				Why:     "Nobody outside the cluster can reach it.",
			}
			x.explainAddress(g, &f, reason)
			out = append(out, f)
		}
		return out
	}}
}

func (x *scene) explainAddress(g *gatewayv1.Gateway, f *Finding, reason gatewayv1.GatewayConditionReason) {
	if reason == gatewayv1.GatewayReasonAddressNotUsable && len(g.Spec.Addresses) > 0 {
		f.Field = "spec.addresses"
		f.Fix = do("Let the controller choose the address.", merge(f.Object, map[string]any{"spec": map[string]any{"addresses": nil}}))
		return
	}
	row, _ := x.Controller(string(g.Spec.GatewayClassName))
	service := x.serviceOf(g)
	if row.Name != "envoy-gateway" || service == nil || service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		f.Fix = byHand("See why the controller's load balancer gets no address: the events of its Service tell.")
		return
	}
	f.Problem += fmt.Sprintf(" Service %q waits for a load balancer, and none gives it an address.", topology.Key{Namespace: service.Namespace, Name: service.Name})
	f.Fix = nodePorts(g)
}

// serviceOf is the Service that Envoy Gateway made for a Gateway; nil if there is none.
func (x *scene) serviceOf(g *gatewayv1.Gateway) *corev1.Service {
	for _, s := range x.Objects.Services.All() {
		if s.Labels[owningGateway] == g.Name && s.Labels[owningNamespace] == g.Namespace {
			return s
		}
	}
	return nil
}

// nodePorts lets Envoy Gateway listen on ports of the nodes, whose addresses the Gateway
// then has. https://gateway.envoyproxy.io/docs/tasks/operations/customize-envoyproxy/
func nodePorts(g *gatewayv1.Gateway) Fix {
	const summary = "Install a load balancer (MetalLB, or that of the cloud), or listen on ports of the nodes, as this does."
	spec := map[string]any{"provider": map[string]any{"type": "Kubernetes", "kubernetes": map[string]any{"envoyService": map[string]any{"type": "NodePort"}}}}
	if i := g.Spec.Infrastructure; i != nil && i.ParametersRef != nil {
		return do(summary, merge(Object{"gateway.envoyproxy.io/v1alpha1", "EnvoyProxy", g.Namespace, i.ParametersRef.Name}, map[string]any{"spec": spec}))
	}
	return do(summary,
		apply(map[string]any{
			"apiVersion": "gateway.envoyproxy.io/v1alpha1", "kind": "EnvoyProxy",
			"metadata": map[string]any{"namespace": g.Namespace, "name": g.Name}, "spec": spec,
		}),
		merge(gatewayObject(g), map[string]any{"spec": map[string]any{"infrastructure": map[string]any{"parametersRef": map[string]any{
			"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": g.Name,
		}}}}),
	)
}

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
			if told.Reason != string(gatewayv1.ListenerSetReasonNotAllowed) && x.allows(allowed, set.Namespace) {
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
func setsAllowed(g *gatewayv1.Gateway) admission {
	out := admission{from: gatewayv1.NamespacesFromNone, home: g.Namespace}
	if g.Spec.AllowedListeners == nil || g.Spec.AllowedListeners.Namespaces == nil {
		return out
	}
	allowed := g.Spec.AllowedListeners.Namespaces
	out.selector = allowed.Selector
	if allowed.From != nil {
		out.from = *allowed.From
	}
	return out
}
