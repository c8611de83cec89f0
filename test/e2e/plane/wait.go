package plane

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The time between two looks at something awaited. Most looks are cheap: everything is on
// loopback. After one that is not, what is awaited gets as much time as the look took, for
// both need the same few processors.
const (
	pollInterval    = 100 * time.Millisecond
	longestInterval = 2 * time.Second
)

// Poll calls check until it returns nil. It gives up when ctx ends or a process
// of the plane dies, with an error that says what was awaited and what check
// returned last. Set a deadline on ctx.
func (p *Plane) Poll(ctx context.Context, what string, check func(ctx context.Context) error) error {
	for {
		began := time.Now()
		last := check(ctx)
		if last == nil {
			return nil
		}
		if err := p.Dead(); err != nil {
			return fmt.Errorf("cannot wait for %s: %w", what, errors.Join(err, last))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot wait longer for %s: %w: last seen: %w", what, context.Cause(ctx), last)
		case <-time.After(min(max(pollInterval, time.Since(began)), longestInterval)):
		}
	}
}

// Dead returns an error when a process of the plane has ended by itself; it
// carries the end of that process's log.
func (p *Plane) Dead() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errClosed
	}
	for _, proc := range p.processes {
		if err := proc.ended(); err != nil && !proc.mayEnd && !proc.killed {
			return err
		}
	}
	return nil
}
