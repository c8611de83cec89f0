package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

const (
	gatewayAPI = gatewayv1.GroupName + "/v1"
	ingressAPI = "networking.k8s.io/v1"
)

// builder makes the nodes of a snapshot.
type builder struct {
	*topology.Snapshot

	findings map[diagnose.Object][]diagnose.Finding
	// told counts the findings that stand on a node.
	told, all int
	nodes     []*Node
	byObject  map[diagnose.Object]*Node
	listeners map[listenerKey]*Node
	scalers   map[topology.Key][]topology.Scaler
	around    *topology.Around
}

type listenerKey struct {
	owner topology.Ref
	index int
}

func newBuilder(s *topology.Snapshot, findings []diagnose.Finding) *builder {
	b := &builder{
		Snapshot: s, findings: map[diagnose.Object][]diagnose.Finding{}, all: len(findings), byObject: map[diagnose.Object]*Node{},
		listeners: map[listenerKey]*Node{}, scalers: map[topology.Key][]topology.Scaler{}, around: s.Around(),
	}
	for _, f := range findings {
		b.findings[f.Object] = append(b.findings[f.Object], f)
	}
	for _, k := range s.Scalers() {
		b.scalers[k.Service] = append(b.scalers[k.Service], k)
	}
	return b
}

// elsewhere counts findings on objects that have no node.
func (b *builder) elsewhere() int { return b.all - b.told }

func (b *builder) build() {
	for _, g := range b.Objects.Gateways.All() {
		b.gateway(g)
	}
	facts := b.Facts()
	for i := range facts {
		b.route(&facts[i])
	}
	for _, in := range b.Objects.Ingresses.All() {
		class, _, _ := b.IngressClassOf(in.Namespace, in.Name)
		n := b.node(layerRoute, diagnose.Object{APIVersion: ingressAPI, Kind: "Ingress", Namespace: in.Namespace, Name: in.Name})
		for _, p := range b.PathsOf(in) {
			n.detail(cmp.Or(p.Host, "any host"))
			if p.Service.Name != "" {
				n.to(b.service(p.Service), "")
			}
		}
		if class != "" {
			b.class("IngressClass", ingressAPI, class, b.Objects.IngressClasses.Get("", class) == nil).to(n, "")
		}
	}
}

// node is that of an object, made with the first that asks for it.
func (b *builder) node(layer int, o diagnose.Object) *Node {
	if n := b.byObject[o]; n != nil {
		return n
	}
	n := &Node{Kind: o.Kind, Name: topology.Key{Namespace: o.Namespace, Name: o.Name}.String(), object: o, layer: layer}
	b.tell(n, b.findings[o])
	b.byObject[o] = n
	b.nodes = append(b.nodes, n)
	return n
}

func (b *builder) tell(n *Node, findings []diagnose.Finding) {
	n.Findings = append(n.Findings, findings...)
	b.told += len(findings)
}

func (n *Node) detail(s string) {
	if !slices.Contains(n.Details, s) {
		n.Details = append(n.Details, s)
	}
}

// to leads to another node, once.
func (n *Node) to(other *Node, label string) { n.edge(edge{to: other, label: label}) }

func (n *Node) edge(e edge) {
	for _, known := range n.out {
		if known.to == e.to {
			known.broken = known.broken && e.broken
			return
		}
	}
	n.out = append(n.out, &e)
}

func (b *builder) class(kind, apiVersion, name string, missing bool) *Node {
	n := b.node(layerClass, diagnose.Object{APIVersion: apiVersion, Kind: kind, Name: name})
	n.Missing = missing
	return n
}

func (b *builder) gateway(g *gatewayv1.Gateway) {
	object := diagnose.Object{APIVersion: gatewayAPI, Kind: "Gateway", Namespace: g.Namespace, Name: g.Name}
	class := string(g.Spec.GatewayClassName)
	n := b.node(layerGateway, object)
	b.class("GatewayClass", gatewayAPI, class, b.Objects.GatewayClasses.Get("", class) == nil).to(n, "")
	if row, known := b.Controller(class); known {
		b.byObject[diagnose.Object{APIVersion: gatewayAPI, Kind: "GatewayClass", Name: class}].detail(row.Title)
	}
	for _, a := range g.Status.Addresses {
		n.detail(a.Value)
	}
	for _, l := range b.ListenersOfGateway(g) {
		at := &Node{
			Kind: "listener", Name: string(l.Name), Details: []string{fmt.Sprintf("%s %d", l.Protocol, l.Port)}, layer: layerListener,
			object: diagnose.Object{APIVersion: gatewayAPI, Kind: l.Owner.Kind, Namespace: l.Owner.Namespace, Name: l.Owner.Name},
		}
		if host := l.HostOf(); host != "" {
			at.detail(host)
		}
		if l.Owner.Kind == "ListenerSet" {
			at.detail("of ListenerSet " + topology.Key{Namespace: l.Owner.Namespace, Name: l.Owner.Name}.String())
		}
		b.listenerFindings(at, n, l)
		b.listeners[listenerKey{l.Owner, l.Index}] = at
		b.nodes = append(b.nodes, at)
		n.edge(edge{to: at, broken: l.Left})
	}
}

