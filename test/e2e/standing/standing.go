// Package standing keeps planes that outlive a command: what one command started,
// another finds, shows and ends.
//
// A plane of that kind has a name, and a folder of that name below .cache/plane of the
// repository that holds its state and its kubeconfig. Whoever holds the lock in that
// folder runs the plane, so that a program that was killed is never taken for one that
// runs.
package standing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// What a plane is.
const (
	Down     = "down"
	Starting = "starting"
	Up       = "up"
	Broken   = "broken" // something that has to run has ended
)

// State is what is known of a plane.
type State struct {
	Name  string     `json:"name"`
	State string     `json:"state"`
	Tier  plane.Tier `json:"tier,omitempty"`
	Since time.Time  `json:"since,omitzero"`
	// Selected are the components that were asked for; what they need is there too.
	Selected []string `json:"selected,omitempty"`
	// Directory is the run directory, with the logs in log.
	Directory  string `json:"directory,omitempty"`
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// API is the URL of the API server, Charts of the chart repository.
	API    string `json:"api,omitempty"`
	Charts string `json:"charts,omitempty"`
	// Gateway is the address that ports 80 and 443 of the gateway are on, if there is one.
	Gateway    string      `json:"gateway,omitempty"`
	Components []Component `json:"components,omitempty"`
}

// Component is a process of the plane.
type Component struct {
	plane.Part

	State string `json:"state"` // running or dead
}

// Place is where planes of a name are kept.
type Place struct {
	name   string
	folder string
}

var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// At returns the place of a name in the repository with that root.
func At(root, name string) (Place, error) {
	if !validName.MatchString(name) {
		return Place{}, fmt.Errorf("cannot name a plane %q: want small letters, digits and dashes", name)
	}
	return Place{name: name, folder: filepath.Join(root, ".cache", "plane", name)}, nil
}

// Log is the file for what the program says that runs the plane.
func (p Place) Log() string { return p.folder + ".log" }

func (p Place) file() string       { return filepath.Join(p.folder, "state.json") }
func (p Place) kubeconfig() string { return filepath.Join(p.folder, "kubeconfig") }

// A Hold is the right to run the plane of a place. It ends with this program.
type Hold struct {
	place Place
	lock  *os.File
}

// Take gives the right to run the plane, after sweeping up what a program left that was
// killed. The error is [ErrHeld] when another program has it.
func (p Place) Take() (*Hold, error) {
	lock, err := p.lock()
	if err != nil {
		return nil, err
	}
	h := &Hold{place: p, lock: lock}
	if err := h.sweep(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return h, nil
}

// Starting tells others that the plane is about to start.
func (h *Hold) Starting(tier plane.Tier, selected []string) error {
	return h.write(State{State: Starting, Tier: tier, Selected: selected, Since: time.Now().Round(time.Second)})
}

// Running tells others that the plane is there: starting while it is still prepared,
// or up.
func (h *Hold) Running(state string, p *plane.Plane) error {
	s, err := h.place.read()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(p.Kubeconfig())
	if err != nil {
		return fmt.Errorf("cannot read the kubeconfig: %w", err)
	}
	if err := os.WriteFile(h.place.kubeconfig(), data, 0o600); err != nil {
		return fmt.Errorf("cannot write the kubeconfig: %w", err)
	}
	s.State, s.Directory, s.Kubeconfig = state, p.Dir(), h.place.kubeconfig()
	s.API, s.Charts, s.Gateway = p.Config().Host, p.ChartRepository(), ""
	s.Components = nil
	for _, part := range p.Parts() {
		s.Components = append(s.Components, Component{Part: part})
		if part.Name == "traefik" {
			s.Gateway = p.GatewayAddress()
		}
	}
	return h.write(s)
}

// End removes what others knew of the plane, which has ended.
func (h *Hold) End() error {
	return errors.Join(os.RemoveAll(h.place.folder), h.lock.Close())
}

// sweep removes what is left of a plane whose program was killed.
func (h *Hold) sweep() error {
	s, err := h.place.read()
	if errors.Is(err, os.ErrNotExist) || err == nil && s.Directory == "" {
		return nil
	}
	if err != nil {
		return err
	}
	return plane.Sweep(s.Directory)
}

// write replaces the state in one step.
func (h *Hold) write(s State) error {
	s.Name = h.place.name
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot encode the state of plane %q: %w", s.Name, err)
	}
	partial := h.place.file() + ".partial"
	if err := os.WriteFile(partial, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot write the state of plane %q: %w", s.Name, err)
	}
	return os.Rename(partial, h.place.file())
}

func (p Place) read() (State, error) {
	data, err := os.ReadFile(p.file())
	if err != nil {
		return State{}, fmt.Errorf("cannot read the state of plane %q: %w", p.name, err)
	}
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fmt.Errorf("cannot read the state of plane %q in %q: %w", p.name, p.file(), err)
	}
	return s, nil
}

// Look says what is known of the plane of this place, and how its processes are.
func (p Place) Look() (State, error) {
	holder, err := p.holder()
	if err != nil {
		return State{}, err
	}
	s, err := p.read()
	switch {
	case errors.Is(err, os.ErrNotExist) && holder == 0:
		return State{Name: p.name, State: Down}, nil
	case errors.Is(err, os.ErrNotExist):
		return State{Name: p.name, State: Starting}, nil
	case err != nil:
		return State{}, err
	}
	s.mark(plane.Running(s.Directory))
	if holder == 0 {
		// Its program is gone, and with it everything else: only files are left.
		s.State = Broken
	}
	return s, nil
}

// mark says of each component whether it is among the processes that run.
func (s *State) mark(running []int) {
	alive := map[int]bool{}
	for _, pid := range running {
		alive[pid] = true
	}
	for i := range s.Components {
		s.Components[i].State = "running"
		if !alive[s.Components[i].PID] {
			s.Components[i].State, s.State = "dead", Broken
		}
	}
}

// TakeDown ends the plane and returns when nothing of it is left; found tells whether
// there was anything. It says to out what it waits for.
func (p Place) TakeDown(ctx context.Context, out io.Writer) (found bool, err error) {
	if _, err := os.Stat(p.folder); errors.Is(err, os.ErrNotExist) {
		return false, os.RemoveAll(p.Log())
	}
	holder, err := p.holder()
	if err != nil {
		return false, err
	}
	if holder != 0 {
		_, _ = fmt.Fprintf(out, "ending plane %q, which process %d runs\n", p.name, holder)
		if err := syscall.Kill(holder, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return true, fmt.Errorf("cannot end process %d: %w", holder, err)
		}
	}
	hold, err := p.Take()
	for errors.Is(err, ErrHeld) {
		select {
		case <-ctx.Done():
			return true, fmt.Errorf("cannot wait longer for the end of process %d: %w", holder, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
		hold, err = p.Take()
	}
	if err != nil {
		return true, err
	}
	return true, errors.Join(hold.End(), os.RemoveAll(p.Log()))
}
