package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type diagnoseCmd struct {
	lookFlags

	Namespace string `help:"Only what is wrong in this namespace." short:"n"`
	Output    string `default:"text" enum:"text,json" help:"text or json." short:"o"`
	Watch     bool   `help:"Look again whenever something changes, until interrupted." short:"w"`
}

// Help is what --help adds.
func (diagnoseCmd) Help() string {
	return `Says what is wrong with the way into a cluster: Gateways, routes, certificates,
backends, timeouts that cut streams, scaling to zero, monitoring, and what
Crossplane manages; on which object and field, why it matters, and what to apply.
Without --file it looks at the cluster of the kubeconfig. It changes nothing. Of
Secrets it reads those of TLS that listeners name, and shows nothing of them.

Exit codes: 0 no errors (there may be warnings), 1 errors found, 2 could not run.`
}

// Run diagnoses.
func (c diagnoseCmd) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	from, err := c.source(s)
	if err != nil {
		return err
	}
	report, err := from.look(ctx)
	if err != nil {
		return err
	}
	if err := c.write(s.Out, report); err != nil {
		return err
	}
	if c.Watch {
		if report, err = c.watch(ctx, s, watched{from, report, 2 * time.Second}); err != nil {
			return err
		}
	}
	if report.Summary.Errors > 0 {
		return errFindings
	}
	return nil
}

// source is what is looked at: a cluster, or files.
type source struct {
	// look takes a snapshot and judges it.
	look func(context.Context) (diagnose.Report, error)
	// changes rings when it may be different.
	changes func(context.Context) <-chan struct{}
}

var errWatchInput = errors.New("cannot read standard input again: --watch needs files or a cluster")

func (c diagnoseCmd) source(s streams) (source, error) {
	if c.Watch && slices.Contains(c.Files, "-") {
		return source{}, errWatchInput
	}
	if len(c.Files) > 0 {
		return source{
			look:    func(context.Context) (diagnose.Report, error) { return c.judge(c.ofFiles(s)) },
			changes: everySoOften,
		}, nil
	}
	client, err := c.connect()
	if err != nil {
		return source{}, err
	}
	return source{
		look:    func(ctx context.Context) (diagnose.Report, error) { return c.judge(ofCluster(ctx, client)) },
		changes: func(ctx context.Context) <-chan struct{} { return client.Changes(ctx, topology.Kinds()) },
	}, nil
}

// everySoOften rings without being told: nothing tells of changes of files everywhere.
func everySoOften(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		for {
			select {
			case out <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// watched is what is looked at again.
type watched struct {
	from source
	// last is what was shown last.
	last diagnose.Report
	// between two looks there is at least this.
	between time.Duration
}

// watch looks again on every change, and shows what is different. What cannot be read for
// a while is said and waited for. It returns the last report once it is interrupted.
func (c diagnoseCmd) watch(ctx context.Context, s streams, w watched) (diagnose.Report, error) {
	last, changes, pause := w.last, w.from.changes(ctx), time.NewTicker(w.between)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return last, nil
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return last, nil
		}
		report, err := w.from.look(ctx)
		if ctx.Err() != nil {
			return last, nil
		}
		if err != nil {
			_, _ = fmt.Fprintln(s.Err, "gatehouse:", err)
			continue
		}
		if reflect.DeepEqual(report, last) {
			continue
		}
		last = report
		if c.Output == "text" {
			_, _ = fmt.Fprintf(s.Out, "\n--- %s\n\n", time.Now().Format(time.TimeOnly))
		}
		if err := c.write(s.Out, report); err != nil {
			return last, err
		}
	}
}

func (c diagnoseCmd) judge(what seen, err error) (diagnose.Report, error) {
	if err != nil {
		return diagnose.Report{}, err
	}
	findings, err := what.findings(c.Namespace)
	if err != nil {
		return diagnose.Report{}, err
	}
	return diagnose.NewReport(findings, what.snapshot.Unseen), nil
}

func (c diagnoseCmd) write(w io.Writer, r diagnose.Report) error {
	if c.Output == "json" {
		return r.JSON(w)
	}
	return r.Text(w)
}
