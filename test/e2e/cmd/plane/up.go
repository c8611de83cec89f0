package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/standing"
)

// up starts the plane unless it is there, and returns when it is ready.
func up(ctx context.Context, o options) error {
	s, err := o.place.Look()
	if err != nil {
		return err
	}
	switch s.State {
	case standing.Up:
		return alreadyUp(o, s)
	case standing.Broken:
		return fmt.Errorf("cannot start plane %q: something is left of the one before; see `gatehouse plane status`, and end it with `gatehouse plane down`", o.name)
	case standing.Starting:
		fmt.Fprintf(os.Stderr, "plane %q is starting already\n", o.name)
		return follow(ctx, o, nil)
	}
	server, err := startServer(o)
	if err != nil {
		return err
	}
	return follow(ctx, o, server)
}

// alreadyUp says so, unless another plane is wanted under the same name.
func alreadyUp(o options, s standing.State) error {
	if len(o.components) > 0 && !slices.Equal(o.components, s.Selected) || o.tier == plane.TierNode && s.Tier != o.tier {
		return fmt.Errorf("cannot start plane %q: it is up with tier %q and components %q; end it first with `gatehouse plane down`", o.name, s.Tier, s.Selected)
	}
	_, _ = fmt.Fprintf(os.Stdout, "The plane %q is up already.\n\n", o.name)
	return printNext(os.Stdout, s)
}

// server is the program that runs the plane.
type server struct {
	pid  int
	done chan struct{} // closed when it has ended
}

// startServer starts this program again, out of reach of this terminal.
func startServer(o options) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program: %w", err)
	}
	root, err := modules.Root()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(o.place.Log()), 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the folder of the log: %w", err)
	}
	log, err := os.OpenFile(o.place.Log(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log: %w", err)
	}
	defer func() { _ = log.Close() }()
	args := []string{"serve", "-name", o.name, "-tier", string(o.tier)}
	if len(o.components) > 0 {
		args = append(args, "-components", join(o.components))
	}
	// Not by a context: it stays when this program ends.
	cmd := exec.Command(self, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(root, "test", "e2e"), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the program that runs the plane: %w", err)
	}
	s := &server{pid: cmd.Process.Pid, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

// ended tells whether the program has ended; nil is one that somebody else started.
func (s *server) ended() bool {
	if s == nil {
		return false
	}
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// follow shows what the server says until the plane is up. Who interrupts it ends the
// plane if this program started it.
func follow(ctx context.Context, o options, s *server) error {
	log, err := os.Open(o.place.Log())
	if err != nil {
		return fmt.Errorf("cannot read the log: %w", err)
	}
	defer func() { _ = log.Close() }()
	for {
		// Before the log: then the log is whole when it has ended.
		gone := s.ended()
		if _, err := io.Copy(os.Stderr, log); err != nil {
			return fmt.Errorf("cannot read the log: %w", err)
		}
		state, err := o.place.Look()
		if err != nil {
			return err
		}
		switch {
		case gone, s == nil && state.State != standing.Starting && state.State != standing.Up:
			return errors.Join(errors.New("the plane did not start"), os.Remove(o.place.Log()))
		case state.State == standing.Up:
			return printUp(state)
		}
		select {
		case <-ctx.Done():
			// What is ended here must end although ctx has.
			return interrupted(context.WithoutCancel(ctx), o, s)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func interrupted(ctx context.Context, o options, s *server) error {
	if s == nil {
		return errors.New("interrupted; the plane goes on starting")
	}
	_ = syscall.Kill(s.pid, syscall.SIGTERM)
	<-s.done
	_, err := o.place.TakeDown(ctx, os.Stderr)
	return errors.Join(errors.New("interrupted; what was started is ended"), err)
}

// down ends the plane and everything that is left of one that was killed.
func down(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	found, err := o.place.TakeDown(ctx, os.Stderr)
	if err != nil {
		return err
	}
	if !found {
		_, _ = fmt.Fprintf(os.Stdout, "There is no plane %q.\n", o.name)
		return nil
	}
	_, _ = fmt.Fprintf(os.Stdout, "The plane %q is down.\n", o.name)
	return nil
}
