// Package wiring holds what exists only because two apps meet, one file a
// meeting: values of one app that depend on another, the order in which they are
// installed, and resources that belong to neither.
package wiring

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Meeting is what exists because apps meet.
type Meeting struct {
	// Name says, for people, what it is.
	Name string
	// When says whether the apps meet.
	When func(*v2.Apps) bool
	// Needs gives the charts that have to be ready before the overlays may be laid
	// over a chart, and before a chart in Overlays or Waits is installed.
	Needs func(*v2.Apps) []string
	// Overlays gives values, by chart, that are laid over an app's own.
	Overlays func(*composed.Scope) map[string]map[string]any
	// Waits lists further charts that are not installed before what is needed.
	Waits []string
	// Resources builds what belongs to neither app.
	Resources func(*composed.Scope) []composed.Resource
}

// All lists every meeting. A new one is a file and a line here.
func All() []Meeting {
	return []Meeting{
		argoCDIngress(),
		traefikAfterEnvoyGateway(),
		traefikGatewayAPI(),
		certManagerGatewayAPI(),
		externalDNSGatewayAPI(),
		proxyPodMonitor(),
		interceptorGrants(),
		appMonitors(),
		gatewayDashboard(),
	}
}

// Charts that several meetings name.
const (
	chartEnvoyGateway = "gateway-helm"
	chartTraefik      = "traefik"
	chartKEDA         = "keda"
	chartPrometheus   = "kube-prometheus-stack"
)

// gatewayAPIChart is the chart that brings the Gateway API's CRDs.
func gatewayAPIChart(a *v2.Apps) []string {
	if a.EnvoyGateway.Enabled {
		return []string{chartEnvoyGateway}
	}
	return []string{chartTraefik}
}

func needs(charts ...string) func(*v2.Apps) []string {
	return func(*v2.Apps) []string { return charts }
}

// keys are the keys of the Releases of charts.
func keys(s *composed.Scope, charts ...string) []string {
	out := make([]string, len(charts))
	for i, chart := range charts {
		out[i] = s.ReleaseKey(chart)
	}
	return out
}

// overlay is a meeting's only overlay.
func overlay(chart string, values func(*composed.Scope) map[string]any) func(*composed.Scope) map[string]map[string]any {
	return func(s *composed.Scope) map[string]map[string]any {
		return map[string]map[string]any{chart: values(s)}
	}
}
