package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// repository is where the sources are.
const repository = "https://github.com/gatehouse-platform/gatehouse"

type planeCmd struct {
	Up     planeUpCmd     `cmd:"" help:"Start a Kubernetes control plane with Crossplane and Gatehouse on this machine."`
	Status planeStatusCmd `cmd:"" help:"Show it."`
	Down   planeDownCmd   `cmd:"" help:"End it and remove everything of it."`
}

// Help is what --help adds.
func (planeCmd) Help() string {
	return `A plane is the real Kubernetes API server, Crossplane and what belongs to them as
ordinary processes on this machine, built from source: without containers and without
a cloud. It is for trying things out, and runs on Linux only.

It is built by the sources of Gatehouse, with Go: run this in a checkout of them.

Exit codes: 0 fine, 1 something of the plane is dead, 2 could not run.`
}

type planeFlags struct {
	Source string `help:"A checkout of the sources; without it, the current folder or one above it." placeholder:"DIR" type:"existingdir"`
	Name   string `default:"default" help:"Which plane, if there are several."`
}

type planeUpCmd struct {
	planeFlags

	Tier       string   `enum:"plane,node," default:"" help:"plane: processes, without root. node: pods and a gateway too, which needs root, and is the default for root."`
	Components []string `help:"Start these and what they need, instead of those of the tier." placeholder:"NAME"`
}

// Help is what --help adds.
func (planeUpCmd) Help() string {
	return `The first time builds Kubernetes and Crossplane, which takes most of a quarter of an
hour on two cores. After that a plane is up in about 20 seconds. It stays when the
terminal is closed, until "gatehouse plane down".`
}

// Run starts the plane.
func (c planeUpCmd) Run(s streams) error {
	args := []string{"up", "-name", c.Name}
	if c.Tier != "" {
		args = append(args, "-tier", c.Tier)
	}
	if len(c.Components) > 0 {
		args = append(args, "-components", strings.Join(c.Components, ","))
	}
	return runPlane(s, c.Source, args)
}

type planeStatusCmd struct {
	planeFlags

	Output string `default:"text" enum:"text,json" help:"text or json." short:"o"`
}

// Run shows the plane.
func (c planeStatusCmd) Run(s streams) error {
	return runPlane(s, c.Source, []string{"status", "-name", c.Name, "-o", c.Output})
}

type planeDownCmd struct {
	planeFlags
}

// Run ends the plane.
func (c planeDownCmd) Run(s streams) error {
	return runPlane(s, c.Source, []string{"down", "-name", c.Name})
}

// runPlane builds the program for planes and runs it. It is part of the end-to-end
// tests, whose dependencies stay out of this command: see test/e2e.
func runPlane(s streams, source string, args []string) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("cannot run a plane on %s: it needs Linux", runtime.GOOS)
	}
	checkout, err := findCheckout(source)
	if err != nil {
		return err
	}
	module, program := filepath.Join(checkout, "test", "e2e"), filepath.Join(checkout, ".cache", "bin", "plane")
	if _, err := os.Stat(program); errors.Is(err, os.ErrNotExist) {
		_, _ = fmt.Fprintln(s.Err, "building the program for planes: the first time this takes a minute or two")
	}
	build := exec.Command("go", "-C", module, "build", "-o", program, "./cmd/plane") //nolint:gosec,noctx // what is built is our own; it ends with the terminal's Ctrl-C, as this does
	build.Stdout, build.Stderr = s.Err, s.Err
	if err := build.Run(); err != nil {
		return fmt.Errorf("cannot build the program for planes in %q: %w", module, err)
	}
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // see above
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = module, s.In, s.Out, s.Err
	// The program decides what a signal means: it may have something to end.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot run the command for planes: %w", err)
	}
	go forwardSignals(signals, cmd.Process)
	err = cmd.Wait()
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() == exitFindings {
		return errFindings
	}
	if err != nil {
		return fmt.Errorf("cannot run the command for planes: %w", err)
	}
	return nil
}

// forwardSignals passes on what only this program got: Ctrl-C on a terminal comes to
// both.
func forwardSignals(signals <-chan os.Signal, to *os.Process) {
	for got := range signals {
		if got != os.Interrupt {
			_ = to.Signal(got)
		}
	}
}

// findCheckout returns the root of the sources: the named folder, or the current one or
// one above it.
func findCheckout(named string) (string, error) {
	start := named
	if start == "" {
		current, err := os.Getwd()
		if err != nil {
			return "", fmt.Errorf("cannot find the current folder: %w", err)
		}
		start = current
	}
	dir, err := filepath.Abs(start)
	if err != nil {
		return "", fmt.Errorf("cannot find the folder %q: %w", start, err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "test", "e2e", "cmd", "plane", "main.go")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if named != "" || above == dir {
			return "", fmt.Errorf("cannot find the sources of Gatehouse in %q, from which planes are built: "+
				"git clone %s and run this there, or name that folder with --source", start, repository)
		}
		dir = above
	}
}
