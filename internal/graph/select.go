package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// selection are the nodes that a person asked for; limited is false for all.
func (o Options) selection(nodes []*Node) (keep []*Node, limited bool, err error) {
	if o.Target == "" && o.Namespace == "" {
		return nil, false, nil
	}
	kind, name, ok := strings.Cut(o.Target, "/")
	if o.Target != "" && (!ok || name == "" || !isKind(kind)) {
		return nil, false, fmt.Errorf("%w: cannot read %q: it has to be gateway/NAME, route/NAME, ingress/NAME or service/NAME", ErrInput, o.Target)
	}
	for _, n := range nodes {
		if (o.Namespace == "" || n.object.Namespace == o.Namespace) && (o.Target == "" || n.is(kind, name)) {
			keep = append(keep, n)
		}
	}
	if len(keep) == 0 {
		return nil, false, o.notFound()
	}
	return keep, true, nil
}

func (o Options) notFound() error {
	what, where := "anything to draw", ""
	if o.Target != "" {
		what = strconv.Quote(o.Target)
	}
	if o.Namespace != "" {
		where = fmt.Sprintf(" in namespace %q", o.Namespace)
	}
	return fmt.Errorf("%w: cannot find %s%s", ErrInput, what, where)
}

// is says that a node is the object that a person named, not something of it.
func (n *Node) is(kind, name string) bool {
	return ofKind(n.object.Kind, kind) && n.object.Name == name && n.layer != layerListener && n.layer != layerPods
}

func isKind(s string) bool {
	return slices.Contains([]string{"gateway", "route", "httproute", "grpcroute", "ingress", "service"}, strings.ToLower(s))
}

// ofKind says that an object is of the kind that a person wrote.
func ofKind(kind, written string) bool {
	return strings.EqualFold(kind, written) || strings.EqualFold(written, "route") && (kind == "HTTPRoute" || kind == "GRPCRoute")
}

// only keeps some nodes, what leads to them, and what they lead to.
func (g *Graph) only(some []*Node) {
	kept := map[*Node]bool{}
	for _, n := range some {
		n.visit(func(n *Node) bool {
			was := kept[n]
			kept[n] = true
			return !was
		})
	}
	leads := map[*Node]bool{}
	var leadsTo func(n *Node) bool
	leadsTo = func(n *Node) bool {
		if known, done := leads[n]; done {
			return known
		}
		leads[n] = false // while it is being looked at, for drawings with circles
		found := slices.Contains(some, n)
		for _, e := range n.out {
			found = leadsTo(e.to) || found
		}
		leads[n] = found
		return found
	}
	for _, n := range g.roots {
		leadsTo(n)
	}
	g.keep(func(n *Node) bool { return kept[n] || leads[n] })
}
