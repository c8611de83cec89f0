package explain

import (
	"fmt"
	"io"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/tree"
)

// width of a line of text: that of a terminal.
const width = 80

// Signs of hops: where the request stops, and where something is wrong that does not stop
// it.
const (
	stopSign = "✗ "
	warnSign = "! "
)

// Text writes the explanation for people: the request, its way as a tree, what becomes of
// it, and what is wrong on the way with what mends it.
func (e *Explanation) Text(w io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "%s %s\n", e.Request.Method, e.Request.URL)
	if len(e.Request.Headers) > 0 {
		paragraph(out, fmt.Sprintf("With the %s %s.", plural(len(e.Request.Headers), "header", "headers"), list(e.Request.Headers)))
	}
	if len(e.Request.Taken) > 0 {
		paragraph(out, fmt.Sprintf("Taken from %s: %s.", e.Object, list(e.Request.Taken)))
	}
	if err := e.tree().Write(out, width); err != nil {
		return err
	}
	out.WriteString("\n")
	paragraph(out, e.Summary)
	if err := e.findings(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// findings writes those on the way, and what could not be judged.
func (e *Explanation) findings(out *strings.Builder) error {
	report := diagnose.NewReport(e.Findings, e.Unseen)
	if len(e.Findings) == 0 {
		return report.NotJudged(out)
	}
	out.WriteString("\n")
	return report.Text(out)
}

// paragraph writes a text broken between words.
func paragraph(out *strings.Builder, s string) {
	for _, line := range tree.Wrap(s, width, true) {
		out.WriteString(line + "\n")
	}
}

func (e *Explanation) tree() *tree.Node {
	root := &tree.Node{}
	for _, h := range e.Hops {
		h.node(root)
	}
	for _, b := range e.Backends {
		at := root
		if len(e.Backends) > 1 {
			at = root.Add("%d %% of the requests (weight %d)", b.Share, b.Weight)
		}
		for _, h := range b.Hops {
			h.node(at)
		}
	}
	return root
}

// shownEndpoints is how many endpoints a tree lists.
const shownEndpoints = 4

func (h Hop) node(root *tree.Node) {
	sign := ""
	switch {
	case h.Stops != "":
		sign = stopSign
	case h.warns:
		sign = warnSign
	}
	n := root.Add("%s%s", sign, h.Text)
	for _, line := range h.Details {
		n.Add("%s", line)
	}
	for _, p := range h.PassedOver {
		n.Add("not %s: %s", p.What, p.Why)
	}
	for i, ep := range h.Endpoints {
		if i == shownEndpoints {
			n.Add("and %d more", len(h.Endpoints)-i)
			break
		}
		n.Add("%s", endpointWords(ep.Pod, ep.Address, ep.Port, ep.Ready))
	}
	for _, check := range h.Checks {
		if check != h.check {
			n.Add("%s: see below", check)
		}
	}
	switch {
	case h.check != "":
		n.Add("stops here, %s: see below", h.check)
	case h.Stops != "":
		n.Add("stops here: %s", h.Stops)
	}
}

func endpointWords(pod, address string, port int32, ready bool) string {
	if port != 0 {
		address = fmt.Sprintf("%s:%d", bracketed(address), port)
	}
	if pod != "" {
		address = fmt.Sprintf("pod %q at %s", pod, address)
	}
	if !ready {
		address += ", not ready"
	}
	return address
}

// bracketed is an address as it stands before a port.
func bracketed(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

// list names several things in a sentence.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
