package diagnose

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func acceptance(c *gatewayv1.GatewayClass) topology.Condition {
	return topology.ConditionOf(c.Status.Conditions, string(gatewayv1.GatewayClassConditionStatusAccepted), c.Generation)
}

func classOf(name, controller string) map[string]any {
	return map[string]any{
		"apiVersion": gatewayAPI, "kind": "GatewayClass", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"controllerName": controller},
	}
}
