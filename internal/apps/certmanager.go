package apps

import v2 "github.com/gatehouse-platform/gatehouse/api/v2"

// certManager installs cert-manager with its CRDs.
func certManager() App {
	return chartOnly("certManager", "cert-manager", func(a *v2.Apps) *v2.App { return &a.CertManager }, func() map[string]any {
		return map[string]any{"crds": map[string]any{"enabled": true}}
	})
}
