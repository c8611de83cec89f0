package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func backendMissing() Check {
	return Check{"backend-missing", "a route to a Service that does not exist", Error, func(x *scene) []Finding {
		var out []Finding
		for _, b := range x.backends {
			if x.service(b.Key) != nil || b.resolved() || b.Key.Name == topology.Interceptor || !x.Sees("Service", b.Key.Namespace) {
				continue
			}
			out = append(out, Finding{
				Object: b.object(), Field: b.field("name"),
				Problem: saying(fmt.Sprintf("Service %q does not exist%s", b.Key, whatDoes(b.Key.Name, x.services[b.Key.Namespace])), b.refusal()) + ".",
				Why:     whyBackend,
				Fix:     x.fixMissing(b),
			})
		}
		return out
	}}
}

func (x *scene) fixMissing(b backendUse) Fix {
	names := x.services[b.Key.Namespace]
	if to := nearest(b.Key.Name, names); to != "" {
		operations := []Operation{set(b.pointer("/name"), to)}
		if ports := x.service(topology.Key{Namespace: b.Key.Namespace, Name: to}).Spec.Ports; len(ports) == 1 && ports[0].Port != b.Port {
			operations = append(operations, set(b.pointer("/port"), ports[0].Port))
		}
		return do(fmt.Sprintf("Send to Service %q.", to), b.change(operations...))
	}
	if w := x.Objects.Deployments.Get(b.Key.Namespace, b.Key.Name); w != nil && len(w.PodLabels) > 0 && b.Port != 0 {
		return do("Create the Service for the Deployment of that name; its pods have to listen on the port.", apply(map[string]any{
			"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"namespace": b.Key.Namespace, "name": b.Key.Name},
			"spec": map[string]any{"selector": plain(w.PodLabels), "ports": []any{map[string]any{"name": "http", "port": b.Port, "targetPort": b.Port}}},
		}))
	}
	return byHand("Create the Service, or name one that exists.")
}
