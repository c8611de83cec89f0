package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/gatehouse-platform/gatehouse/internal/install"
)

// progress shows what happens: a picture that fills in on a terminal, lines elsewhere.
type progress struct {
	out  io.Writer
	file *os.File // the terminal; nil if it is none

	mu    sync.Mutex
	view  *install.View
	drawn int // lines of the last picture
	frame int
	began time.Time
	over  chan struct{}
	ended sync.WaitGroup
}

const framesPerSecond = 10

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f := terminal(out); f != nil && os.Getenv("TERM") != "dumb" {
		p.file = f
	}
	return p
}

// terminal is what is written to, if that is one; else nil.
func terminal(out io.Writer) *os.File {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) { // #nosec G115 -- a file descriptor is small
		return nil
	}
	return f
}

// widthOf a terminal in columns; 0 for what is none.
func widthOf(out io.Writer) int {
	f := terminal(out)
	if f == nil {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd())) // #nosec G115 -- a file descriptor is small
	if err != nil {
		return 0
	}
	return width
}

func (p *progress) begin(title string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view, p.began, p.over = install.NewView(title), time.Now(), make(chan struct{})
	if p.file == nil {
		_, _ = fmt.Fprintln(p.out, title)
		return
	}
	p.ended.Go(p.animate)
}

// end leaves the last picture where it is.
func (p *progress) end() {
	if p.over == nil {
		return
	}
	close(p.over)
	p.ended.Wait()
	p.over = nil
}

func (p *progress) animate() {
	ticker := time.NewTicker(time.Second / framesPerSecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.draw()
		case <-p.over:
			p.draw()
			return
		}
	}
}

// draw replaces the last picture. Only whole lines are written, so that what is left when
// the program is killed can be read.
func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frame++
	lines := p.view.Lines(install.Look{
		Width: cmp.Or(widthOf(p.file), 80), Frame: p.frame, Color: os.Getenv("NO_COLOR") == "",
		Elapsed: time.Since(p.began).Truncate(time.Second).String(),
	})
	var picture strings.Builder
	if p.drawn > 0 {
		fmt.Fprintf(&picture, "\x1b[%dA", p.drawn)
	}
	for _, line := range lines {
		picture.WriteString("\r\x1b[2K" + line + "\n")
	}
	p.drawn = len(lines)
	_, _ = io.WriteString(p.out, picture.String())
}

func (p *progress) take(e install.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.view == nil {
		return
	}
	p.view.Take(e)
	if line := install.Line(e); p.file == nil && line != "" {
		_, _ = fmt.Fprintln(p.out, line)
	}
}

// say writes a line that stays, above the picture.
func (p *progress) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn > 0 {
		_, _ = fmt.Fprintf(p.out, "\x1b[%dA\r\x1b[J", p.drawn)
		p.drawn = 0
	}
	_, _ = fmt.Fprintln(p.out, line)
}
