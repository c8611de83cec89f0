package diagnose

import (
	"fmt"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func routePortMismatch() Check {
	c := Check{ID: "route-port-mismatch", Finds: "a route that asks for a port on which no listener is"}
	return mismatch(c, topology.AgainstPort, func(_ *scene, u unattached, near []topology.Candidate) Finding {
		var ports []string
		for _, c := range near {
			ports = append(ports, fmt.Sprintf("%q on %d", c.Listener.Name, c.Listener.Port))
		}
		f := Finding{
			Field:   u.field("port"),
			Problem: fmt.Sprintf("The route asks for port %d of %s, whose listeners that it names are %s", *u.Ref.Port, u.parent(), strings.Join(ports, ", ")),
		}
		if len(near) == 1 {
			f.Fix = do(fmt.Sprintf("Ask for port %d.", near[0].Listener.Port), u.change(set(u.pointer("/port"), near[0].Listener.Port)))
			return f
		}
		f.Fix = do("Ask for no port.", u.change(unset(u.pointer("/port"))))
		return f
	})
}
