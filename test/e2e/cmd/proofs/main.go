// Command proofs runs the end-to-end tests and prints what they showed, proof by
// proof. It ends with 1 when a test failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
	"github.com/gatehouse-platform/gatehouse/test/e2e/proofs"
)

const module = "github.com/gatehouse-platform/gatehouse/test/e2e"

func main() {
	write := flag.Bool("write", false, "write the results into docs/proofs.md")
	only := flag.String("run", "", "run only the tests that match, as `go test -run`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, options{packages: flag.Args(), only: *only, write: *write, out: os.Stdout})
	if err != nil {
		fmt.Fprintln(os.Stderr, "proofs:", err)
		os.Exit(1) //nolint:gocritic // nothing is left that stop would end
	}
}

type options struct {
	packages []string // none: all
	only     string
	write    bool
	out      io.Writer
}

func run(ctx context.Context, o options) error {
	all, err := proofs.All()
	if err != nil {
		return err
	}
	root, err := modules.Root()
	if err != nil {
		return err
	}
	if len(o.packages) == 0 {
		if o.packages, err = longestFirst(ctx, root); err != nil {
			return err
		}
	}
	results, failed := test(ctx, o, root)
	if results == nil {
		return failed
	}
	_, _ = io.WriteString(o.out, proofs.Print(all, results))
	if !o.write {
		return failed
	}
	for _, p := range all {
		if got := results.Of(p); got.Outcome != proofs.Passed {
			return errors.Join(failed, fmt.Errorf("cannot write the results: proof %s is %s", p.ID, got.Outcome))
		}
	}
	// Also when a test beside the proofs failed: the one of the page does until it is written.
	return errors.Join(failed, write(filepath.Join(root, "docs", "proofs.md"), all, results))
}

// atATime is how many packages are tested at a time: each has a plane of its own, and waits
// for much of its time.
const atATime = 4

// slow are the folders whose tests take longest, the longest first: begun last, one of
// them would run alone in the end.
func slow() []string {
	return []string{"traffic", ".", "scale", "kills", "mcpserver", "diagnosis", "install", "cluster", "clocks"}
}

// longestFirst returns all packages in the order in which go test is to begin them.
func longestFirst(ctx context.Context, root string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "./...")
	cmd.Dir = filepath.Join(root, "test", "e2e")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot list the packages of the end-to-end tests: %w", err)
	}
	packages := strings.Fields(string(out))
	rank := func(pkg string) int {
		at := slices.IndexFunc(slow(), func(folder string) bool { return path.Join(module, folder) == pkg })
		if at < 0 {
			return len(slow())
		}
		return at
	}
	slices.SortStableFunc(packages, func(a, b string) int { return rank(a) - rank(b) })
	return packages, nil
}

// test runs go test.
func test(ctx context.Context, o options, root string) (proofs.Results, error) {
	args := append([]string{"test", "-json", "-count=1", fmt.Sprintf("-p=%d", atATime), "-timeout=40m", "-run=" + o.only}, o.packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(root, "test", "e2e")
	cmd.Stderr = os.Stderr
	// The tests end their planes themselves when they are asked to, which go does not do.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = time.Minute
	events, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("cannot read what go test prints: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot run go test: %w", err)
	}
	results, err := proofs.Follow(events, module, o.out)
	if ended := cmd.Wait(); ended != nil {
		err = errors.Join(err, fmt.Errorf("go test failed: %w", ended))
	}
	return results, err
}

func write(file string, all []proofs.Proof, results proofs.Results) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("cannot read the page of proofs: %w", err)
	}
	written, err := proofs.Write(string(text), all, results, time.Now().UTC().Format(time.DateOnly))
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", file, err)
	}
	return os.WriteFile(file, []byte(written), 0o644)
}
