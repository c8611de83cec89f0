package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func routeNamespaceNotAllowed() Check {
	c := Check{ID: "route-namespace-not-allowed", Finds: "a route of a namespace that the listener does not let in"}
	return mismatch(c, topology.AgainstNamespace, func(x *scene, u unattached, near []topology.Candidate) Finding {
		nearest := near[0]
		for _, c := range near {
			if _, ok := topology.Meet(deref(c.Listener.Hostname), first(u.route.Hostnames)); ok {
				nearest = c
				break
			}
		}
		a := topology.AdmissionOf(nearest.Listener, u.Key.Namespace)
		l := u.candidate(nearest)
		return Finding{
			Field:   u.field(""),
			Problem: fmt.Sprintf("Listener %q of %s lets in %s, not %q", l.Name, u.parent(), admits(a), u.route.Ref.Namespace),
			Fix: x.fixAdmission(a, u.route.Ref.Namespace, func(namespaces map[string]any) Action {
				if namespaces["selector"] == nil {
					delete(namespaces, "selector")
				}
				if nearest.Listener.AllowedRoutes == nil {
					return l.change(set(l.pointer("/allowedRoutes"), map[string]any{"namespaces": namespaces}))
				}
				return l.change(set(l.pointer("/allowedRoutes/namespaces"), namespaces))
			}),
		}
	})
}
