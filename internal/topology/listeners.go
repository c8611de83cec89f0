package topology

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// OwnedListener is a listener of a Gateway, or of a ListenerSet that extends one.
type OwnedListener struct {
	*gatewayv1.Listener

	// Owner holds it in spec.listeners[Index].
	Owner Ref
	Index int
	// Gateway that it belongs to; nil if that was not seen.
	Gateway *gatewayv1.Gateway
	// Conditions of it, and the generation of the owner.
	Conditions []metav1.Condition
	Generation int64
	// Left says that the controller does not take the ListenerSet that holds it.
	Left bool
}

// Same says that two are the same listener.
func (l OwnedListener) Same(other OwnedListener) bool {
	return l.Owner == other.Owner && l.Index == other.Index
}

// Listeners are those of all Gateways, and behind them those of all ListenerSets.
func (s *Snapshot) Listeners() []OwnedListener {
	var out []OwnedListener
	for _, g := range s.Objects.Gateways.All() {
		out = append(out, listenersOfGateway(g)...)
	}
	for _, set := range s.Objects.ListenerSets.All() {
		out = append(out, s.listenersOfSet(set)...)
	}
	return out
}

// ListenersOfGateway are those of one Gateway, and behind them those of the ListenerSets
// that extend it.
func (s *Snapshot) ListenersOfGateway(g *gatewayv1.Gateway) []OwnedListener {
	out := listenersOfGateway(g)
	for _, set := range s.Objects.ListenerSets.All() {
		if s.GatewayOf(set) == g {
			out = append(out, s.listenersOfSet(set)...)
		}
	}
	return out
}

func listenersOfGateway(g *gatewayv1.Gateway) []OwnedListener {
	out := make([]OwnedListener, 0, len(g.Spec.Listeners))
	for i := range g.Spec.Listeners {
		l := OwnedListener{
			Listener: &g.Spec.Listeners[i], Owner: Ref{Kind: "Gateway", Namespace: g.Namespace, Name: g.Name}, Index: i, Gateway: g, Generation: g.Generation,
		}
		if st := listenerStatus(g, l.Name); st != nil {
			l.Conditions = st.Conditions
		}
		out = append(out, l)
	}
	return out
}

func (s *Snapshot) listenersOfSet(set *gatewayv1.ListenerSet) []OwnedListener {
	all := ListenersOf(set)
	left := conditionOf(set.Status.Conditions, string(gatewayv1.ListenerSetConditionAccepted), set.Generation).state == False
	out := make([]OwnedListener, 0, len(all))
	for i := range all {
		l := OwnedListener{
			Listener: &all[i], Owner: Ref{Kind: "ListenerSet", Namespace: set.Namespace, Name: set.Name}, Index: i,
			Gateway: s.GatewayOf(set), Generation: set.Generation, Left: left,
		}
		if n := slices.IndexFunc(set.Status.Listeners, func(st gatewayv1.ListenerEntryStatus) bool { return st.Name == l.Name }); n >= 0 {
			l.Conditions = set.Status.Listeners[n].Conditions
		}
		out = append(out, l)
	}
	return out
}

// HostOf is the hostname of the listener, in lower case; empty for any.
func (l OwnedListener) HostOf() string { return strings.ToLower(text(l.Hostname)) }

// SpeaksTLS says that the listener ends or passes on TLS.
func (l OwnedListener) SpeaksTLS() bool { return speaksTLS(l.Listener) }

// Yields says that another listener on the same port takes the requests for a host instead
// of this one: its hostname is more specific.
// https://gateway-api.sigs.k8s.io/reference/spec/#listener (hostname)
func (l OwnedListener) Yields(other OwnedListener, host string) bool {
	return l.Port == other.Port && l.SpeaksTLS() == other.SpeaksTLS() && HostFits(other.HostOf(), host) && compareHosts(other.HostOf(), l.HostOf()) < 0
}
