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
	"path/filepath"
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
	packages := flag.Args()
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	err := run(ctx, options{packages: packages, only: *only, write: *write, out: os.Stdout})
	if err != nil {
		fmt.Fprintln(os.Stderr, "proofs:", err)
		os.Exit(1) //nolint:gocritic // nothing is left that stop would end
	}
}

type options struct {
	packages []string
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

// test runs go test. Two packages at a time: each has a plane of its own, and most of what
// one does is to wait.
func test(ctx context.Context, o options, root string) (proofs.Results, error) {
	args := append([]string{"test", "-json", "-count=1", "-p=2", "-timeout=40m", "-run=" + o.only}, o.packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(root, "test", "e2e")
	cmd.Stderr = os.Stderr
	// The tests end their planes themselves when they are asked to.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
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
