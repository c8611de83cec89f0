package plane

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// quiet is how long a step may take before it says that it is running, and
// repeat how often it says so again.
const (
	quiet  = time.Second
	repeat = 15 * time.Second
)

// progress writes one line when a step turns out to take more than a moment,
// further ones while it lasts, and one when it ends. Steps run side by side, so
// every line is whole and names its step.
type progress struct {
	mu  sync.Mutex
	out io.Writer
}

// printf writes one line.
func (p *progress) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A broken standard error is no reason to fail a test.
	_, _ = fmt.Fprintf(p.out, "plane: "+format+"\n", args...)
}

// step starts a step and returns the function that ends it with its result.
func (p *progress) step(name string) func(err error) {
	begin := time.Now()
	over := make(chan struct{})
	var said sync.WaitGroup
	said.Go(func() {
		wait := time.NewTimer(quiet)
		defer wait.Stop()
		for {
			select {
			case <-over:
				return
			case <-wait.C:
				p.printf("%s (%s) ...", name, time.Since(begin).Round(time.Second))
				wait.Reset(repeat)
			}
		}
	})
	return func(err error) {
		close(over)
		said.Wait()
		took := time.Since(begin)
		if err != nil {
			p.printf("%s: failed after %.1f s", name, took.Seconds())
			return
		}
		if took > quiet {
			p.printf("%s: done in %.1f s", name, took.Seconds())
		}
	}
}
