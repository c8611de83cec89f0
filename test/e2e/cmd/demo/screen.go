package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/gatehouse-platform/gatehouse/internal/tree"
)

// screen is where the demo is seen: a terminal, or anything else that takes lines.
type screen struct {
	out           io.Writer
	terminal      bool
	width, height int
	drawn         int // lines that the next drawing replaces
}

// newScreen looks at what the file is. CI=true has no terminal, whatever it looks like.
func newScreen(file *os.File) *screen {
	s := &screen{out: file, width: 80}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err == nil && size.Col > 0 && os.Getenv("CI") != "true" && os.Getenv("TERM") != "dumb" {
		s.terminal, s.width, s.height = true, int(size.Col), int(size.Row)
	}
	return s
}

// draws tells whether lines can be drawn again in place.
func (s *screen) draws(lines int) bool { return s.terminal && lines < s.height }

// draw replaces what was drawn before.
func (s *screen) draw(lines []string) {
	var b strings.Builder
	if s.drawn > 0 {
		_, _ = fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, line := range lines {
		// Anything longer would take two rows, and the next drawing would miss one.
		b.WriteString("\x1b[2K" + cut(line, s.width-1) + "\n")
	}
	s.drawn = len(lines)
	_, _ = io.WriteString(s.out, b.String())
}

// keep leaves what is drawn where it is.
func (s *screen) keep() { s.drawn = 0 }

func (s *screen) title(text string) { s.sayf("\n── %s\n", text) }

func (s *screen) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
}

// cut shortens a line to a width.
func cut(line string, width int) string {
	if width < 1 || utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:width-1]) + "…"
}

// pad makes a line as long as a width, and puts the end there.
func pad(line, end string, width int) string {
	gap := width - utf8.RuneCountInString(line) - utf8.RuneCountInString(end)
	return line + strings.Repeat(" ", max(gap, 2)) + end
}

// broken is a text of several lines, indented and broken between words so that it fits.
func (s *screen) broken(text string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines = append(lines, tree.Wrap(line, s.width-5, true)...)
	}
	return indent(strings.Join(lines, "\n"))
}

// working says that something takes longer than a moment, until it is over.
func (s *screen) working(on string) (over func()) {
	late := time.AfterFunc(time.Second, func() { s.sayf("%s ...", on) })
	return func() { late.Stop() }
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
