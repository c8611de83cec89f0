package install

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// View is how far an installation is, for people to watch: one line for each part of the
// Cluster, so that it fits on a screen however much there is.
type View struct {
	title  string
	groups []*viewGroup
}

type viewGroup struct {
	name  string
	items []*Event
}

// NewView returns a View without parts. Events bring them, in their order.
func NewView(title string) *View { return &View{title: title} }

// Take notes an event.
func (v *View) Take(e Event) {
	g := v.group(e.Group)
	for _, item := range g.items {
		if item.Key == e.Key {
			*item = e
			return
		}
	}
	g.items = append(g.items, &e)
}

func (v *View) group(name string) *viewGroup {
	for _, g := range v.groups {
		if g.name == name {
			return g
		}
	}
	g := &viewGroup{name: name}
	v.groups = append(v.groups, g)
	return g
}

// Look of a View.
type Look struct {
	// Width of the screen in columns; longer lines are cut.
	Width int
	// Frame counts the pictures, so that what is at work moves.
	Frame int
	// Color says whether the screen has colors.
	Color bool
	// Elapsed is shown at the end; may be empty.
	Elapsed string
}

// Lines draws the View.
func (v *View) Lines(look Look) []string {
	out := []string{cut(v.title, look.Width)}
	width, done, total := 0, 0, 0
	for _, g := range v.groups {
		width = max(width, utf8.RuneCountInString(g.name))
		done += g.count(Done)
		total += len(g.items)
	}
	for n, g := range v.groups {
		branch := "├─"
		if n == len(v.groups)-1 {
			branch = "└─"
		}
		state, words := g.summary()
		line := fmt.Sprintf("%s %s %-*s  %2d of %-2d  ", branch, sign(state, look.Frame), width, g.name, g.count(Done), len(g.items))
		if state == Settling && look.Width > 0 {
			words = cutInside(words, look.Width-utf8.RuneCountInString(line))
		}
		out = append(out, paint(cut(strings.TrimRight(line+words, " "), look.Width), state, look.Color))
	}
	return append(out, strings.TrimRight(fmt.Sprintf("   %d of %d done  %s", done, total, look.Elapsed), " "))
}

func (g *viewGroup) count(state State) int {
	n := 0
	for _, item := range g.items {
		if item.State == state {
			n++
		}
	}
	return n
}

// summary is the state of a part, and the words of what decides it: what failed, else
// what is at work, else what waits.
func (g *viewGroup) summary() (state State, words string) {
	for _, state := range []State{Failed, Settling, Working, Held} {
		for _, item := range g.items {
			if item.State == state {
				return state, item.words()
			}
		}
	}
	return Done, ""
}

// words of a thing for the line of its part. What settles is an object, which says itself
// what it is; an error does mostly.
func (e Event) words() string {
	switch e.State {
	case Held, Settling:
		return firstLine(e.Detail)
	case Failed:
		why := strings.TrimPrefix(e.Detail, "cannot deploy "+e.Text+": ")
		if rest, itself := strings.CutPrefix(why, e.Text+" "); itself {
			return firstLine(short(e.Text) + " " + rest)
		}
		object, _, _ := strings.Cut(e.Text, " [") // listeners
		if refused := strings.TrimPrefix(why, "cannot apply "); strings.HasPrefix(refused, object) {
			return firstLine(refused)
		}
		return firstLine(short(e.Text) + ": " + why)
	default:
		return firstLine(short(e.Text) + ": " + e.Detail)
	}
}

// short is a thing without where it comes from and goes to, for which lines are too short.
func short(text string) string {
	text, _, _ = strings.Cut(text, " → ")
	words := slices.DeleteFunc(strings.Fields(text), func(word string) bool { return strings.Contains(word, "://") })
	return strings.Join(words, " ")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func sign(state State, frame int) string {
	spinner := []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
	switch state {
	case Done:
		return "✓"
	case Failed:
		return "✗"
	case Held:
		return "·"
	default:
		return spinner[frame%len(spinner)]
	}
}

func paint(line string, state State, color bool) string {
	colors := map[State]string{Done: "32", Failed: "31", Held: "2", Working: "36", Settling: "36"}
	if !color {
		return line
	}
	return "\x1b[" + colors[state] + "m" + line + "\x1b[0m"
}

// cut keeps a line on the screen, where it would otherwise wrap.
func cut(line string, width int) string {
	if width <= 0 || utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:width-1]) + "…"
}

// cutInside keeps the beginning and the end: what, and why not yet.
func cutInside(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width || width < 2 {
		return text
	}
	end := (width - 1) / 2
	return string(runes[:width-1-end]) + "…" + string(runes[len(runes)-end:])
}

// Line is an event for a log: one line; empty where there is no news for it.
func Line(e Event) string {
	if e.State == Held {
		return ""
	}
	return fmt.Sprintf("%s: %s: %s", e.Group, e.Text, strings.ReplaceAll(e.Detail, "\n", "\n  "))
}
