package wiring

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// traefikAfterEnvoyGateway settles whose Gateway API CRDs are installed: both
// charts bring them, the first to create one wins, and Envoy Gateway needs its
// experimental set.
func traefikAfterEnvoyGateway() Meeting {
	return Meeting{
		Name:  "Gateway API CRDs from Envoy Gateway",
		When:  func(a *v2.Apps) bool { return a.EnvoyGateway.Enabled && a.Traefik.Enabled },
		Needs: needs(chartEnvoyGateway),
		Waits: []string{chartTraefik},
	}
}

// traefikGatewayAPI lets Traefik implement the Gateway API. Its chart makes the
// GatewayClass and the Gateway, which by itself is open to its own namespace only.
func traefikGatewayAPI() Meeting {
	return Meeting{
		Name: "Traefik as Gateway API implementation",
		When: func(a *v2.Apps) bool { return a.Traefik.Enabled && a.Traefik.GatewayAPI },
		Overlays: overlay(chartTraefik, func(*composed.Scope) map[string]any {
			return map[string]any{
				"providers": map[string]any{"kubernetesGateway": map[string]any{"enabled": true}},
				"gateway": map[string]any{"listeners": map[string]any{"web": map[string]any{
					"namespacePolicy": map[string]any{"from": "All"},
				}}},
			}
		}),
	}
}
