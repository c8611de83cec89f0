package apps

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// keda installs KEDA and its HTTP add-on. The add-on scales its own interceptor
// with KEDA, whose CRDs it therefore needs.
func keda() App {
	return App{
		Name:    "keda",
		Enabled: func(a *v2.Apps) bool { return a.KEDA.Enabled },
		Parts:   charts("keda", "keda-add-ons-http"),
		Resources: func(s *composed.Scope) []composed.Resource {
			k := &s.Apps().KEDA
			addOn := composed.Release{
				Chart:      "keda-add-ons-http",
				Version:    k.HTTPAddOn.Version,
				UserValues: k.HTTPAddOn.Values,
				After:      []string{s.ReleaseKey("keda")},
			}
			return append(s.Release(composed.AppRelease("keda", &k.App, nil)), s.Release(addOn)...)
		},
	}
}
