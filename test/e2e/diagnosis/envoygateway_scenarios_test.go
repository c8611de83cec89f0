package diagnosis

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// envoyGatewayScenarios are those that the API server accepts and Envoy Gateway judges.
// Left out beside what TestLive leaves out: timeout-ignored, ingress-class and
// ingress-and-route, which are about other controllers.
func envoyGatewayScenarios() map[string]scenario {
	web := map[string]certificate{"web-tls": {"*.example.com", month}}
	return map[string]scenario{
		"gateway-class-missing": {reason: "the class is mistyped"},
		"gateway-class-not-accepted": {
			reason: "one class names parameters that do not exist, one a controller that does not",
			replace: []string{
				"kind: GatewayClass\nmetadata: {name: eg", "kind: GatewayClass\nmetadata: {name: gone-eg-gateway-class-not-accepted",
				"gatewayClassName: eg", "gatewayClassName: gone-eg-gateway-class-not-accepted",
				"name: traefik", "name: mistyped-eg-gateway-class-not-accepted",
				"gatewayClassName: traefik", "gatewayClassName: mistyped-eg-gateway-class-not-accepted",
				"traefik.io/gateway-controler", "gateway.envoyproxy.io/gatewayclass-controler",
			},
			// Nothing keeps such classes quiet: their Gateways ask for a load balancer.
			beside: []string{"gateway-no-address"},
		},
		"gateway-not-accepted": {reason: "one Gateway names parameters that do not exist, one a kind of routes that its protocol does not know"},
		"gateway-not-programmed": {
			reason: "somebody has scaled its proxy to zero; scaled up, its image is not to be had", made: []string{"Deployment"},
			replace: []string{
				"kind: GatewayClass\nmetadata: {name: eg", "kind: GatewayClass\nmetadata: {name: loud-eg-gateway-not-programmed",
				"{controllerName: gateway.envoyproxy.io/gatewayclass-controller}",
				"{controllerName: gateway.envoyproxy.io/gatewayclass-controller, parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, namespace: envoy-gateway-system, name: loud}}",
				"gatewayClassName: eg", "gatewayClassName: loud-eg-gateway-not-programmed",
				"owning-gateway-name: eg", "owning-gateway-name: eg-eg-gateway-not-programmed",
			},
			undo: scaleProxy,
		},
		"gateway-no-address": {
			reason: "nobody gives a load balancer an address", made: []string{"Service"},
			replace: []string{
				"kind: GatewayClass\nmetadata: {name: eg", "kind: GatewayClass\nmetadata: {name: bare-eg-gateway-no-address",
				"{controllerName: gateway.envoyproxy.io/gatewayclass-controller}", "{controllerName: gateway.envoyproxy.io/gatewayclass-controller}",
				"gatewayClassName: eg", "gatewayClassName: bare-eg-gateway-no-address",
				"owning-gateway-name: eg", "owning-gateway-name: eg-eg-gateway-no-address",
			},
		},
		"listener-conflict": {reason: "the API server refuses the other pair", without: []string{"Gateway/same"}, certificates: web},
		"listener-protocol": {reason: "neither is a protocol", certificates: web},
		"secret-missing":    {reason: "the name is mistyped", without: []string{gone, "Gateway/shop"}, certificates: web},
		"secret-not-granted": {
			reason: "the Secret is in another namespace", certificates: map[string]certificate{"team/web-tls": {"*.example.com", month}},
		},
		"secret-wrong-type": {
			reason: "the Secret holds a certificate and its key, and is of another type", without: []string{gone},
			certificates: map[string]certificate{"web": {"*.example.com", month}, "web-tls": {"*.example.com", month}},
		},
		"certificate-expired": {
			reason: "there is another certificate", without: []string{gone},
			certificates: map[string]certificate{"web-tls": {"*.example.com", -1}, "other": {"*.example.com", month}},
		},
		"certificate-expiring": {
			reason:       "there is a newer certificate",
			certificates: map[string]certificate{"web-tls": {"*.example.com", soon}, "web-tls-2027": {"*.example.com", month}},
		},
		"certificate-hostname": {
			reason: "there is another certificate", without: []string{gone},
			certificates: map[string]certificate{"web-tls": {"*.example.org", month}, "other": {"*.example.com", month}},
		},
		"route-parent-missing":        {reason: "the namespace of the Gateway is missing"},
		"route-section-missing":       {reason: "the name is mistyped", certificates: web},
		"route-port-mismatch":         {reason: "no listener is on that port"},
		"route-kind-not-allowed":      {reason: "the listener takes GRPCRoutes only"},
		"route-namespace-not-allowed": {reason: "by default, by a label and by name"},
		"route-hostname-mismatch":     {reason: "the hostname is mistyped"},
		"route-not-resolved":          {reason: "the backend is a Deployment"},
		"route-conflict":              {reason: "the older route wins"},
		"backend-missing":             {reason: "one is mistyped, one has no Service", pods: true},
		"backend-port":                {reason: "the port of the pod is not that of the Service"},
		"backend-not-granted":         {reason: "the Service is in another namespace"},
		"backend-no-endpoints":        {reason: "one Service selects no pods, one Deployment has none", pods: true},
		"stream-cut": {
			reason:  "the default of 15 s, and a limit on one of two clocks",
			without: []string{"GatewayClass/nginx", "Gateway/nginx", "HTTPRoute/idle"},
		},
	}
}

// acceptedGateways are the scenarios whose Gateway the controller has nothing against.
var acceptedGateways = []string{
	"route-section-missing", "route-port-mismatch", "route-kind-not-allowed", "route-namespace-not-allowed", "route-hostname-mismatch",
	"route-not-resolved", "route-conflict", "backend-missing", "backend-port", "backend-not-granted", "backend-no-endpoints", "stream-cut",
}

// scaleProxy scales the proxy that Envoy Gateway makes for the Gateway of a scenario to zero.
func scaleProxy(ctx context.Context, p *plane.Plane, s *settled) error {
	mine := client.MatchingLabels{"gateway.envoyproxy.io/owning-gateway-namespace": "infra-" + s.name}
	return p.Poll(ctx, "the proxy of a Gateway", func(ctx context.Context) error {
		list := &appsv1.DeploymentList{}
		if err := p.Client().List(ctx, list, client.InNamespace(envoyGatewaySystem), mine); err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return errors.New("there is none")
		}
		return p.Client().Patch(ctx, &list.Items[0], client.RawPatch(types.MergePatchType, []byte(`{"spec": {"replicas": 0}}`)))
	})
}
