package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// Routes lead to an interceptor that is not there, or that does not answer.
func interceptorNotServing() Check {
	return Check{"interceptor-not-serving", "KEDA's HTTP interceptor missing or not ready, with routes that need it", Error, func(x *scene) []Finding {
		seen := map[topology.Key]bool{}
		var out []Finding
		for _, b := range x.backends {
			if b.Key.Name != topology.Interceptor || seen[b.Key] {
				continue
			}
			seen[b.Key] = true
			service, ready := x.service(b.Key), x.Ready(b.Key)
			const why = "Every request to a workload that it scales fails, asleep or not."
			switch {
			case service == nil && !b.resolved() && x.Sees("Service", b.Key.Namespace):
				fix := byHand("Install KEDA's HTTP add-on: apps.keda.enabled of a Cluster, or chart keda-add-ons-http.")
				if s := x.interceptor(); s != nil {
					fix = do(fmt.Sprintf("Send to the interceptor in namespace %q.", s.Namespace), x.intercept(b).Actions...)
				}
				out = append(out, Finding{Object: b.object(), Field: b.field("namespace"), Problem: fmt.Sprintf("KEDA's interceptor, Service %q, does not exist.", b.Key), Why: why, Fix: fix})
			case service != nil && ready != nil && *ready == 0:
				if problem, fix := x.explainEmpty(service); problem != "" {
					out = append(out, Finding{Object: serviceObject(b.Key), Problem: "KEDA's interceptor has no ready endpoints: " + problem + ".", Why: why, Fix: fix})
				}
			}
		}
		return out
	}}
}
