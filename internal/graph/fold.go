package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
)

// fold takes away as many nodes as it must so that at most some rows are drawn, and says so:
// of the routes behind a listener, and then of the Gateways of a class, those without
// findings first. 0 is no limit.
func (g *Graph) fold(most int) {
	if most <= 0 || g.rows() <= most {
		return
	}
	full := g.count()
	for _, kept := range []int{16, 8, 4, 2, 1, 0} {
		if g.rows() > most {
			g.foldLayer(layerRoute, kept, diagnose.Error)
		}
	}
	if g.rows() > most {
		g.foldLayer(layerRoute, 0, "")
	}
	for kept := most; g.rows() > most && kept > 0; kept /= 2 {
		g.foldLayer(layerGateway, kept, "")
	}
	left := g.count()
	var words []string
	for _, layer := range []int{layerGateway, layerRoute} {
		if gone := full[layer] - left[layer]; gone > 0 {
			words = append(words, fmt.Sprintf("%d of %d %s", gone, full[layer], []string{layerGateway: "Gateways", layerRoute: "routes"}[layer]))
		}
	}
	if len(words) > 0 {
		g.folded = "Folded to fit: " + strings.Join(words, " and ") + ". Choose with --namespace or by gateway/NAME or route/NAME, or draw more with --rows."
	}
}

// count says how many nodes of each layer are drawn by themselves.
func (g *Graph) count() [layers]int {
	var out [layers]int
	g.each(func(n *Node) {
		if n.Folded == 0 {
			out[n.layer]++
		}
	})
	return out
}

// rows is how many leaves the drawing has: so many lines stand below each other.
func (g *Graph) rows() int {
	out := 0
	seen := map[*Node]bool{}
	for _, root := range g.roots {
		out += root.leaves(seen)
	}
	return out
}

func (n *Node) leaves(seen map[*Node]bool) int {
	seen[n] = true
	out := 0
	for _, e := range n.out {
		if !seen[e.to] {
			out += e.to.leaves(seen)
		}
	}
	return max(1, out)
}

// foldLayer keeps at most some of the nodes of a layer behind each node, and beside them
// those with findings of a severity.
func (g *Graph) foldLayer(layer, kept int, spared diagnose.Severity) {
	folds := map[*Node]bool{}
	var parents []*Node
	g.each(func(n *Node) { parents = append(parents, n) })
	for _, n := range parents {
		var there []*Node
		for _, e := range n.out {
			if e.to.layer == layer {
				there = append(there, e.to)
			}
		}
		for _, n := range tooMany(there, kept, spared) {
			folds[n] = true
		}
	}
	into := folding{folds: folds, nodes: map[string]*Node{}, number: map[*Node]int{}}
	for i, n := range parents {
		into.number[n] = i
	}
	for _, n := range parents {
		n.out = into.fold(n.out)
	}
	top := make([]*edge, 0, len(g.roots))
	var there []*Node
	for _, n := range g.roots {
		top = append(top, &edge{to: n})
		if n.layer == layer {
			there = append(there, n)
		}
	}
	clear(folds)
	for _, n := range tooMany(there, kept, spared) {
		folds[n] = true
	}
	g.roots = nil
	for _, e := range into.fold(top) {
		g.roots = append(g.roots, e.to)
	}
}

// tooMany are the nodes beyond those that are kept: the worst are kept, and with a severity
// all that have it. One alone is no smaller when it is folded.
func tooMany(all []*Node, kept int, spared diagnose.Severity) []*Node {
	weights := map[*Node]int{}
	for _, n := range all {
		weights[n] = weight(n)
	}
	slices.SortStableFunc(all, func(a, b *Node) int { return cmp.Compare(weights[b], weights[a]) })
	bad := 0
	for _, n := range all {
		if spared != "" && weights[n] >= rank(spared) {
			bad++
		}
	}
	kept = max(kept, bad)
	if len(all)-kept < 2 {
		return nil
	}
	return all[kept:]
}

// weight is larger for what has to be seen first. What is folded already comes last.
func weight(n *Node) int {
	if n.Folded > 0 {
		return -1
	}
	return rank(worstBelow(n))
}

// rank is larger for what is worse; 0 for nothing.
func rank(s diagnose.Severity) int {
	return map[diagnose.Severity]int{diagnose.Error: 3, diagnose.Warning: 2, diagnose.Info: 1}[s]
}

// worstBelow is the worst severity of a node and what it leads to.
func worstBelow(n *Node) diagnose.Severity {
	seen := map[*Node]bool{}
	var all []diagnose.Finding
	n.visit(func(n *Node) bool {
		if seen[n] {
			return false
		}
		seen[n] = true
		all = append(all, n.Findings...)
		return true
	})
	return diagnose.Worst(all)
}

// folding puts one node in the place of several.
type folding struct {
	// folds are those that go.
	folds map[*Node]bool
	// nodes are those that stand for others, by the numbers of these: two listeners with the
	// same routes lead to the same one.
	nodes  map[string]*Node
	number map[*Node]int
}

// fold puts one edge in the place of those to what goes.
func (f folding) fold(out []*edge) []*edge {
	var left []*edge
	var gone []*Node
	key := &strings.Builder{}
	for _, e := range out {
		if !f.folds[e.to] {
			left = append(left, e)
			continue
		}
		gone = append(gone, e.to)
		key.WriteString(strconv.Itoa(f.number[e.to]) + " ")
	}
	if len(gone) == 0 {
		return out
	}
	if f.nodes[key.String()] == nil {
		f.nodes[key.String()] = standIn(gone, len(left) > 0)
	}
	return append(left, &edge{to: f.nodes[key.String()]})
}

// standIn is the node in the place of some, beside others or not.
func standIn(gone []*Node, beside bool) *Node {
	in := &Node{Kind: "folded", layer: gone[0].layer}
	seen := map[*Node]bool{}
	for _, n := range gone {
		in.Folded += max(1, n.Folded)
		in.routes += n.routes
		if in.faulty += n.faulty; n.Folded == 0 && weight(n) == rank(diagnose.Error) {
			in.faulty++
		}
		n.visit(func(x *Node) bool {
			if seen[x] {
				return false
			}
			seen[x] = true
			in.Findings = append(in.Findings, x.Findings...)
			if x.layer == layerRoute && n.layer != layerRoute {
				in.routes += max(1, x.Folded)
			}
			return true
		})
	}
	slices.SortStableFunc(in.Findings, func(a, b diagnose.Finding) int { return cmp.Compare(rank(b.Severity), rank(a.Severity)) })
	what := map[int]string{layerGateway: "Gateways", layerRoute: "routes"}[in.layer]
	in.Name = fmt.Sprintf("%d %s", in.Folded, what)
	if beside {
		in.Name = fmt.Sprintf("%d more %s", in.Folded, what)
	}
	if in.routes > 0 {
		in.detail(fmt.Sprintf("with %d routes", in.routes))
	}
	if in.faulty > 0 {
		in.detail(fmt.Sprintf("%d with errors", in.faulty))
	}
	return in
}
