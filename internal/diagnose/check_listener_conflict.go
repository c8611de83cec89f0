package diagnose

import (
	"fmt"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// Listeners of one Gateway that cannot be told apart.
// https://gateway-api.sigs.k8s.io/reference/spec/#gatewayspec (listeners)
func listenerConflict() Check {
	return Check{"listener-conflict", "listeners of a Gateway that cannot be told apart", Error, func(x *scene) []Finding {
		var out []Finding
		before := map[*gatewayv1.Gateway][]listener{}
		for _, l := range x.listeners {
			if l.gateway == nil {
				continue
			}
			told := l.conflicted()
			i := slices.IndexFunc(before[l.gateway], func(o listener) bool { return conflict(o, l) != "" })
			// A controller that has told that there is no conflict is believed.
			agreed := told.State == topology.False || l.told(gatewayv1.ListenerConditionProgrammed).State == topology.True
			switch {
			case i >= 0 && !agreed:
				out = append(out, x.conflicting(before[l.gateway][i], l, told))
			case told.State == topology.True && !x.conflictsLater(l):
				out = append(out, Finding{
					Object: l.owner, Field: l.field(""),
					Problem: saying(fmt.Sprintf("The controller says that listener %q conflicts with another one", l.Name), told) + ".",
					Why:     whyConflict, Fix: dropListener(x, l),
				})
			}
			before[l.gateway] = append(before[l.gateway], l)
		}
		return out
	}}
}

const whyConflict = "The controller serves neither, or only the first, and routes attached to the other do not work."

// conflictsLater says that the finding about a conflict stands at a later listener.
func (x *scene) conflictsLater(l listener) bool {
	return slices.ContainsFunc(x.listeners, func(o listener) bool {
		return o.gateway == l.gateway && (o.owner != l.owner || o.index != l.index) && conflict(l, o) != ""
	})
}

// conflict says why two listeners cannot be told apart; empty if they can.
func conflict(a, b listener) string {
	la, lb := layers[a.Protocol], layers[b.Protocol]
	switch {
	case a.Port != b.Port || la == "" || lb == "" || (la == "UDP") != (lb == "UDP"):
		return ""
	case la != lb:
		return "protocol"
	case la == "TCP" || la == "UDP" || strings.EqualFold(deref(a.Hostname), deref(b.Hostname)):
		return "hostname"
	}
	return ""
}

func (x *scene) conflicting(first, second listener, told topology.Condition) Finding {
	f := Finding{Object: second.owner, Field: second.field("hostname"), Why: whyConflict}
	if conflict(first, second) == "hostname" {
		f.Problem = saying(fmt.Sprintf("Listener %q has the port %d and the hostname %q of listener %q", second.Name, second.Port, deref(second.Hostname), first.Name), told) + "."
		f.Fix = dropListener(x, second)
		return f
	}
	f.Field = second.field("port")
	f.Problem = saying(fmt.Sprintf("Listener %q speaks %s on port %d, on which listener %q speaks %s", second.Name, second.Protocol, second.Port, first.Name, first.Protocol), told) + "."
	f.Fix = dropListener(x, second)
	for _, l := range []listener{second, first} {
		if port := usual[l.Protocol]; port != 0 && port != l.Port && !x.taken(l, port) {
			f.Fix = do(fmt.Sprintf("Move listener %q to port %d.", l.Name, port), l.change(set(l.pointer("/port"), port)))
			return f
		}
	}
	return f
}

// usual ports of protocols.
var usual = map[gatewayv1.ProtocolType]gatewayv1.PortNumber{
	gatewayv1.HTTPProtocolType: 80, gatewayv1.HTTPSProtocolType: 443, gatewayv1.TLSProtocolType: 443,
}

// taken says that a listener would conflict with another one on a port.
func (x *scene) taken(l listener, port gatewayv1.PortNumber) bool {
	moved := *l.Listener
	moved.Port = port
	l.Listener = &moved
	return slices.ContainsFunc(x.listeners, func(o listener) bool {
		return o.gateway == l.gateway && (o.owner != l.owner || o.index != l.index) && conflict(o, l) != ""
	})
}
