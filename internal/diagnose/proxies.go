package diagnose

import (
	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// Labels by which Envoy Gateway marks what it makes for a Gateway.
// https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/translator.go
const (
	owningGateway   = "gateway.envoyproxy.io/owning-gateway-name"
	owningNamespace = "gateway.envoyproxy.io/owning-gateway-namespace"
)

// serviceOf is the Service that Envoy Gateway made for a Gateway; nil if there is none.
func (x *scene) serviceOf(g *gatewayv1.Gateway) *corev1.Service {
	for _, s := range x.Objects.Services.All() {
		if s.Labels[owningGateway] == g.Name && s.Labels[owningNamespace] == g.Namespace {
			return s
		}
	}
	return nil
}

// proxyOf is the Deployment that Envoy Gateway made for a Gateway; nil if there is none.
func (x *scene) proxyOf(g *gatewayv1.Gateway) *topology.Workload {
	for _, d := range x.Objects.Deployments.All() {
		if d.Labels[owningGateway] == g.Name && d.Labels[owningNamespace] == g.Namespace {
			return d
		}
	}
	return nil
}
