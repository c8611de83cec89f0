package wiring

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

const gatewayNamespace = "envoy-gateway-system"

// prometheusLabels is what makes this Prometheus select a monitor.
func prometheusLabels() map[string]any { return map[string]any{"release": chartPrometheus} }

// ProxyPodMonitorObject is the Object that holds the PodMonitor of the proxies.
const ProxyPodMonitorObject = "envoy-gateway-pod-monitor"

// proxyPodMonitor lets Prometheus scrape the proxies of Gateways.
func proxyPodMonitor() Meeting {
	return Meeting{
		Name: "Prometheus scrapes the gateway's proxies",
		When: func(a *v2.Apps) bool { return a.EnvoyGateway.Enabled && a.Prometheus.Enabled },
		Resources: func(s *composed.Scope) []composed.Resource {
			return s.AppObject(composed.Object{
				Name: ProxyPodMonitorObject,
				Manifest: podMonitor("envoy-gateway-proxy", gatewayNamespace,
					map[string]any{"app.kubernetes.io/component": "proxy"}, "/stats/prometheus"),
				After: keys(s, chartEnvoyGateway, chartPrometheus),
			})
		},
	}
}

// podMonitor scrapes the port metrics of the pods that have labels.
func podMonitor(name, namespace string, labels map[string]any, path string) map[string]any {
	return podMonitorAt(name, namespace, labels, map[string]any{"port": "metrics", "path": path})
}

// podMonitorAt scrapes one endpoint of the pods that have labels.
func podMonitorAt(name, namespace string, labels, endpoint map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": "monitoring.coreos.com/v1",
		"kind":       "PodMonitor",
		"metadata":   map[string]any{"name": name, "namespace": namespace, "labels": prometheusLabels()},
		"spec": map[string]any{
			"selector":            map[string]any{"matchLabels": labels},
			"podMetricsEndpoints": []any{endpoint},
		},
	}
}
