package main

import (
	"context"
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/install"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type installCmd struct {
	target

	DryRun         bool   `help:"Show what would change, as the API server says, and change nothing."`
	Prune          bool   `help:"Remove what was installed and the Cluster no longer asks for."`
	ForceConflicts bool   `help:"Take what others own: fields, objects and Helm releases."`
	Charts         string `help:"Take charts from this folder: NAME-VERSION.tgz, or unpacked NAME." placeholder:"DIR"`
	PlainHTTP      bool   `help:"Talk to OCI registries without TLS."                               name:"plain-http"`
}

// Help is what --help adds.
func (installCmd) Help() string {
	return `Installs a Cluster of provider existing straight onto a cluster, without
Crossplane, and waits until everything is ready. Run again, it changes what
differs and nothing else; stopped in the middle, it goes on where it was.

Exit codes: 0 everything is ready, or (--dry-run) nothing would change; 1 wrong
input, or something for people to settle: a conflict, something that does not
become ready, or (--dry-run) changes; 2 could not run.`
}

// Run installs.
func (c installCmd) Run(s streams) error {
	open, err := c.open(s, chartSource{folder: c.Charts, plainHTTP: c.PlainHTTP}, install.Options{Force: c.ForceConflicts, Prune: c.Prune})
	if err != nil {
		return err
	}
	if c.DryRun {
		return preview(s, open)
	}
	var summary install.Summary
	err = open.locked(func(ctx context.Context) (err error) {
		summary, err = open.installer.Install(ctx)
		return err
	})
	if summary.Total > 0 {
		_, _ = fmt.Fprintf(s.Out, "%d of %d ready, %d changed\n", summary.Ready, summary.Total, summary.Changed)
	}
	for _, left := range summary.Left {
		_, _ = fmt.Fprintf(s.Out, "left installed, no longer asked for (--prune removes it): %s\n", left)
	}
	for _, removed := range summary.Removed {
		_, _ = fmt.Fprintf(s.Out, "removed: %s\n", removed)
	}
	return err
}

func preview(s streams, open *session) error {
	ctx, stop := interruptible()
	defer stop()
	changes, err := open.installer.Preview(ctx)
	if err != nil {
		return err
	}
	if err := render.WriteDiff(s.Out, changes); err != nil {
		return err
	}
	if len(changes) > 0 {
		return errFindings
	}
	return nil
}
