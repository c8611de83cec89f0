package apps

import v2 "github.com/gatehouse-platform/gatehouse/api/v2"

// prometheus installs kube-prometheus-stack.
func prometheus() App {
	return chartOnly("prometheus", "kube-prometheus-stack", func(a *v2.Apps) *v2.App { return &a.Prometheus.App }, noValues)
}
