package diagnose

import (
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

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

// layers of protocols: those of one layer share a port if their hostnames differ.
var layers = map[gatewayv1.ProtocolType]string{
	gatewayv1.HTTPProtocolType: "HTTP", gatewayv1.HTTPSProtocolType: "TLS", gatewayv1.TLSProtocolType: "TLS",
	gatewayv1.TCPProtocolType: "TCP", gatewayv1.UDPProtocolType: "UDP",
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
