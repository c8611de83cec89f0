package diagnose

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// APIVersion and ReportKind of a report. The version changes when a field goes or changes
// its meaning; fields are added without that.
const (
	APIVersion = "diagnose.devopstoolkit.ai/v1"
	ReportKind = "Report"
)

// Report is what a diagnosis found, as gatehouse diagnose -o json writes it.
type Report struct {
	APIVersion string  `json:"apiVersion"`
	Kind       string  `json:"kind"`
	Summary    Summary `json:"summary"`
	// Findings by object, those with the worst finding first.
	Findings []Finding `json:"findings"`
	// Unseen are the kinds that could not be judged: something may be missing here.
	Unseen []topology.Unseen `json:"unseen,omitempty"`
}

// Summary counts findings.
type Summary struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
}

// NewReport puts findings together with what could not be seen. Kinds that are not
// installed are no gap.
func NewReport(findings []Finding, unseen []topology.Unseen) Report {
	out := Report{APIVersion: APIVersion, Kind: ReportKind, Findings: findings}
	if out.Findings == nil {
		out.Findings = []Finding{}
	}
	for _, f := range findings {
		switch f.Severity {
		case Error:
			out.Summary.Errors++
		case Warning:
			out.Summary.Warnings++
		case Info:
			out.Summary.Infos++
		}
	}
	for _, u := range unseen {
		if u.Reason != topology.NotInstalled {
			out.Unseen = append(out.Unseen, u)
		}
	}
	return out
}

// JSON writes the report.
func (r Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// width of a line of text: that of a terminal.
const width = 80

// Text writes the report for people: by object, the worst first, each finding with its
// fix. Commands stand at the beginning of the line, so that they can be copied.
func (r Report) Text(w io.Writer) error {
	p := &printer{w: w}
	last := Object{}
	for i, f := range r.Findings {
		if i > 0 {
			p.line("")
		}
		if f.Object != last {
			p.line(f.Object.String())
			last = f.Object
		}
		p.line(strings.TrimRight(fmt.Sprintf("  %s %s %s", strings.ToUpper(string(f.Severity)), f.Check, f.Field), " "))
		p.wrap("    ", f.Problem)
		p.wrap("    ", f.Why)
		p.wrap("    Fix: ", f.Fix.Summary)
		for _, a := range f.Fix.Actions {
			p.line(strings.TrimRight(a.Command, "\n"))
		}
	}
	if len(r.Findings) > 0 {
		p.line("")
	}
	p.wrap("", r.Summary.String())
	p.unseen(r.Unseen)
	return p.err
}

// NotJudged writes for people which kinds could not be judged, and why; nothing if all were.
func (r Report) NotJudged(w io.Writer) error {
	p := &printer{w: w}
	p.unseen(r.Unseen)
	return p.err
}

// String counts in words.
func (s Summary) String() string {
	if s == (Summary{}) {
		return "Nothing is wrong."
	}
	var parts []string
	for _, c := range []struct {
		n    int
		name string
	}{{s.Errors, "error"}, {s.Warnings, "warning"}, {s.Infos, "note"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, plural(c.n, c.name, c.name+"s")))
		}
	}
	return strings.Join(parts, ", ") + "."
}

// printer remembers the first failure to write.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(s string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, s)
	}
}

// wrap breaks a text between words; lines behind the first are indented like it.
func (p *printer) wrap(prefix, s string) {
	line, indent := prefix, strings.Repeat(" ", len(prefix)-len(strings.TrimLeft(prefix, " ")))
	empty := true
	for word := range strings.FieldsSeq(s) {
		if !empty && len(line)+1+len(word) > width {
			p.line(line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	p.line(line)
}

// unseen says which kinds were not judged, by the reason.
func (p *printer) unseen(all []topology.Unseen) {
	var reasons []string
	kinds := map[string][]string{}
	for _, u := range all {
		if kinds[u.Reason] == nil {
			reasons = append(reasons, u.Reason)
		}
		kinds[u.Reason] = append(kinds[u.Reason], u.Kind)
	}
	for _, reason := range reasons {
		p.wrap("Not judged, "+reason+": ", strings.Join(kinds[reason], ", ")+".")
	}
}
