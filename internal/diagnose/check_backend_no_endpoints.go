package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func backendNoEndpoints() Check {
	return Check{"backend-no-endpoints", "a route to a Service without ready endpoints", Error, func(x *scene) []Finding {
		asleep := x.scaledToZero()
		var out []Finding
		for _, b := range x.backends {
			ready, service := x.Ready(b.Key), x.service(b.Key)
			if service == nil || elsewhere(service) || ready == nil || *ready > 0 || b.Weight == 0 || b.Key.Name == topology.Interceptor || asleep(service) {
				continue
			}
			problem, fix := x.explainEmpty(service)
			if problem == "" {
				continue
			}
			out = append(out, Finding{
				Object: b.object(), Field: b.field("name"),
				Problem: fmt.Sprintf("Service %q has no ready endpoints: %s.", b.Key, problem),
				Why:     "Requests that match the rule are answered with 503 or 500.",
				Fix:     fix,
			})
		}
		return out
	}}
}
