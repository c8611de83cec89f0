package wiring

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// argoCDIngress lets Traefik serve Argo CD.
func argoCDIngress() Meeting {
	return Meeting{
		Name: "Argo CD behind Traefik",
		When: func(a *v2.Apps) bool { return a.ArgoCD.Enabled && a.Traefik.Enabled },
		Overlays: overlay("argo-cd", func(*composed.Scope) map[string]any {
			return map[string]any{"server": map[string]any{
				"ingress": map[string]any{"enabled": true, "ingressClassName": "traefik"},
			}}
		}),
	}
}
