package diagnose

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// A Gateway that works and that nobody can reach.
func gatewayNoAddress() Check {
	return Check{"gateway-no-address", "a Gateway without address", Error, func(x *scene) []Finding {
		var out []Finding
		for _, g := range x.Objects.Gateways.All() {
			told := topology.ConditionOf(g.Status.Conditions, string(gatewayv1.GatewayConditionProgrammed), g.Generation)
			reason := gatewayv1.GatewayConditionReason(told.Reason)
			lacking := reason == gatewayv1.GatewayReasonAddressNotAssigned || reason == gatewayv1.GatewayReasonAddressNotUsable
			unreachable := told.State == topology.False && lacking || told.State == topology.True && len(g.Status.Addresses) == 0
			if !unreachable || x.allFaulty(g) {
				continue
			}
			f := Finding{
				Object: gatewayObject(g), Field: "status.addresses",
				Problem: saying("It has no address", told) + ".",
				Why:     "Nobody outside the cluster can reach it.",
			}
			if told.State == topology.True {
				f.Severity = Warning
				f.Problem = "Its status tells no address, though the controller says that it is programmed."
				f.Why = "It may work, and nobody can tell where: external-dns writes no records for its routes."
			}
			x.explainAddress(g, &f, reason)
			out = append(out, f)
		}
		return out
	}}
}

// allFaulty says that no listener of a Gateway works: a controller then has nothing to give
// an address to, and what is said of the listeners explains it.
func (x *scene) allFaulty(g *gatewayv1.Gateway) bool {
	all := x.owned[gatewayObject(g)]
	return len(all) > 0 && !slices.ContainsFunc(all, func(l listener) bool { return !l.faulty() })
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
