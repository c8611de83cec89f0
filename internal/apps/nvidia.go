package apps

import v2 "github.com/gatehouse-platform/gatehouse/api/v2"

// nvidia installs the NVIDIA GPU operator. The drivers come with the images of
// the GPU nodes.
func nvidia() App {
	return chartOnly("nvidia", "gpu-operator", func(a *v2.Apps) *v2.App { return &a.NVIDIA }, func() map[string]any {
		return map[string]any{"driver": map[string]any{"enabled": false}}
	})
}
