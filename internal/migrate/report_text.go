package migrate

import (
	"fmt"
	"io"
	"strings"
)

// width of a line of text.
const width = 80

// Text writes the report for people, in lines of 80 columns; only what has no space to
// break at is longer.
func (r Report) Text(w io.Writer) error {
	p := &printer{w: w}
	for i, e := range r.Entries {
		if i == 0 || e.Source != r.Entries[i-1].Source {
			if i > 0 {
				p.line("")
			}
			p.line(e.Source.String())
		}
		p.entry(e)
	}
	if len(r.Entries) > 0 {
		p.line("")
	}
	p.line(r.Summary.String())
	return p.err
}

func (s Summary) String() string {
	text := fmt.Sprintf("%d translated, %d not needed, %d lost", s.Translated, s.NotNeeded, s.Lost)
	if s.Untouched > 0 {
		text += fmt.Sprintf(", %d untouched", s.Untouched)
	}
	return text
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, strings.TrimRight(s, " ")+"\n")
	}
}

func (p *printer) entry(e Entry) {
	head := e.Field
	if e.Value != "" {
		head += ": " + e.Value
	}
	p.wrap("  "+fmt.Sprintf("%-11s", string(e.Outcome)), head)
	for _, to := range e.To {
		p.wrap("             -> ", to.Object.String()+", "+to.Field)
	}
	if e.Why != "" {
		p.wrap("             ", e.Why)
	}
	if e.Do != "" {
		p.wrap("             do: ", e.Do)
	}
}

// wrap writes a text behind a prefix; further lines are indented as deep.
func (p *printer) wrap(prefix, text string) {
	indent := strings.Repeat(" ", len(prefix))
	line := prefix
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len(line)+1+len(word) > width:
			p.line(line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	p.line(line)
}
