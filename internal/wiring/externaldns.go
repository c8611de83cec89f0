package wiring

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// externalDNSGatewayAPI lets external-dns read the hostnames of routes. It ends
// while their CRDs are missing.
func externalDNSGatewayAPI() Meeting {
	return Meeting{
		Name:  "external-dns watches routes",
		When:  func(a *v2.Apps) bool { return a.ExternalDNS.Enabled && a.GatewayAPI() },
		Needs: gatewayAPIChart,
		Overlays: overlay("external-dns", func(*composed.Scope) map[string]any {
			return map[string]any{"sources": []any{"service", "ingress", "gateway-httproute", "gateway-grpcroute"}}
		}),
	}
}
