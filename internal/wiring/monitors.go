package wiring

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// appMonitors lets Prometheus scrape the apps: through the monitors of their own
// charts, with the label by which this Prometheus selects, and through a
// PodMonitor where a chart has none. Charts render their monitors only, or only
// without an error, while Prometheus' CRDs are there.
func appMonitors() Meeting {
	return Meeting{
		Name:      "Prometheus scrapes the apps",
		When:      func(a *v2.Apps) bool { return a.Prometheus.Enabled && a.Prometheus.MonitorApps },
		Needs:     needs(chartPrometheus),
		Overlays:  monitorValues,
		Resources: appPodMonitors,
	}
}

// monitorValues are the values, by chart, that switch on its own monitors. The
// keys were read in the charts at their pinned versions.
func monitorValues(s *composed.Scope) map[string]map[string]any {
	a := s.Apps()
	all := []struct {
		on     bool
		chart  string
		values map[string]any
	}{
		{a.KEDA.Enabled, chartKEDA, map[string]any{"prometheus": each(map[string]any{
			"enabled":        true,
			"serviceMonitor": selected("additionalLabels"),
		}, "operator", "metricServer", "webhooks")}},
		{a.ArgoCD.Enabled, "argo-cd", each(map[string]any{"metrics": map[string]any{
			"enabled":        true,
			"serviceMonitor": selected("additionalLabels"),
		}}, "controller", "server", "repoServer", "applicationSet", "notifications")},
		{a.ExternalSecrets.Enabled, "external-secrets", map[string]any{"serviceMonitor": selected("additionalLabels")}},
		{a.Traefik.Enabled, chartTraefik, map[string]any{"metrics": map[string]any{"prometheus": map[string]any{
			"service":        map[string]any{"enabled": true},
			"serviceMonitor": selected("additionalLabels"),
		}}}},
		{a.CertManager.Enabled, "cert-manager", map[string]any{"prometheus": map[string]any{"servicemonitor": selected("labels")}}},
		{a.ExternalDNS.Enabled, "external-dns", map[string]any{"serviceMonitor": selected("additionalLabels")}},
		{a.NVIDIA.Enabled, "gpu-operator", map[string]any{"dcgmExporter": map[string]any{"serviceMonitor": selected("additionalLabels")}}},
		// No monitor of its own: the port that our PodMonitor scrapes.
		{a.Crossplane.Enabled, "crossplane", map[string]any{"metrics": map[string]any{"enabled": true}}},
	}
	out := map[string]map[string]any{}
	for _, m := range all {
		if m.on {
			out[m.chart] = m.values
		}
	}
	return out
}

// selected switches a monitor on, with the label that Prometheus selects.
func selected(labels string) map[string]any {
	return map[string]any{"enabled": true, labels: prometheusLabels()}
}

// each gives several keys the same value.
func each(value map[string]any, names ...string) map[string]any {
	out := make(map[string]any, len(names))
	for _, name := range names {
		out[name] = value
	}
	return out
}

func appPodMonitors(s *composed.Scope) []composed.Resource {
	var out []composed.Resource
	if s.Apps().EnvoyGateway.Enabled {
		out = append(out, s.AppObject(composed.Object{
			Name: "envoy-gateway-controller-pod-monitor",
			Manifest: podMonitor("envoy-gateway-controller", gatewayNamespace,
				map[string]any{"control-plane": "envoy-gateway"}, "/metrics"),
			After: keys(s, chartEnvoyGateway, chartPrometheus),
		})...)
	}
	if s.Apps().Crossplane.Enabled {
		out = append(out, s.AppObject(composed.Object{
			Name: "crossplane-pod-monitor",
			Manifest: podMonitor("crossplane", "crossplane-system",
				map[string]any{"app.kubernetes.io/part-of": "crossplane"}, "/metrics"),
			After: keys(s, "crossplane", chartPrometheus),
		})...)
	}
	if s.Apps().KEDA.Enabled {
		out = append(out, s.AppObject(composed.Object{
			Name:     "keda-interceptor-pod-monitor",
			Manifest: interceptorPodMonitor(),
			After:    keys(s, "keda-add-ons-http", chartPrometheus),
		})...)
	}
	return out
}

// interceptorPodMonitor scrapes the interceptor of KEDA's HTTP add-on. Its
// exporter listens on a port that the pod does not declare, and Prometheus finds
// only declared ones: it finds another one, and the address is put right.
func interceptorPodMonitor() map[string]any {
	labels := map[string]any{"app.kubernetes.io/component": "interceptor"}
	return podMonitorAt("keda-add-ons-http-interceptor", "keda", labels, map[string]any{
		"port": "admin",
		"path": "/metrics",
		"relabelings": []any{map[string]any{
			"sourceLabels": []any{"__meta_kubernetes_pod_ip"},
			"targetLabel":  "__address__",
			"replacement":  "$1:2223",
		}},
	})
}
