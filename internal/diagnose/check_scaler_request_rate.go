package diagnose

import (
	"fmt"
	"slices"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// A rate counts a stream only in the moment in which it begins.
func scalerRequestRate() Check {
	return Check{"scaler-request-rate", "a streaming server that is scaled by its rate of requests", Warning, func(x *scene) []Finding {
		var out []Finding
		for _, s := range x.scalers {
			if dig(s.Object, "spec", "scalingMetric", "requestRate") == nil || dig(s.Object, "spec", "scalingMetric", "concurrency") != nil || !x.streams(s.Service, named(s)) {
				continue
			}
			out = append(out, Finding{
				Object: objectOfU(s.Object), Field: "spec.scalingMetric.requestRate",
				Problem: fmt.Sprintf("Service %q carries streams, and is scaled by how many requests begin.", s.Service),
				Why:     "An open stream counts as nothing after its first moment: the pod is scaled away under it.",
				Fix: do("Count the requests that are open.", merge(objectOfU(s.Object), map[string]any{"spec": map[string]any{"scalingMetric": map[string]any{
					"requestRate": nil, "concurrency": map[string]any{"targetValue": 100},
				}}})),
			})
		}
		return out
	}}
}

// streamingServices are the Services behind rules for streams, also through KEDA's
// interceptor.
func (x *scene) streams(service topology.Key, hosts []string) bool {
	return slices.ContainsFunc(x.backends, func(b backendUse) bool {
		if _, _, ok := wanted(b.route.Rules[b.rule]); !ok {
			return false
		}
		return b.Key == service || b.Key.Name == topology.Interceptor && common(b.route.Hostnames, hosts)
	})
}
