package apps

import v2 "github.com/gatehouse-platform/gatehouse/api/v2"

// crossplane installs Crossplane inside the cluster.
func crossplane() App {
	return chartOnly("crossplane", "crossplane", func(a *v2.Apps) *v2.App { return &a.Crossplane }, noValues)
}
