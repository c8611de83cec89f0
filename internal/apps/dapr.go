package apps

import v2 "github.com/gatehouse-platform/gatehouse/api/v2"

// dapr installs Dapr.
func dapr() App {
	return chartOnly("dapr", "dapr", func(a *v2.Apps) *v2.App { return &a.Dapr }, noValues)
}
