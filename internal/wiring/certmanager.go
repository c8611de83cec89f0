package wiring

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// certManagerGatewayAPI lets cert-manager watch Gateways. It does not start
// while their CRDs are missing.
func certManagerGatewayAPI() Meeting {
	return Meeting{
		Name:  "cert-manager watches Gateways",
		When:  func(a *v2.Apps) bool { return a.CertManager.Enabled && a.GatewayAPI() },
		Needs: gatewayAPIChart,
		Overlays: overlay("cert-manager", func(*composed.Scope) map[string]any {
			return map[string]any{"config": map[string]any{"gatewayAPI": map[string]any{"enabled": true}}}
		}),
	}
}
