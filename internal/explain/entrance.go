package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

const gatewayAPI = gatewayv1.GroupName + "/v1"

func routeObject(f *topology.Facts) diagnose.Object { return objectOf(f.Ref) }

func objectOf(ref topology.Ref) diagnose.Object {
	return diagnose.Object{APIVersion: gatewayAPI, Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name}
}

// door is a listener by which a request comes in.
type door struct {
	topology.OwnedListener

	// attachment of the asked route by which it was found.
	attachment int
	// bound says that the route attaches to it, and hosts for which hosts.
	bound bool
	hosts []string
}

// attached says that a route gets requests at a parent: nobody has refused it.
func attached(a *topology.Attachment) bool {
	return a.Gateway != nil && len(a.Bound) > 0 && a.Accepted.State != topology.False
}

// doors are the listeners of all Gateways that the asked route names, those by which its
// requests would come in first: for the host that was asked for, where it attaches, with
// TLS, in the order in which they stand.
func (w *way) doors() []door {
	var out []door
	for i := range w.asked.Attachments {
		a := &w.asked.Attachments[i]
		if a.Gateway == nil || !w.wantsGateway(a.Gateway) {
			continue
		}
		for _, l := range w.ListenersOfGateway(a.Gateway) {
			hosts, bound := hostsAt(a, l)
			if l.Left && !bound || w.options.Port != 0 && l.Port != w.options.Port {
				continue
			}
			out = append(out, door{l, i, bound, hosts})
		}
	}
	rank := func(d door) int {
		out := 0
		for _, is := range []bool{
			w.options.Host == "" || topology.HostFits(d.HostOf(), w.options.Host), d.bound, !d.Left, d.fits(w.options.Host),
			w.asked.Attachments[d.attachment].Accepted.State != topology.False, d.SpeaksTLS(),
		} {
			out <<= 1
			if !is {
				out++
			}
		}
		return out
	}
	slices.SortStableFunc(out, func(a, b door) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

// fits says that the route answers to a host there; any does if none was asked for.
func (d door) fits(host string) bool {
	return host == "" || slices.ContainsFunc(d.hosts, func(h string) bool { return topology.HostFits(h, host) })
}

func (w *way) wantsGateway(g *gatewayv1.Gateway) bool {
	want := w.options.Gateway
	return want == "" || want == g.Name || want == g.Namespace+"/"+g.Name
}

// hostsAt are the hosts for which an attachment binds a route to a listener.
func hostsAt(a *topology.Attachment, l topology.OwnedListener) (hosts []string, bound bool) {
	if a.Kind != l.Owner.Kind || a.Key.Namespace != l.Owner.Namespace || a.Key.Name != l.Owner.Name {
		return nil, false
	}
	for _, b := range a.Bound {
		if b.Index == l.Index {
			return b.Hosts, true
		}
	}
	return nil, false
}

// hostsOf are the hosts for which a listener sends requests to a route.
func hostsOf(f *topology.Facts, l topology.OwnedListener) []string {
	var out []string
	for i := range f.Attachments {
		if !attached(&f.Attachments[i]) {
			continue
		}
		hosts, _ := hostsAt(&f.Attachments[i], l)
		out = append(out, hosts...)
	}
	return out
}

// serving is the listener that takes the requests for a host which come to a door: one on
// the same port may have a more specific hostname.
func (w *way) serving(d door, all []door) door {
	for _, other := range all {
		if other.Gateway == d.Gateway && !other.Left && d.Yields(other.OwnedListener, w.request.Host) {
			d = other
		}
	}
	return d
}

// gatewayHops are those of the class and the Gateway.
func (w *way) gatewayHops(g *gatewayv1.Gateway) {
	name := string(g.Spec.GatewayClassName)
	class := diagnose.Object{APIVersion: gatewayAPI, Kind: "GatewayClass", Name: name}
	row, known := w.Controller(name)
	h := Hop{Kind: HopClass, Object: &class, Text: class.String()}
	switch c := w.Objects.GatewayClasses.Get("", name); {
	case known:
		h.Text += ": " + row.Title
	case c != nil:
		h.Text += ": " + string(c.Spec.ControllerName)
	default:
		h.Text += ": not seen"
	}
	w.tell(&h, class, anything)
	for object := range w.findings {
		if object.Kind == "CustomResourceDefinition" {
			w.tell(&h, object, func(f diagnose.Finding) bool {
				return f.Check == "gateway-api-missing" || f.Check == "gateway-api-outdated"
			})
		}
	}
	w.hop(h)

	gateway := diagnose.Object{APIVersion: gatewayAPI, Kind: "Gateway", Namespace: g.Namespace, Name: g.Name}
	h = Hop{Kind: HopGateway, Object: &gateway, Text: gateway.String()}
	var addresses []string
	for _, a := range g.Status.Addresses {
		addresses = append(addresses, a.Value)
	}
	if len(addresses) > 0 {
		h.Text += " at " + strings.Join(addresses, ", ")
	}
	w.tell(&h, gateway, func(f diagnose.Finding) bool { return !strings.HasPrefix(f.Field, "spec.listeners") })
	w.hop(h)
}

// describe a listener in a few words.
func describe(l topology.OwnedListener) string {
	out := fmt.Sprintf("listener %q, %s on port %d", l.Name, l.Protocol, l.Port)
	if host := l.HostOf(); host != "" {
		out += ", " + host
	}
	if l.Owner.Kind == "ListenerSet" {
		out += fmt.Sprintf(" (of %s)", nameOf(l.Owner))
	}
	return out
}

// listenerHop is that of the listener that takes the request, and why the others do not.
func (w *way) listenerHop(d door) {
	owner := objectOf(d.Owner)
	field := fmt.Sprintf("spec.listeners[%d]", d.Index)
	h := Hop{Kind: HopListener, Object: &owner, Field: field, Text: describe(d.OwnedListener), PassedOver: w.passedListeners(d)}
	if !topology.HostFits(d.HostOf(), w.request.Host) && attached(&w.asked.Attachments[d.attachment]) {
		h.Stops = fmt.Sprintf("no listener answers to host %q on port %d.", w.request.Host, d.Port)
	}
	wants := at(field)
	if d.Owner.Kind == "ListenerSet" {
		wants = either(wants, at("spec.parentRef"))
	}
	w.tell(&h, owner, wants)
	if d.TLS != nil {
		for _, ref := range d.TLS.CertificateRefs {
			w.certificate(&h, d, ref)
		}
	}
	w.hop(h)
}

// certificate tells what is wrong with what makes the certificate of a listener.
func (w *way) certificate(h *Hop, d door, ref gatewayv1.SecretObjectReference) {
	namespace := d.Owner.Namespace
	if ref.Namespace != nil {
		namespace = string(*ref.Namespace)
	}
	for _, c := range w.Objects.Other("Certificate") {
		spec, _ := c.Object["spec"].(map[string]any)
		if c.GetNamespace() == namespace && spec["secretName"] == string(ref.Name) {
			w.tell(h, diagnose.Object{APIVersion: c.GetAPIVersion(), Kind: c.GetKind(), Namespace: namespace, Name: c.GetName()}, anything)
		}
	}
}

// passedListeners are the other listeners of the Gateway, each with the reason.
func (w *way) passedListeners(d door) []PassedOver {
	var out []PassedOver
	for _, l := range w.ListenersOfGateway(d.Gateway) {
		if !l.Same(d.OwnedListener) {
			out = append(out, PassedOver{describe(l), w.whyNot(l, d)})
		}
	}
	return out
}

func (w *way) whyNot(l topology.OwnedListener, d door) string {
	host := w.request.Host
	switch {
	case l.Left:
		return "its Gateway does not take the ListenerSet"
	case !topology.HostFits(l.HostOf(), host):
		return "it answers to another hostname"
	case d.Port != l.Port && w.options.Port != 0:
		return "it is on another port"
	}
	if why := w.against(l); why != "" {
		return why
	}
	switch {
	case l.Port == d.Port && l.SpeaksTLS() == d.SpeaksTLS():
		return "another one has a hostname that is more specific"
	case l.SpeaksTLS() != d.SpeaksTLS() && d.SpeaksTLS():
		return "it takes the request, too, but without TLS: ask for port " + strconv.Itoa(int(l.Port))
	}
	return "it takes the request, too: ask for port " + strconv.Itoa(int(l.Port))
}

// against says by which rule a listener does not take the asked route; empty if it does.
func (w *way) against(l topology.OwnedListener) string {
	why := "the route does not name it"
	for i := range w.asked.Attachments {
		a := &w.asked.Attachments[i]
		if a.Kind != l.Owner.Kind || a.Key.Namespace != l.Owner.Namespace || a.Key.Name != l.Owner.Name {
			continue
		}
		if _, bound := hostsAt(a, l); bound {
			return ""
		}
		for _, c := range a.Candidates {
			if c.Index == l.Index {
				why = againstWords(c.Against, w.asked)
			}
		}
	}
	return why
}

func againstWords(against topology.Against, f *topology.Facts) string {
	switch against {
	case topology.AgainstSection:
		return "the route names another listener"
	case topology.AgainstPort:
		return "the route asks for another port"
	case topology.AgainstKind:
		return fmt.Sprintf("it takes no %ss", f.Ref.Kind)
	case topology.AgainstNamespace:
		return fmt.Sprintf("it lets in no routes of namespace %q", f.Ref.Namespace)
	case topology.AgainstHostname:
		return "it answers to no hostname of the route"
	}
	return ""
}
