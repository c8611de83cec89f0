package diagnose

import (
	"fmt"
	"slices"
)

// Requests that go past the interceptor do not wake what it would.
func scalerBypassed() Check {
	return Check{"scaler-bypassed", "a workload that KEDA's HTTP add-on scales, with a route past its interceptor", Error, func(x *scene) []Finding {
		var out []Finding
		for _, s := range x.scalers {
			if s.Reached {
				continue
			}
			i := slices.IndexFunc(x.backends, func(b backendUse) bool { return b.Key == s.Service && common(b.route.Hostnames, named(s)) })
			if i < 0 {
				continue
			}
			b := x.backends[i]
			out = append(out, Finding{
				Object: b.object(), Field: b.field("name"),
				Problem: fmt.Sprintf("The rule sends to Service %q, past KEDA's interceptor, of which %s waits for requests.", s.Service, objectOfU(s.Object)),
				Why:     "The interceptor counts no requests, so the workload is scaled to zero, and nothing wakes it.",
				Fix:     x.intercept(b),
			})
		}
		return out
	}}
}
