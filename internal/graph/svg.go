package graph

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/tree"
)

// colours of a box.
type colours struct{ line, fill string }

// colours mark what is wrong; a sign does so, too, for those who do not see them.
func (n *Node) colours() colours {
	switch n.Severity() {
	case diagnose.Error:
		return colours{"#b42318", "#fef3f2"}
	case diagnose.Warning:
		return colours{"#b54708", "#fffaeb"}
	case diagnose.Info:
		return colours{"#175cd3", "#eff8ff"}
	}
	return colours{"#98a2b3", "#ffffff"}
}

const svgStyle = `  <style>
    text { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 12px; fill: #1d2939; }
    .kind { fill: #667085; font-size: 11px; }
    .name { font-weight: bold; }
    .head { fill: #667085; font-weight: bold; }
    .wire { fill: none; stroke: #98a2b3; stroke-width: 1.2; }
    .broken { stroke: #b42318; stroke-dasharray: 5 4; }
    .label { font-size: 10px; fill: #475467; stroke: #ffffff; stroke-width: 3px; paint-order: stroke; }
  </style>
`

// SVG draws the graph as a picture by itself, dark on white: columns from outside to the
// pods. Names that are too long are cut; the whole of a node is its title, which browsers
// show.
func (g *Graph) SVG(w io.Writer) error {
	l := g.place()
	var notes []string
	for _, note := range g.Notes() {
		notes = append(notes, tree.Wrap(note, int((l.width-2*margin)/letter), true)...)
	}
	legend := g.legend()
	height := l.height + float64(len(notes)+len(legend))*lineHeight + margin
	out := &strings.Builder{}
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img">`+"\n",
		pixels(l.width), pixels(height), pixels(l.width), pixels(height))
	out.WriteString("  <title>The way into the cluster</title>\n" + svgStyle)
	fmt.Fprintf(out, `  <rect width="%s" height="%s" fill="#ffffff"/>`+"\n", pixels(l.width), pixels(height))
	for _, c := range l.columns {
		fmt.Fprintf(out, `  <text class="head" x="%s" y="%d">%s</text>`+"\n", pixels(c.x), margin+fontSize, escaped(c.name))
	}
	for _, wire := range l.wires {
		wire.write(out)
	}
	for _, b := range l.boxes {
		b.write(out)
	}
	for _, wire := range l.wires {
		wire.writeLabel(out)
	}
	y := l.height
	for _, line := range append(legend, notes...) {
		y += lineHeight
		fmt.Fprintf(out, `  <text class="kind" x="%d" y="%s">%s</text>`+"\n", margin, pixels(y), escaped(line))
	}
	out.WriteString("</svg>\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// legend explains the signs that the picture has.
func (g *Graph) legend() []string {
	signs := map[string]bool{}
	g.each(func(n *Node) { signs[n.sign()] = true })
	var words []string
	for _, s := range []struct{ sign, means string }{{"✗", "error"}, {"!", "warning"}, {"i", "note"}} {
		if signs[s.sign] {
			words = append(words, s.sign+" "+s.means)
		}
	}
	if len(words) == 0 {
		return nil
	}
	return []string{strings.Join(words, "   ")}
}

func (b *box) write(out *strings.Builder) {
	c := b.colours()
	dash, thick := "", "1"
	if b.Folded > 0 || b.Missing {
		dash = ` stroke-dasharray="5 4"`
	}
	if len(b.Findings) > 0 {
		thick = "2"
	}
	out.WriteString("  <g>\n")
	fmt.Fprintf(out, "    <title>%s</title>\n", escaped(b.whole()))
	fmt.Fprintf(out, `    <rect x="%s" y="%s" width="%s" height="%s" rx="5" fill="%s" stroke="%s" stroke-width="%s"%s/>`+"\n",
		pixels(b.x), pixels(b.y), pixels(b.width), pixels(b.height), c.fill, c.line, thick, dash)
	for i, line := range b.text {
		class := ""
		switch {
		case i == 0 && b.sign() != "":
			class = fmt.Sprintf(` class="name" style="fill: %s"`, c.line)
		case i == 0:
			class = ` class="kind"`
		case i == 1:
			class = ` class="name"`
		}
		fmt.Fprintf(out, `    <text%s x="%s" y="%s">%s</text>`+"\n", class, pixels(b.x+padding), pixels(b.y+padding+fontSize-3+float64(i)*lineHeight), escaped(line))
	}
	out.WriteString("  </g>\n")
}

// mostFindings is how many a title tells.
const mostFindings = 10

// whole says everything of a node, for its title.
func (n *Node) whole() string {
	out := append([]string{n.title()}, n.Details...)
	for i, f := range n.Findings {
		if i == mostFindings {
			out = append(out, fmt.Sprintf("and %d more", len(n.Findings)-i))
			break
		}
		out = append(out, fmt.Sprintf("%s %s: %s", f.Severity, f.Check, f.Problem))
	}
	return strings.Join(out, "\n")
}

// write draws a wire from the right of one box to the left of another. Where there are
// columns between them it runs straight through these, on the rows of the one that has them
// for itself, so that it passes behind no other box; the rest of the way is a curve in the
// gap between two columns.
func (w wire) write(out *strings.Builder) {
	class := "wire"
	if w.broken {
		class += " broken"
	}
	x1, y1, x2, y2 := w.from.x+w.from.width, w.from.middle(), w.to.x, w.to.middle()
	if far := x2 - x1 - columnGap; far > 0 && !w.beside {
		fmt.Fprintf(out, `  <path class="%s" d="M %s %s H %s %s"/>`+"\n", class, pixels(x1), pixels(y1), pixels(x2-columnGap), curve(x2-columnGap, y1, x2, y2))
		return
	}
	bend := min(x1+columnGap, max(x2, x1))
	if x2 <= x1 { // to the same column, or one before: around
		bend = x2
	}
	fmt.Fprintf(out, `  <path class="%s" d="M %s %s %s H %s"/>`+"\n", class, pixels(x1), pixels(y1), curve(x1, y1, bend, y2), pixels(x2))
}

// curve is that of a path from one place to another.
func curve(x1, y1, x2, y2 float64) string {
	bend := max((x2-x1)/2, columnGap/2)
	return fmt.Sprintf("C %s %s, %s %s, %s %s", pixels(x1+bend), pixels(y1), pixels(x2-bend), pixels(y2), pixels(x2), pixels(y2))
}

func (w wire) writeLabel(out *strings.Builder) {
	if w.label == "" {
		return
	}
	fmt.Fprintf(out, `  <text class="label" text-anchor="end" x="%s" y="%s">%s</text>`+"\n", pixels(w.to.x-4), pixels(w.to.middle()-4), escaped(w.label))
}

// pixels has one decimal, as nobody sees more.
func pixels(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }

// escaped is a text of XML.
func escaped(s string) string {
	out := &strings.Builder{}
	_ = xml.EscapeText(out, []byte(printable(s))) // a Builder never fails
	return out.String()
}
