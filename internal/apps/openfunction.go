package apps

import v2 "github.com/gatehouse-platform/gatehouse/api/v2"

// openFunction installs OpenFunction.
func openFunction() App {
	return chartOnly("openfunction", "openfunction", func(a *v2.Apps) *v2.App { return &a.OpenFunction }, func() map[string]any {
		return map[string]any{"revisionController": map[string]any{"enable": true}}
	})
}
