package plane

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Kill ends a component or a function at once, with SIGKILL: it gets no chance to
// save or say anything. Until Restart the plane does without it, and that is no
// failure of the plane. Only what Restart can start again can be killed: the control
// plane, Crossplane, its providers and functions.
func (p *Plane) Kill(name string) error {
	p.mu.Lock()
	proc, err := p.running(name)
	if err == nil {
		proc.killed = true // before it ends: Dead may look at any time
	}
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("cannot kill %q: %w", name, err)
	}
	return killProcess(proc)
}

// Restart starts what was killed again, as it was: the same program, arguments,
// ports and files, and its output goes to the same log. It returns once the program
// is ready for use.
func (p *Plane) Restart(ctx context.Context, name string) error {
	p.mu.Lock()
	at := slices.IndexFunc(p.processes, func(proc *process) bool { return proc.name == name && proc.killed })
	if at < 0 {
		p.mu.Unlock()
		return fmt.Errorf("cannot restart %q: it was not killed", name)
	}
	// No longer part of the plane: what is started takes its place.
	how := p.processes[at].how
	p.processes = slices.Delete(p.processes, at, at+1)
	p.mu.Unlock()
	if err := p.runReady(ctx, how); err != nil {
		return fmt.Errorf("cannot restart %q: %w", name, err)
	}
	return nil
}

// running finds what runs under a name and can be started again. The caller holds
// the lock.
func (p *Plane) running(name string) (*process, error) {
	if p.closed {
		return nil, errClosed
	}
	for _, proc := range p.processes {
		switch {
		case proc.name != name:
		case proc.killed:
			return nil, errors.New("it was killed before")
		case proc.how.ready == nil:
			return nil, errors.New("nobody would know when it is ready again")
		default:
			return proc, proc.ended()
		}
	}
	return nil, errors.New("nothing of that name runs")
}

// runReady runs a program and returns once it is ready.
func (p *Plane) runReady(ctx context.Context, cmd command) error {
	if _, err := p.run(cmd); err != nil {
		return err
	}
	return cmd.ready(ctx)
}
