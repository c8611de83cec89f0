package proofs

import (
	"fmt"
	"strings"
)

// Print is the table that a person sees after a run.
func Print(all []Proof, results Results) string {
	var out strings.Builder
	_, _ = fmt.Fprintf(&out, "\n%-5s %-8s %8s  %s\n", "proof", "result", "seconds", "what is shown")
	for _, p := range all {
		r := results.Of(p)
		_, _ = fmt.Fprintf(&out, "%-5s %-8s %8.0f  %s\n", p.ID, r.Outcome, r.Seconds, p.Shows)
		if r.Outcome == Passed {
			continue
		}
		for _, test := range p.Tests {
			if one := results.test(test); one.Outcome != Passed {
				_, _ = fmt.Fprintf(&out, "      %-8s           %s\n", one.Outcome, test)
			}
		}
	}
	return out.String()
}

// Beginning and end of the table in docs/proofs.md, which everything else there is
// written around.
const (
	begin = "<!-- begin: make e2e WRITE=1 -->\n"
	end   = "<!-- end -->\n"
)

// Write puts the table into the text of docs/proofs.md, with how it went on a day
// (2006-01-02). It fails when the text has no place for it.
func Write(text string, all []Proof, results Results, day string) (string, error) {
	before, rest, ok := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("cannot write the table: there are no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + markdown(all, results, day) + end + after, nil
}

func markdown(all []Proof, results Results, day string) string {
	var out strings.Builder
	out.WriteString("| id | what is shown | what is real | what is not | last result |\n|---|---|---|---|---|\n")
	for _, p := range all {
		r := results.Of(p)
		_, _ = fmt.Fprintf(&out, "| %s | %s<br>%s | %s | %s | %s, %.0f s, %s |\n", p.ID, p.Shows, testNames(p.Tests), p.Real, p.Not, r.Outcome, r.Seconds, day)
	}
	return out.String()
}

func testNames(tests []string) string {
	quoted := make([]string, 0, len(tests))
	for _, test := range tests {
		quoted = append(quoted, "`"+test+"`")
	}
	return strings.Join(quoted, ", ")
}
