package graph

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Sizes in pixels. The font has letters of one width, so that a text can be measured
// without the font: 0.6 of its size, as DejaVu Sans Mono and its like have it.
const (
	fontSize    = 12
	letter      = 7.25
	lineHeight  = 15
	padding     = 9
	rowGap      = 8
	columnGap   = 66 // a label such as "weight 100" fits into it
	margin      = 20
	headHeight  = 34
	mostLetters = 34
	mostDetails = 3
	// screen is what one sees at a time: a node stands no further below the first one that
	// hangs on it than half of that.
	screen = 900
)

// box is where a node is drawn.
type box struct {
	*Node

	x, y, width, height float64
	// text are its lines as they are drawn, cut where they are too long.
	text []string
	// hanging are those that were put beside it, as it is the first that leads to them.
	hanging []*box
}

// wire is an edge between two boxes.
type wire struct {
	from, to *box
	label    string
	broken   bool
	// beside says that to was put beside from, and has its rows for itself.
	beside bool
}

// layout is a graph with places.
type layout struct {
	boxes []*box
	wires []wire
	// columns are the headings and where they begin.
	columns       []column
	width, height float64
}

type column struct {
	x    float64
	name string
}

// place puts each node into the column of its layer, and beside what leads to it: a node
// stands in the middle of those that hang on it, and no two overlap, as each branch has its
// rows for itself. What several lead to hangs on the first of them.
func (g *Graph) place() *layout {
	l := &layout{}
	byNode := map[*Node]*box{}
	widths := [layers]float64{}
	g.each(func(n *Node) {
		b := &box{Node: n, text: n.drawn()}
		for _, line := range b.text {
			b.width = max(b.width, float64(utf8.RuneCountInString(line))*letter+2*padding)
		}
		b.height = float64(len(b.text))*lineHeight + 2*padding - 4
		widths[n.layer] = max(widths[n.layer], b.width)
		byNode[n] = b
		l.boxes = append(l.boxes, b)
	})
	x := float64(margin)
	at := [layers]float64{}
	for layer, w := range widths {
		if w == 0 {
			continue
		}
		w = max(w, float64(utf8.RuneCountInString(layerNames[layer]))*letter)
		at[layer] = x
		widths[layer] = w
		l.columns = append(l.columns, column{x, layerNames[layer]})
		x += w + columnGap
	}
	for _, b := range l.boxes {
		b.x, b.width = at[b.layer], widths[b.layer]
		for _, e := range b.out {
			l.wires = append(l.wires, wire{from: b, to: byNode[e.to], label: e.label, broken: e.broken})
		}
	}
	y := float64(margin + headHeight)
	done := map[*Node]bool{}
	for _, root := range g.roots {
		y = root.stack(y, byNode, done)
	}
	for i, wire := range l.wires {
		l.wires[i].beside = slices.Contains(wire.from.hanging, wire.to)
	}
	l.width, l.height = max(x-columnGap+margin, 640), y+margin
	return l
}

// stack puts a node and what hangs on it below y, and returns where the next one goes.
func (n *Node) stack(y float64, byNode map[*Node]*box, done map[*Node]bool) float64 {
	done[n] = true
	b := byNode[n]
	end := y
	for _, e := range n.out {
		if done[e.to] {
			continue
		}
		b.hanging = append(b.hanging, byNode[e.to])
		end = e.to.stack(end, byNode, done)
	}
	hanging := b.hanging
	b.y = y
	if len(hanging) == 0 {
		return max(end, b.y+b.height+rowGap)
	}
	middle := (hanging[0].middle() + hanging[len(hanging)-1].middle()) / 2
	b.y = max(y, min(middle-b.height/2, y+screen/2))
	// A node that is taller than what hangs on it moves that to its middle.
	if down := b.middle() - middle; down > 0 {
		for _, h := range hanging {
			h.down(down)
		}
		end += down
	}
	return max(end, b.y+b.height+rowGap)
}

// down moves a box and all that was put beside it.
func (b *box) down(by float64) {
	b.y += by
	for _, h := range b.hanging {
		h.down(by)
	}
}

func (b *box) middle() float64 { return b.y + b.height/2 }

// drawn are the lines of a box: the kind, the name, and some of the rest.
func (n *Node) drawn() []string {
	lines := n.lines()
	if len(lines) > 2+mostDetails {
		lines = append(lines[:1+mostDetails:1+mostDetails], "and more")
	}
	out := make([]string, 0, len(lines))
	for _, line := range lines {
		out = append(out, shorten(line, mostLetters))
	}
	return out
}

// shorten cuts the middle out of a text that is too long: names differ at both ends.
func shorten(s string, most int) string {
	letters := []rune(strings.Join(strings.Fields(printable(s)), " "))
	if len(letters) <= most {
		return string(letters)
	}
	tail := most / 2
	return string(letters[:most-tail-1]) + "…" + string(letters[len(letters)-tail:])
}
