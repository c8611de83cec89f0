package main

import (
	"context"
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/install"
)

type uninstallCmd struct {
	target

	DryRun bool `help:"Show what would be removed, in this order, and remove nothing."`
}

// Help is what --help adds.
func (uninstallCmd) Help() string {
	return `Removes what gatehouse install has installed for a Cluster, also what the Cluster
no longer asks for: nothing before what builds on it. What was there before
stays; so do namespaces and definitions of kinds, with what others put there.

Exit codes: 0 everything is gone, 1 wrong input, or something could not be
removed and says why, 2 could not run.`
}

// Run removes.
func (c uninstallCmd) Run(s streams) error {
	open, err := c.open(s, chartSource{}, install.Options{})
	if err != nil {
		return err
	}
	var removal install.Removal
	if c.DryRun {
		ctx, stop := interruptible()
		defer stop()
		removal, err = open.installer.Uninstall(ctx, true)
	} else {
		err = open.locked(func(ctx context.Context) (err error) {
			removal, err = open.installer.Uninstall(ctx, false)
			return err
		})
	}
	verb := "removed"
	if c.DryRun {
		verb = "would remove"
	}
	for _, removed := range removal.Removed {
		_, _ = fmt.Fprintf(s.Out, "%s: %s\n", verb, removed)
	}
	for _, left := range removal.Left {
		_, _ = fmt.Fprintf(s.Out, "left: %s\n", left)
	}
	if err == nil && len(removal.Removed)+len(removal.Left) == 0 {
		_, _ = fmt.Fprintln(s.Out, "nothing is installed")
	}
	return err
}
