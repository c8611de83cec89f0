package plane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// patience is how long a process may take to end by itself after SIGTERM. What
// it would still want to save is thrown away, so there is little to wait for.
const patience = 2 * time.Second

// command is a program to start.
type command struct {
	name string   // of the component, in messages and as the log's name
	path string   // of the program
	args []string // without the program itself
	env  []string // its whole environment
	dir  string   // its working directory
	log  string   // the file that takes its output

	// mayEnd says that its end is no failure of the plane.
	mayEnd bool

	// node makes it the first process of a node: in namespaces of its own for
	// processes, mounts, the network, host name and messages.
	node bool

	// join, when not 0, is a process whose network namespace it runs in.
	join int

	// ready returns once the program, which was just started, is of use. Programs
	// that have it can be killed and restarted, see Plane.Kill.
	ready func(ctx context.Context) error

	// reach, when not nil, puts the process into a network namespace of its
	// own, where only these host:port addresses of this host answer. It is for
	// programs with fixed ports, and needs no root: see isolate.
	reach []string

	// ownTmp, when not empty, gives the process a /tmp of its own: the folder tmp of this
	// folder, which stays where it is. It is for programs with fixed names in /tmp.
	ownTmp string

	// reachProgram is the program that does both, of the component of that name.
	reachProgram string
}

// process is a running program. It dies with the thread that started it, and so
// with this program however that ends.
type process struct {
	name   string
	log    string
	mayEnd bool
	how    command // to start it again
	killed bool    // on purpose, and to be started again; see Plane.Kill
	pid    int
	done   chan struct{} // closed once it has ended
	err    error         // how it ended; read only after done
}

// startProcess starts cmd and returns once it runs.
//
// Linux sends the parent-death signal when the parent's thread ends, so a
// goroutine stays locked to the thread until the process has ended.
func startProcess(cmd command) (*process, error) {
	out, err := os.OpenFile(cmd.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log of %q: %w", cmd.name, err)
	}
	proc := &process{name: cmd.name, log: cmd.log, mayEnd: cmd.mayEnd, how: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer func() { _ = out.Close() }()
		runtime.LockOSThread()
		if cmd.join == 0 {
			defer runtime.UnlockOSThread()
		}
		// A thread that entered another network namespace is never unlocked: the
		// runtime then ends it instead of using it for other goroutines.
		proc.run(cmd, out, started)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("cannot start %q: %w", cmd.name, err)
	}
	return proc, nil
}

// run starts the program, reports on started whether that worked, and waits.
func (p *process) run(cmd command, out io.Writer, started chan<- error) {
	if cmd.join != 0 {
		if err := enterNetwork(cmd.join); err != nil {
			started <- fmt.Errorf("cannot enter the network of process %d: %w", cmd.join, err)
			return
		}
	}
	path, args := cmd.line()
	c := exec.Command(path, args...)
	c.Env, c.Dir, c.Stdout, c.Stderr = cmd.env, cmd.dir, out, out
	// A process group of its own keeps Ctrl-C on the terminal away from it: the
	// plane ends its processes itself, in order.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if cmd.node {
		c.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC
	}
	network, err := start(c, cmd)
	defer network.close()
	if err != nil {
		started <- err
		return
	}
	p.pid = c.Process.Pid
	started <- nil
	p.err = c.Wait()
	// Whatever it left in its group goes with it. This is the moment for it:
	// later the number may belong to somebody else.
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	close(p.done)
}

// start starts the prepared program, in a network of its own when it is to have one,
// which is to be closed either way.
func start(c *exec.Cmd, cmd command) (*isolation, error) {
	if !cmd.isolated() {
		return nil, c.Start()
	}
	network, err := isolate(c, cmd)
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return network, explainNamespaces(err)
	}
	if err := network.receive(); err != nil {
		_ = c.Process.Kill()
		_ = c.Wait()
		return network, explainNamespaces(fmt.Errorf("%w: its log %q ends with:\n%s", err, cmd.log, tail(cmd.log, 5)))
	}
	return network, nil
}

// ended reports whether the process is gone, and how that came with the end of
// its log, as an error for whoever waits for it.
func (p *process) ended() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	state := "exit status 0"
	if p.err != nil {
		state = p.err.Error()
	}
	return fmt.Errorf("%q has ended (%s); its log %q ends with:\n%s", p.name, state, p.log, tail(p.log, 15))
}

// signal sends sig to the process group, unless the process has ended.
func (p *process) signal(sig syscall.Signal) {
	select {
	case <-p.done:
	default:
		// It may end this very moment: that is what is wanted.
		_ = syscall.Kill(-p.pid, sig)
	}
}

// stopProcesses ends all of them, first politely, and returns once they are
// gone. Processes that ended before are fine.
func stopProcesses(procs []*process) error {
	for _, p := range procs {
		p.signal(syscall.SIGTERM)
	}
	deadline := time.After(patience)
	for _, p := range procs {
		select {
		case <-p.done:
		case <-deadline:
			deadline = expired()
			p.signal(syscall.SIGKILL)
		}
	}
	var errs []error
	for _, p := range procs {
		errs = append(errs, killProcess(p))
	}
	return errors.Join(errs...)
}

// killProcess ends the process without asking it, and returns once it is gone.
func killProcess(p *process) error {
	p.signal(syscall.SIGKILL)
	select {
	case <-p.done:
		return nil
	case <-time.After(5 * time.Second):
		return fmt.Errorf("cannot end %q: process %d is still there 5 s after SIGKILL", p.name, p.pid)
	}
}

// expired is a deadline in the past, for every further wait.
func expired() <-chan time.Time {
	past := make(chan time.Time)
	close(past)
	return past
}

// tail returns the last lines of a file, or says why it cannot.
func tail(path string, lines int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Sprintf("(cannot read %q: %v)", path, err)
	}
	all := bytes.Split(bytes.TrimRight(data, "\n"), []byte("\n"))
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return string(bytes.Join(all, []byte("\n")))
}
