package diagnose

import (
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
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
