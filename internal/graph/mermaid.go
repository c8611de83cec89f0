package graph

import (
	"fmt"
	"io"
	"strings"
)

// Mermaid writes the graph as a flowchart: https://mermaid.js.org/syntax/flowchart.html
func (g *Graph) Mermaid(w io.Writer) error {
	out := &strings.Builder{}
	out.WriteString("flowchart LR\n")
	all, number := g.numbered()
	for i, n := range all {
		lines := n.lines()
		for j := range lines {
			lines[j] = mermaidText(lines[j])
		}
		fmt.Fprintf(out, "  n%d[\"%s\"]\n", i, strings.Join(lines, "<br/>"))
	}
	for i, n := range all {
		for _, e := range n.out {
			fmt.Fprintf(out, "  n%d %s n%d\n", i, e.arrow(), number[e.to])
		}
	}
	for i, note := range g.Notes() {
		fmt.Fprintf(out, "  note%d[\"%s\"]\n", i, mermaidText(note))
	}
	mermaidClasses(out, all)
	_, err := io.WriteString(w, out.String())
	return err
}

// arrow of a flowchart.
func (e *edge) arrow() string {
	arrow := "-->"
	if e.broken {
		arrow = "-.->"
	}
	if e.label != "" {
		arrow += fmt.Sprintf("|\"%s\"|", mermaidText(e.label))
	}
	return arrow
}

// mermaidClasses mark what is wrong, and what was folded or not seen.
func mermaidClasses(out *strings.Builder, all []*Node) {
	classes := map[string][]string{}
	for i, n := range all {
		name := fmt.Sprintf("n%d", i)
		if s := string(n.Severity()); s != "" {
			classes[s] = append(classes[s], name)
		}
		if n.Folded > 0 || n.Missing {
			classes["dashed"] = append(classes["dashed"], name)
		}
	}
	for _, c := range []struct{ name, style string }{
		{"error", "stroke:#b42318,fill:#fef3f2,color:#1d2939"},
		{"warning", "stroke:#b54708,fill:#fffaeb,color:#1d2939"},
		{"info", "stroke:#175cd3,fill:#eff8ff,color:#1d2939"},
		{"dashed", "stroke-dasharray:4"},
	} {
		if len(classes[c.name]) > 0 {
			fmt.Fprintf(out, "  classDef %s %s\n  class %s %s\n", c.name, c.style, strings.Join(classes[c.name], ","), c.name)
		}
	}
}

// mermaidText stands between quotes: what could end them, or be taken for HTML, for
// Markdown or for an entity, is written as an entity code.
func mermaidText(s string) string {
	out := &strings.Builder{}
	for _, r := range printable(s) {
		switch {
		case r == '\n':
			out.WriteString("<br/>")
		case strings.ContainsRune("\"#<>&`*_;{}|\\", r):
			fmt.Fprintf(out, "#%d;", r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
