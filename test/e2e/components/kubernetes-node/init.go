package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// config is what the harness tells the node.
type config struct {
	// Interface is the node's end of a veth pair, which is there before this starts.
	Interface string `json:"interface"`
	// Address of the node with its prefix, and the host's end of the pair.
	Address string `json:"address"`
	Gateway string `json:"gateway"`
	// Folders that are private to the node: each gets an empty file system.
	Private []string `json:"private"`
	// Cgroup is a folder below each hierarchy, for everything that runs here.
	Cgroup string `json:"cgroup"`
	// Programs are started in this order, each once the one before is ready.
	Programs []program `json:"programs"`
}

// program is a part of the node.
type program struct {
	Name string   `json:"name"`
	Args []string `json:"args"`
	Env  []string `json:"env"`
	Log  string   `json:"log"`
	// Socket is a file that exists once the program is ready; none: at once.
	Socket string `json:"socket"`
}

// boot makes this process the first one of a node, and returns when the node ends.
func boot(args []string) error {
	if len(args) != 1 {
		return errors.New(usage)
	}
	data, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("cannot read the configuration: %w", err)
	}
	var c config
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("cannot parse the configuration %q: %w", args[0], err)
	}
	// Whoever runs the node ends it by killing this process: the kernel then kills
	// every other one in its process namespace.
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGTERM, unix.SIGINT)
	for _, step := range []func(config) error{mounts, network, cgroups} {
		if err := step(c); err != nil {
			return err
		}
	}
	pids := map[int]string{}
	for _, p := range c.Programs {
		pid, err := start(p)
		if err != nil {
			return err
		}
		pids[pid] = p.Name
	}
	over := make(chan error, 1)
	go func() { over <- reap(pids) }()
	select {
	case <-ended:
		return nil
	case err := <-over:
		return err
	}
}

// mounts makes the file system the node's own where it has to be.
func mounts(c config) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("cannot keep mounts to the node: %w", err)
	}
	// Of the node's own process namespace.
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("cannot mount /proc: %w", err)
	}
	for _, dir := range c.Private {
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("cannot mount a private %q: %w", dir, err)
		}
	}
	// Kubelet and containers share mounts below here.
	return nil
}

// cgroups makes the folder of the node in each hierarchy, or in the one of version 2.
func cgroups(c config) error {
	hierarchies, err := filepath.Glob("/sys/fs/cgroup/*/cgroup.procs")
	if err != nil {
		return err
	}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		hierarchies = []string{"/sys/fs/cgroup/cgroup.procs"}
	}
	for _, file := range hierarchies {
		dir := filepath.Join(filepath.Dir(file), c.Cgroup)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot make cgroup %q: %w", dir, err)
		}
	}
	return nil
}

// start starts a program and returns once it is ready.
func start(p program) (pid int, err error) {
	out, err := os.OpenFile(p.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, fmt.Errorf("cannot open the log of %q: %w", p.Name, err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(p.Args[0], p.Args[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = p.Env, "/", out, out
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("cannot start %q: %w", p.Name, err)
	}
	if err := await(p.Socket, cmd.Process.Pid); err != nil {
		return 0, fmt.Errorf("cannot start %q: %w", p.Name, err)
	}
	return cmd.Process.Pid, nil
}

// reap waits for every process that nobody else waits for, as the first process of
// a system does, until a program of the node has ended.
func reap(pids map[int]string) error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot wait for processes: %w", err)
		}
		if name, ours := pids[pid]; ours {
			return fmt.Errorf("%q has ended: exit status %d, signal %d", name, status.ExitStatus(), status.Signal())
		}
	}
}
