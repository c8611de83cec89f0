package wiring

import (
	"fmt"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// maxGrantFrom is how many from entries a ReferenceGrant holds
// (https://gateway-api.sigs.k8s.io/reference/spec/#referencegrantspec).
const maxGrantFrom = 16

// interceptorGrants let HTTPRoutes of the Cluster's namespaces, and no others,
// send requests to the interceptor of KEDA's HTTP add-on. The Gateway API has no
// "any namespace": every grant names them.
func interceptorGrants() Meeting {
	return Meeting{
		Name: "routes may use KEDA's interceptor",
		When: func(a *v2.Apps) bool { return a.KEDA.Enabled && a.GatewayAPI() },
		Resources: func(s *composed.Scope) []composed.Resource {
			after := keys(s, append(gatewayAPIChart(s.Apps()), chartKEDA)...)
			var out []composed.Resource
			from := routeNamespaces(s)
			for n := 1; len(from) > 0; n++ {
				size := min(maxGrantFrom, len(from))
				out = append(out, s.AppObject(composed.Object{
					Name:     GrantObject(n),
					Manifest: interceptorGrant(numbered("httproutes-to-interceptor", n), from[:size]),
					After:    after,
				})...)
				from = from[size:]
			}
			return out
		},
	}
}

// routeNamespaces are the namespaces in the order in which the user gives them:
// one that is added at the end moves none of the others to another grant.
func routeNamespaces(s *composed.Scope) []string {
	var out []string
	seen := map[string]bool{}
	for _, list := range [][]string{s.Parameters().Namespaces, s.Apps().KEDA.RouteNamespaces} {
		for _, ns := range list {
			if !seen[ns] {
				seen[ns] = true
				out = append(out, ns)
			}
		}
	}
	return out
}

// GrantObject is the Object that holds the nth ReferenceGrant, counted from 1.
func GrantObject(n int) string { return numbered("keda-interceptor-grant", n) }

func numbered(name string, n int) string {
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, n)
}

// interceptorGrant is in v1beta1: the pinned CRDs serve no v1.
func interceptorGrant(name string, namespaces []string) map[string]any {
	from := make([]any, len(namespaces))
	for i, ns := range namespaces {
		from[i] = map[string]any{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": ns}
	}
	return map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1beta1",
		"kind":       "ReferenceGrant",
		"metadata":   map[string]any{"name": name, "namespace": "keda"},
		"spec": map[string]any{
			"from": from,
			"to":   []any{map[string]any{"group": "", "kind": "Service", "name": "keda-add-ons-http-interceptor-proxy"}},
		},
	}
}
