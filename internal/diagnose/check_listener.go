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

// conflicted is what the controller says of conflicts. Traefik uses the condition for
// protocols that it does not support, too, which is another check:
// https://github.com/traefik/traefik/blob/v3.6.12/pkg/provider/kubernetes/gateway/kubernetes.go (supportedRouteKinds)
func (l listener) conflicted() topology.Condition {
	told := l.told(gatewayv1.ListenerConditionConflicted)
	if told.Reason == string(gatewayv1.ListenerReasonUnsupportedProtocol) || told.Reason == string(gatewayv1.ListenerReasonInvalidRouteKinds) {
		return topology.Condition{State: topology.StateUnknown}
	}
	return told
}

// unsupported is what the controller says if it does not support the protocol; else its
// state is unknown. See conflicted.
func (l listener) unsupported() topology.Condition {
	if told := l.told(gatewayv1.ListenerConditionAccepted); told.State == topology.False && told.Reason == string(gatewayv1.ListenerReasonUnsupportedProtocol) {
		return told
	}
	told := l.told(gatewayv1.ListenerConditionConflicted)
	if told.State == topology.True && l.conflicted().State != topology.True {
		return told
	}
	return topology.Condition{State: topology.StateUnknown}
}

// faulty says that the listener itself is what does not work: a controller says so, or its
// protocol is none.
func (l listener) faulty() bool {
	for _, kind := range []gatewayv1.ListenerConditionType{gatewayv1.ListenerConditionAccepted, gatewayv1.ListenerConditionResolvedRefs, gatewayv1.ListenerConditionProgrammed} {
		if l.told(kind).State == topology.False {
			return true
		}
	}
	return l.told(gatewayv1.ListenerConditionConflicted).State == topology.True || l.unknownProtocol()
}

// unknownProtocol says that the API does not know the protocol. One with a domain in front
// is the controller's own.
func (l listener) unknownProtocol() bool {
	return layers[l.Protocol] == "" && !strings.Contains(string(l.Protocol), "/")
}

const whyConflict = "The controller serves neither, or only the first, and routes attached to the other do not work."

// conflictsLater says that the finding about a conflict stands at a later listener.
func (x *scene) conflictsLater(l listener) bool {
	return slices.ContainsFunc(x.listeners, func(o listener) bool {
		return o.gateway == l.gateway && (o.owner != l.owner || o.index != l.index) && conflict(l, o) != ""
	})
}

// layers of protocols: those of one layer share a port if their hostnames differ.
var layers = map[gatewayv1.ProtocolType]string{
	gatewayv1.HTTPProtocolType: "HTTP", gatewayv1.HTTPSProtocolType: "TLS", gatewayv1.TLSProtocolType: "TLS",
	gatewayv1.TCPProtocolType: "TCP", gatewayv1.UDPProtocolType: "UDP",
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

func dropListener(x *scene, l listener) Fix {
	own := 0
	for _, o := range x.listeners {
		if o.owner == l.owner {
			own++
		}
	}
	if own == 1 {
		return do(fmt.Sprintf("Delete it: listener %q is the only one in it.", l.Name), remove(l.owner))
	}
	return do(fmt.Sprintf("Take listener %q away, or give it another hostname.", l.Name), l.change(unset(l.pointer(""))))
}

// A protocol that the API does not know, or the controller does not.
func listenerProtocol() Check {
	return Check{"listener-protocol", "a listener of a protocol that is not supported", Error, func(x *scene) []Finding {
		var out []Finding
		for _, l := range x.listeners {
			told, accepted := l.unsupported(), l.told(gatewayv1.ListenerConditionAccepted)
			unknown := l.unknownProtocol() && accepted.State == topology.StateUnknown && accepted.Reason != stale
			if told.State == topology.StateUnknown && !unknown {
				continue
			}
			out = append(out, Finding{
				Object: l.owner, Field: l.field("protocol"),
				Problem: saying(fmt.Sprintf("Listener %q has protocol %q, which is not supported", l.Name, l.Protocol), told) + ".",
				Why:     "Nothing listens there, and routes attached to it do not work.",
				Fix:     fixProtocol(x, l),
			})
		}
		return out
	}}
}

func fixProtocol(x *scene, l listener) Fix {
	to := gatewayv1.ProtocolType(strings.ToUpper(string(l.Protocol)))
	switch {
	case layers[l.Protocol] != "":
		return dropListener(x, l) // the API knows it, the controller does not
	case layers[to] != "":
	case l.TLS != nil:
		to = gatewayv1.HTTPSProtocolType
	default:
		to = gatewayv1.HTTPProtocolType // also what HTTP/2 and gRPC are listened for with
	}
	return do(fmt.Sprintf("Use protocol %s.", to), l.change(set(l.pointer("/protocol"), string(to))))
}
