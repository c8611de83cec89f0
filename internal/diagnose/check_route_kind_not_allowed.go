package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func routeKindNotAllowed() Check {
	c := Check{ID: "route-kind-not-allowed", Finds: "a route of a kind that the listener does not take"}
	return mismatch(c, topology.AgainstKind, func(_ *scene, u unattached, near []topology.Candidate) Finding {
		l := near[0].Listener
		f := Finding{Field: u.field("sectionName"), Problem: fmt.Sprintf("Listener %q of %s takes no %ss", l.Name, u.parent(), u.route.Ref.Kind)}
		listed := l.AllowedRoutes != nil && len(l.AllowedRoutes.Kinds) > 0
		if !listed {
			f.Problem += fmt.Sprintf(": its protocol is %s", l.Protocol)
			f.Fix = byHand("Attach to a listener of protocol HTTP or HTTPS.")
			return f
		}
		f.Fix = do("Let the listener take them.", u.candidate(near[0]).change(set(fmt.Sprintf("/spec/listeners/%d/allowedRoutes/kinds/-", near[0].Index),
			map[string]any{"group": gatewayGroup, "kind": u.route.Ref.Kind})))
		return f
	})
}
