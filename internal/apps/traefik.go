package apps

import v2 "github.com/gatehouse-platform/gatehouse/api/v2"

// traefik installs Traefik. What makes it implement the Gateway API is wiring:
// it depends on who else does.
func traefik() App {
	return chartOnly("traefik", "traefik", func(a *v2.Apps) *v2.App { return &a.Traefik.App }, noValues)
}
