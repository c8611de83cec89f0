package repo

import (
	"regexp"
	"strings"
)

// A block is a fenced block of a Markdown file.
type block struct {
	info  string // what stands behind the fence: sh, console, text, yaml
	first int    // index of the line behind the opening fence
	lines []string
	notes []string // HTML comments directly above, and nothing else between
}

// blocks finds the fenced blocks of a Markdown file.
func blocks(lines []string) []block {
	var out []block
	var notes []string
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case strings.HasPrefix(line, "```"):
			fence := line[:len(line)-len(strings.TrimLeft(line, "`"))]
			b := block{info: strings.TrimSpace(strings.TrimLeft(line, "`")), first: i + 1, notes: notes}
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != fence; i++ {
				b.lines = append(b.lines, lines[i])
			}
			out, notes = append(out, b), nil
		case strings.HasPrefix(line, "<!--") && strings.HasSuffix(line, "-->"):
			notes = append(notes, strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(line, "<!--"), "-->")))
		case line != "":
			notes = nil
		}
	}
	return out
}

// end is the index of the line of the closing fence.
func (b block) end() int { return b.first + len(b.lines) }

// note is what an HTML comment above the block says behind its name and a colon.
func (b block) note(name string) (string, bool) {
	for _, note := range b.notes {
		if text, found := strings.CutPrefix(note, name+":"); found {
			return strings.TrimSpace(text), true
		}
	}
	return "", false
}

// commands are the commands of a shell block: a prompt is left away, and a line
// that ends in a backslash goes on in the next.
func (b block) commands() []string {
	if b.info != "sh" && b.info != "console" {
		return nil
	}
	var out []string
	open := false
	for _, line := range b.lines {
		if !open {
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			out = append(out, "")
		}
		out[len(out)-1] += line
		if open = strings.HasSuffix(line, `\`); open {
			out[len(out)-1] += "\n"
		}
	}
	return out
}

// prose is a Markdown file without its fenced blocks.
func prose(lines []string) []string {
	out := append([]string{}, lines...)
	for _, b := range blocks(lines) {
		for i := b.first - 1; i <= b.end() && i < len(out); i++ {
			out[i] = ""
		}
	}
	return out
}

var (
	heading    = regexp.MustCompile(`^#{1,6} +(.*)$`)
	linkText   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	notInSlugs = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are the names by which GitHub links to the headings of a file.
func anchors(lines []string) []string {
	var out []string
	for _, line := range prose(lines) {
		if match := heading.FindStringSubmatch(line); match != nil {
			title := linkText.ReplaceAllString(match[1], "$1")
			title = notInSlugs.ReplaceAllString(strings.ToLower(title), "")
			out = append(out, strings.ReplaceAll(strings.TrimSpace(title), " ", "-"))
		}
	}
	return out
}
