package wiring

import (
	_ "embed" // the dashboard is part of the binary

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

//go:embed dashboards/gateway-traffic.json
var gatewayTraffic string

// gatewayDashboard shows gateway traffic and autoscaling in Grafana, whose
// sidecar picks up ConfigMaps with its label.
func gatewayDashboard() Meeting {
	return Meeting{
		Name: "Grafana shows the gateway",
		When: func(a *v2.Apps) bool {
			p := a.Prometheus
			asked := p.MonitorApps
			if p.Dashboards != nil {
				asked = *p.Dashboards
			}
			return p.Enabled && a.EnvoyGateway.Enabled && asked
		},
		Resources: func(s *composed.Scope) []composed.Resource {
			return s.AppObject(composed.Object{
				Name: "gateway-dashboard",
				Manifest: map[string]any{
					"apiVersion": "v1",
					"kind":       "ConfigMap",
					"metadata": map[string]any{
						"name":      "gatehouse-gateway-dashboard",
						"namespace": "prometheus-system",
						"labels":    map[string]any{"grafana_dashboard": "1"},
					},
					"data": map[string]any{"gateway-traffic.json": gatewayTraffic},
				},
				After: keys(s, chartPrometheus),
			})
		},
	}
}
