package diagnose

import (
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

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
