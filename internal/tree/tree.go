// Package tree writes trees for people, as on a terminal.
package tree

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Node is a line of a tree, with what hangs on it.
type Node struct {
	Text  string
	Nodes []*Node
}

// Add hangs a line on a node.
func (n *Node) Add(format string, args ...any) *Node {
	child := &Node{Text: fmt.Sprintf(format, args...)}
	n.Nodes = append(n.Nodes, child)
	return child
}

// Write writes what hangs on a node, without its own text. Lines are broken between words
// so that they have at most width characters; 0 breaks none.
func (n *Node) Write(w io.Writer, width int) error { return n.write(w, width, "") }

func (n *Node) write(w io.Writer, width int, prefix string) error {
	for i, child := range n.Nodes {
		branch, stem := "├─ ", "│  "
		if i == len(n.Nodes)-1 {
			branch, stem = "└─ ", "   "
		}
		// What goes on is indented, and the line to what hangs below is not interrupted.
		more := prefix + stem + "  "
		if len(child.Nodes) > 0 {
			more = prefix + stem + "│ "
		}
		for j, part := range Wrap(child.Text, width-utf8.RuneCountInString(more), width > 0) {
			begin := more
			if j == 0 {
				begin = prefix + branch
			}
			if _, err := fmt.Fprintln(w, strings.TrimRight(begin+part, " ")); err != nil {
				return err
			}
		}
		if err := child.write(w, width, prefix+stem); err != nil {
			return err
		}
	}
	return nil
}

// Wrap breaks a text between words into lines of at most width characters, where it is to
// be broken. A word that is longer stays whole.
func Wrap(text string, width int, broken bool) []string {
	if !broken {
		return []string{text}
	}
	var out []string
	current := ""
	for word := range strings.FieldsSeq(text) {
		if current != "" && utf8.RuneCountInString(current)+1+utf8.RuneCountInString(word) > width {
			out = append(out, current)
			current = ""
		}
		if current != "" {
			current += " "
		}
		current += word
	}
	return append(out, current)
}
