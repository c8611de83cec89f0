// Package graph draws the way into a cluster: classes, Gateways, listeners, routes and
// Ingresses, Services, and what stands at these, with what package diagnose found marked on
// the objects. It is pure: the same snapshot and options give the same bytes.
package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// ErrInput is wrapped by errors about what was asked, rather than about this program.
var ErrInput = errors.New("wrong input")

// Layers of a drawing, from outside to the pods.
const (
	layerClass = iota
	layerGateway
	layerListener
	layerRoute
	layerInterceptor
	layerService
	layerPods
	layers
)

// layerNames are the headings of the layers.
var layerNames = [layers]string{"classes", "Gateways", "listeners", "routes and Ingresses", "interceptor", "Services", "endpoints, scaling, monitoring"}

// Node is an object, a listener of one, or what was folded.
type Node struct {
	// Kind, such as Gateway, and Name, with the namespace.
	Kind, Name string
	// Details, in a few words each.
	Details []string
	// Findings on it, the worst first.
	Findings []diagnose.Finding
	// Missing says that it is referred to, but was not seen.
	Missing bool
	// Folded is how many it stands for, where that is more than itself.
	Folded int

	object diagnose.Object
	layer  int
	// routes are those behind what was folded, and faulty those of what was folded that have
	// an error, or lead to one.
	routes, faulty int
	out            []*edge
}

// edge to another node.
type edge struct {
	to *Node
	// label of it; may be empty.
	label string
	// broken says that no requests go this way.
	broken bool
}

// Graph is what is drawn.
type Graph struct {
	roots []*Node
	// elsewhere counts findings on objects that are not drawn.
	elsewhere int
	// folded says what was folded; empty if nothing was.
	folded string
}

// Options say what is drawn.
type Options struct {
	// Namespace limits the drawing to what is in it, and to what leads there and from there;
	// empty for all.
	Namespace string
	// Target limits it to one object, as KIND/NAME, in the same way; empty for all.
	Target string
	// Most rows that are drawn: beyond, routes and Gateways are folded, those without
	// findings first; 0 for no limit.
	Most int
}

// New draws a snapshot. The findings are those of diagnose for all of it. Errors wrap
// ErrInput.
func New(s *topology.Snapshot, findings []diagnose.Finding, o Options) (*Graph, error) {
	b := newBuilder(s, findings)
	b.build()
	g := &Graph{roots: b.roots(), elsewhere: b.elsewhere()}
	keep, limited, err := o.selection(b.nodes)
	if err != nil {
		return nil, err
	}
	if limited {
		g.only(keep)
	}
	g.fold(o.Most)
	return g, nil
}

// Notes say what the drawing does not show; none if it shows everything.
func (g *Graph) Notes() []string {
	var out []string
	if g.folded != "" {
		out = append(out, g.folded)
	}
	if g.elsewhere > 0 {
		out = append(out, fmt.Sprintf("%d more %s on objects that are not drawn: gatehouse diagnose lists them.", g.elsewhere, plural(g.elsewhere, "finding", "findings")))
	}
	return out
}

// Severity is the worst of the findings; empty if there are none.
func (n *Node) Severity() diagnose.Severity { return diagnose.Worst(n.Findings) }

// sign marks a node by more than a colour; empty if nothing is wrong.
func (n *Node) sign() string {
	return map[diagnose.Severity]string{diagnose.Error: "✗", diagnose.Warning: "!", diagnose.Info: "i"}[n.Severity()]
}

// checks are the ids of the findings, each once.
func (n *Node) checks() []string {
	var out []string
	for _, f := range n.Findings {
		if !slices.Contains(out, f.Check) {
			out = append(out, f.Check)
		}
	}
	return out
}

// title is kind and name.
func (n *Node) title() string { return strings.TrimSpace(n.Kind + " " + n.Name) }

// visit goes to a node and what it leads to, as long as it is told to go on.
func (n *Node) visit(tell func(*Node) bool) {
	if !tell(n) {
		return
	}
	for _, e := range n.out {
		e.to.visit(tell)
	}
}

// keep takes away the nodes that are not wanted, and the edges to them.
func (g *Graph) keep(wanted func(*Node) bool) {
	g.roots = slices.DeleteFunc(g.roots, func(n *Node) bool { return !wanted(n) })
	g.each(func(n *Node) { n.out = slices.DeleteFunc(n.out, func(e *edge) bool { return !wanted(e.to) }) })
}

// each visits every node once, in the order of the drawing.
func (g *Graph) each(tell func(*Node)) {
	seen := map[*Node]bool{}
	for _, root := range g.roots {
		root.visit(func(n *Node) bool {
			if seen[n] {
				return false
			}
			seen[n] = true
			tell(n)
			return true
		})
	}
}

// numbered are all nodes, and the number of each.
func (g *Graph) numbered() (all []*Node, number map[*Node]int) {
	number = map[*Node]int{}
	g.each(func(n *Node) {
		number[n] = len(all)
		all = append(all, n)
	})
	return all, number
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
