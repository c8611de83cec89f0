package graph

import (
	"fmt"
	"io"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/tree"
)

// width of a line of text: that of a terminal.
const width = 80

// Tree writes the graph for people. What several lead to stands below the first of them.
func (g *Graph) Tree(w io.Writer) error {
	root := &tree.Node{}
	seen := map[*Node]bool{}
	for _, n := range g.roots {
		n.hang(root, nil, seen)
	}
	if err := root.Write(w, width); err != nil {
		return err
	}
	for i, note := range g.Notes() {
		if i == 0 {
			note = "\n" + note
		}
		if err := paragraph(w, note); err != nil {
			return err
		}
	}
	return nil
}

func paragraph(w io.Writer, s string) error {
	lines := strings.Join(tree.Wrap(strings.TrimPrefix(s, "\n"), width, true), "\n")
	if strings.HasPrefix(s, "\n") {
		lines = "\n" + lines
	}
	_, err := fmt.Fprintln(w, lines)
	return err
}

func (n *Node) hang(parent *tree.Node, by *edge, seen map[*Node]bool) {
	text := strings.TrimSpace(n.sign() + " " + n.title())
	if details := n.described(by); details != "" {
		text += "  " + details
	}
	if seen[n] && (len(n.out) > 0 || n.Folded > 0) {
		parent.Add("%s, as above", text)
		return
	}
	if checks := n.checks(); len(checks) > 0 && !seen[n] {
		text += ": " + strings.Join(checks, ", ")
	}
	seen[n] = true
	at := parent.Add("%s", text)
	for _, e := range n.out {
		e.to.hang(at, e, seen)
	}
}

// described are the details of a node, and of the edge to it.
func (n *Node) described(by *edge) string {
	words := append([]string{}, n.Details...)
	if by != nil && by.label != "" {
		words = append(words, by.label)
	}
	if by != nil && by.broken && by.label == "" {
		words = append(words, "gets no requests")
	}
	if n.Missing {
		words = append(words, "not seen")
	}
	if len(words) == 0 {
		return ""
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// lines are those of a node in a picture, from the kind down.
func (n *Node) lines() []string {
	head := n.Kind
	if sign := n.sign(); sign != "" {
		head = sign + " " + head
	}
	out := []string{head, n.Name}
	out = append(out, n.Details...)
	if n.Missing {
		out = append(out, "not seen")
	}
	return append(out, n.checks()...)
}

// Dot writes the graph in the language of Graphviz: https://graphviz.org/doc/info/lang.html
func (g *Graph) Dot(w io.Writer) error {
	out := &strings.Builder{}
	out.WriteString("digraph gatehouse {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\", fontsize=10];\n")
	out.WriteString("  edge [color=\"#667085\", fontname=\"sans-serif\", fontsize=9];\n")
	if notes := g.Notes(); len(notes) > 0 {
		fmt.Fprintf(out, "  label=%s;\n", dotQuote(strings.Join(notes, "\n")))
	}
	all, number := g.numbered()
	for i, n := range all {
		c := n.colours()
		style := ""
		if n.Folded > 0 || n.Missing {
			style = `, style="rounded,filled,dashed"`
		}
		fmt.Fprintf(out, "  n%d [label=%s, color=%q, fillcolor=%q%s];\n", i, dotQuote(strings.Join(n.lines(), "\n")), c.line, c.fill, style)
	}
	for i, n := range all {
		for _, e := range n.out {
			var attributes []string
			if e.label != "" {
				attributes = append(attributes, "label="+dotQuote(e.label))
			}
			if e.broken {
				attributes = append(attributes, "style=dashed", `color="#b42318"`)
			}
			fmt.Fprintf(out, "  n%d -> n%d%s;\n", i, number[e.to], bracketed(attributes))
		}
	}
	out.WriteString("}\n")
	_, err := io.WriteString(w, out.String())
	return err
}

func bracketed(attributes []string) string {
	if len(attributes) == 0 {
		return ""
	}
	return " [" + strings.Join(attributes, ", ") + "]"
}

// dotQuote is a quoted text of the language: a backslash begins an escape there, and a line
// ends with \n.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(printable(s)) + `"`
}

// printable is a text without control characters but line breaks, and in UTF-8.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}
