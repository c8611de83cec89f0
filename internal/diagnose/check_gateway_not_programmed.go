package diagnose

import (
	"fmt"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// patience is how many minutes a controller may take until it says something about a Gateway.
const patience = 1.0

// A Gateway that nobody has anything against, and that is not served all the same.
func gatewayNotProgrammed() Check {
	return Check{"gateway-not-programmed", "a Gateway that its controller accepts and does not serve, or does not look at", Error, func(x *scene) []Finding {
		var out []Finding
		for _, g := range x.Objects.Gateways.All() {
			accepted := topology.ConditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionAccepted), g.Generation)
			programmed := topology.ConditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionProgrammed), g.Generation)
			switch {
			case accepted.State == topology.True && programmed.State == topology.False:
				out = append(out, x.notServed(g, programmed)...)
			case accepted.State == topology.StateUnknown && x.forgotten(g):
				out = append(out, Finding{
					Object:  gatewayObject(g),
					Problem: saying("The controller has accepted the class, and said nothing about the Gateway", accepted) + ".",
					Why:     "Nothing listens, and no route attached to it works.",
					Fix: byHand(fmt.Sprintf("See that controller %q runs, and that it looks into namespace %q.",
						x.Objects.GatewayClasses.Get("", string(g.Spec.GatewayClassName)).Spec.ControllerName, g.Namespace)),
				})
			}
		}
		return out
	}}
}

// notServed is the finding about a Gateway that is not programmed for a reason that no
// other check is about: what its listeners and its address lack they say themselves.
func (x *scene) notServed(g *gatewayv1.Gateway, told topology.Condition) []Finding {
	switch gatewayv1.GatewayConditionReason(told.Reason) {
	case gatewayv1.GatewayReasonAddressNotAssigned, gatewayv1.GatewayReasonAddressNotUsable, gatewayv1.GatewayReasonPending:
		return nil
	}
	for _, l := range x.owned[gatewayObject(g)] {
		if l.faulty() {
			return nil
		}
	}
	f := Finding{
		Object:  gatewayObject(g),
		Problem: saying("The controller accepts the Gateway and does not serve it", told) + ".",
		Why:     "Nothing listens, and no route attached to it works.",
		Fix:     byHand("Do what the message of the controller says; its log tells more."),
	}
	if proxy := x.proxyOf(g); proxy != nil {
		switch {
		case proxy.Ready > 0 || !proxy.Settled:
			return nil // it has just been changed
		case proxy.Replicas == 0:
			f.Problem += fmt.Sprintf(" %s is scaled to zero.", deploymentObject(proxy))
			f.Fix = do("Run one replica.", merge(deploymentObject(proxy), map[string]any{"spec": map[string]any{"replicas": 1}}))
		default:
			f.Problem += fmt.Sprintf(" No pod of %s is ready.", deploymentObject(proxy))
			f.Fix = byHand(fmt.Sprintf("See why: kubectl describe pods -n %s -l %s=%s.", proxy.Namespace, owningGateway, g.Name))
		}
	}
	return []Finding{f}
}

// forgotten says that a controller has had the time to say something about a Gateway, and
// that one has accepted its class. In manifests, which have no status, nobody has.
func (x *scene) forgotten(g *gatewayv1.Gateway) bool {
	class := x.Objects.GatewayClasses.Get("", string(g.Spec.GatewayClassName))
	if class == nil || acceptance(class).State != topology.True || g.CreationTimestamp.IsZero() || x.OfFiles() && len(g.Status.Conditions) == 0 {
		return false
	}
	// When it was changed last is not known, so one that the controller knows may be new to it.
	return settled(g) && !x.options.Now.IsZero() && x.options.Now.Sub(g.CreationTimestamp.Time).Minutes() > patience
}
