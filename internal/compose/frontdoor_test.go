package compose_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
)

// TestFrontDoor holds what each of the three apps of the front door brings, alone
// and together, on every provider: exactly what the contract says.
func TestFrontDoor(t *testing.T) {
	alone := map[string][]string{
		"envoyGateway": {"gateway-helm", "envoy-gateway-class", "envoy-gateway"},
		"keda":         {"keda", "keda-add-ons-http"},
		"prometheus":   {"kube-prometheus-stack"},
	}
	together := map[string][]string{
		"envoyGateway+keda":       {"keda-interceptor-grant"},
		"envoyGateway+prometheus": {"envoy-gateway-pod-monitor"},
		"keda+prometheus":         nil,
	}
	planner := newPlanner(t)
	for _, provider := range v2.Providers() {
		without := appKeys(t, planner, provider, nil, false)
		for subset := range 1 << len(alone) {
			names := slices.Sorted(maps.Keys(alone))
			var on []string
			for i, name := range names {
				if subset&(1<<i) != 0 {
					on = append(on, name)
				}
			}
			want := []string{}
			add := func(objects []string) {
				for _, object := range objects {
					want = append(want, "m-app-"+object, "m-app-"+object+"-usage")
				}
			}
			for i, a := range on {
				add(alone[a])
				for _, b := range on[i+1:] {
					add(together[a+"+"+b])
				}
			}
			slices.Sort(want)
			for _, gpu := range []bool{false, true} {
				got := slices.DeleteFunc(appKeys(t, planner, provider, on, gpu), func(key string) bool { return slices.Contains(without, key) })
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s with %v, GPU nodes %t (-want +got):\n%s", provider, on, gpu, diff)
				}
			}
		}
	}
}

// appKeys are the keys of what belongs to apps, in the end.
func appKeys(t *testing.T, planner *compose.Planner, provider v2.Provider, on []string, gpu bool) []string {
	t.Helper()
	apps := map[string]any{}
	for _, name := range on {
		apps[name] = map[string]any{"enabled": true}
	}
	plan, _ := settled(t, planner, map[string]any{
		"apiVersion": v2.APIVersion,
		"kind":       v2.Kind,
		"metadata":   map[string]any{"name": "m", "namespace": "ns"},
		"spec": map[string]any{
			"crossplane": map[string]any{"compositionSelector": map[string]any{"matchLabels": map[string]any{"provider": string(provider)}}},
			"parameters": map[string]any{"nodeSize": "small", "gpu": map[string]any{"enabled": gpu}, "apps": apps},
		},
	})
	out := []string{}
	for _, r := range plan.Resources {
		if strings.HasPrefix(r.Key, "m-app-") {
			out = append(out, r.Key)
		}
	}
	slices.Sort(out)
	return out
}