// listenerFindings moves those about a listener from its Gateway to it. What is wrong with a
// ListenerSet as a whole stands at its first listener.
func (b *builder) listenerFindings(at, gateway *Node, l topology.OwnedListener) {
	field := fmt.Sprintf("spec.listeners[%d]", l.Index)
	mine := func(f diagnose.Finding) bool {
		rest, ok := strings.CutPrefix(f.Field, field)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[') || l.Owner.Kind == "ListenerSet" && l.Index == 0 && !strings.HasPrefix(f.Field, "spec.listeners[")
	}
	for _, f := range b.findings[at.object] {
		if mine(f) {
			at.Findings = append(at.Findings, f)
		}
	}
	if l.Owner.Kind == "ListenerSet" {
		b.told += len(at.Findings)
		return
	}
	gateway.Findings = slices.DeleteFunc(slices.Clone(gateway.Findings), mine)
}

func (b *builder) route(f *topology.Facts) {
	n := b.node(layerRoute, diagnose.Object{APIVersion: gatewayAPI, Kind: f.Ref.Kind, Namespace: f.Ref.Namespace, Name: f.Ref.Name})
	n.Details = slices.Clone(f.Hostnames)
	for i := range f.Attachments {
		a := &f.Attachments[i]
		refused := a.Accepted.State == topology.False
		for _, bound := range a.Bound {
			if at := b.listeners[listenerKey{topology.Ref{Kind: a.Kind, Namespace: a.Key.Namespace, Name: a.Key.Name}, bound.Index}]; at != nil {
				at.edge(edge{to: n, broken: refused})
			}
		}
		parent, looked := b.parent(a)
		switch {
		case parent == nil || len(a.Bound) > 0:
		case looked:
			parent.edge(edge{to: n, label: "not attached", broken: true})
		default:
			parent.to(n, "")
		}
	}
	for _, rule := range f.Rules {
		for _, backend := range rule.Backends {
			label := ""
			if len(rule.Backends) > 1 {
				label = fmt.Sprintf("weight %d", backend.Weight)
			}
			if !backend.IsService() {
				n.to(b.node(layerService, diagnose.Object{APIVersion: backend.Group, Kind: backend.Kind, Namespace: backend.Key.Namespace, Name: backend.Key.Name}), label)
				continue
			}
			n.edge(edge{to: b.service(backend.Key), label: label, broken: backend.Weight == 0})
		}
	}
}

// parent is the node of the Gateway that a parentRef means: one that was not seen is drawn
// as missing. Of parents of other kinds, such as a Service in a mesh, nobody looks.
func (b *builder) parent(a *topology.Attachment) (n *Node, looked bool) {
	if a.Gateway != nil {
		return b.byObject[diagnose.Object{APIVersion: gatewayAPI, Kind: "Gateway", Namespace: a.Gateway.Namespace, Name: a.Gateway.Name}], true
	}
	n = b.node(layerGateway, diagnose.Object{APIVersion: gatewayAPI, Kind: a.Kind, Namespace: a.Key.Namespace, Name: a.Key.Name})
	if a.Kind != "Gateway" && a.Kind != "ListenerSet" {
		n.detail("not looked at")
		return n, false
	}
	n.Missing = true
	return n, true
}

// service is the node of a Service, with what stands at it.
func (b *builder) service(key topology.Key) *Node {
	object := diagnose.Object{APIVersion: "v1", Kind: "Service", Namespace: key.Namespace, Name: key.Name}
	if n := b.byObject[object]; n != nil {
		return n
	}
	layer := layerService
	if key.Name == topology.Interceptor {
		layer = layerInterceptor
	}
	n := b.node(layer, object)
	service := b.Objects.Services.Get(key.Namespace, key.Name)
	if service == nil {
		n.Missing = true
		return n
	}
	if ready := b.Ready(key); ready != nil {
		pods := &Node{Kind: "endpoints", Name: fmt.Sprintf("%d ready", *ready), layer: layerPods, object: object}
		b.nodes = append(b.nodes, pods)
		n.to(pods, "")
	}
	if layer == layerInterceptor {
		b.intercepted(n)
		return n
	}
	scalers, monitors := b.around.Of(service)
	for _, k := range b.scalers[key] {
		scalers = append(scalers, k.Object)
	}
	for _, u := range append(scalers, monitors...) {
		n.to(b.node(layerPods, objectOf(u)), "")
	}
	return n
}

// intercepted are the Services behind KEDA's interceptor.
func (b *builder) intercepted(n *Node) {
	var keys []topology.Key
	for key, all := range b.scalers {
		if slices.ContainsFunc(all, func(k topology.Scaler) bool { return k.Reached }) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, c topology.Key) int {
		return cmp.Or(cmp.Compare(a.Namespace, c.Namespace), cmp.Compare(a.Name, c.Name))
	})
	for _, key := range keys {
		n.to(b.service(key), "")
	}
}

func objectOf(u *unstructured.Unstructured) diagnose.Object {
	return diagnose.Object{APIVersion: u.GetAPIVersion(), Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName()}
}

// roots are the nodes to which nothing leads, in the order of their layers and names.
func (b *builder) roots() []*Node {
	led := map[*Node]bool{}
	for _, n := range b.nodes {
		for _, e := range n.out {
			led[e.to] = true
		}
	}
	var out []*Node
	for _, n := range b.nodes {
		if !led[n] {
			out = append(out, n)
		}
	}
	slices.SortStableFunc(out, func(x, y *Node) int {
		return cmp.Or(cmp.Compare(x.layer, y.layer), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	return out
}
