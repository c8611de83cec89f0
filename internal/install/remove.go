package install

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
)

// shortly is how long finding out what is left may take.
const shortly = 5 * time.Second

// leave removes, or names, what was installed and is no longer asked for.
func (i *Installer) leave(ctx context.Context, summary *Summary) error {
	plan, err := i.plan()
	if err != nil {
		return err
	}
	gone := leftovers(i.record, plan)
	if !i.options.Prune {
		for _, e := range gone {
			summary.Left = append(summary.Left, e.Text)
		}
		return nil
	}
	removed, err := i.removeAll(ctx, gone)
	summary.Removed = removed
	return err
}

// leftovers are what was installed and is no longer asked for, and may be removed, in the
// order of the record. What stands in the plan under another key is not among them.
func leftovers(r *record, plan *compose.Plan) []entry {
	keys, things := map[string]bool{}, map[string]bool{}
	for _, resource := range plan.All {
		if w, ok := wantOf(resource); ok {
			keys[w.key] = true
			things[entryOf(w, false).thing()] = true
		}
	}
	var out []entry
	for _, e := range r.Entries {
		if !keys[e.Key] && !things[e.thing()] && e.removable() {
			out = append(out, e)
		}
	}
	return out
}

// thing identifies what an entry is about.
func (e entry) thing() string {
	if e.Release != nil {
		return "release " + e.Release.String()
	}
	return strings.Join([]string{e.Object.gvk().GroupKind().String(), e.Object.Namespace, e.Object.Name}, "/")
}

// removalOrder lets nothing go before what builds on it: the newest first of those on
// which nothing that is left builds.
func removalOrder(entries []entry) []entry {
	left := slices.Clone(entries)
	var out []entry
	for len(left) > 0 {
		at := len(left) - 1
		for n := range slices.Backward(left) {
			if !usedBy(left, left[n].Key) {
				at = n
				break
			}
		}
		out = append(out, left[at])
		left = slices.Delete(left, at, at+1)
	}
	return out
}

func usedBy(entries []entry, key string) bool {
	return slices.ContainsFunc(entries, func(e entry) bool { return e.Key != key && slices.Contains(e.After, key) })
}

// removeAll removes one after another, and forgets each once it is gone. What is still
// built on, because removing that failed, stays.
func (i *Installer) removeAll(ctx context.Context, entries []entry) (removed []string, err error) {
	var failed []entry
	var errs []error
	order := removalOrder(entries)
	for n, e := range order {
		if cause := context.Cause(ctx); cause != nil {
			return removed, &StoppedError{Cause: cause, Unfinished: textsOf(append(failed, order[n:]...))}
		}
		if usedBy(failed, e.Key) {
			failed = append(failed, e)
			errs = append(errs, found("%s stays: what builds on it could not be removed", e.Text))
			continue
		}
		if err := i.remove(ctx, e); err != nil {
			failed = append(failed, e)
			errs = append(errs, err)
			i.report(e.event(Failed, err.Error()))
			continue
		}
		removed = append(removed, e.Text)
		i.record.remove(e.Key)
		if err := i.saveRecord(ctx); err != nil {
			return removed, fmt.Errorf("cannot remember what is removed: %w", err)
		}
		i.report(e.event(Done, "removed"))
	}
	if cause := context.Cause(ctx); cause != nil && len(failed) > 0 {
		return removed, &StoppedError{Cause: cause, Unfinished: textsOf(failed)}
	}
	if len(errs) > 0 {
		return removed, &FailedError{Failures: errs}
	}
	return removed, nil
}

func textsOf(entries []entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Text+": still there")
	}
	return out
}

func (e entry) event(state State, detail string) Event {
	return Event{Key: e.Key, Group: "removed", Text: e.Text, State: state, Detail: detail}
}

func (i *Installer) remove(ctx context.Context, e entry) error {
	i.report(e.event(Working, "removing"))
	ctx, cancel := context.WithTimeoutCause(ctx, i.options.Timeout, errTimeout)
	defer cancel()
	if e.Release != nil {
		return i.removeRelease(ctx, e)
	}
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(e.Object.gvk())
	obj.SetNamespace(e.Object.Namespace)
	obj.SetName(e.Object.Name)
	return i.removeObject(ctx, e, obj)
}

// removeRelease uninstalls a release, and says what of it does not go.
func (i *Installer) removeRelease(ctx context.Context, e entry) error {
	release, err := i.charts.Last(ctx, *e.Release)
	if err != nil || release == nil {
		return err
	}
	err = i.charts.Uninstall(ctx, *e.Release)
	if errors.Is(err, errTimeout) {
		return found("release %s is not gone after %s: still there: %s", e.Release, i.options.Timeout, cmp.Or(strings.Join(i.stillThere(ctx, release.Objects), ", "), "its record"))
	}
	if err != nil {
		return fmt.Errorf("cannot uninstall release %s: %w", e.Release, err)
	}
	return nil
}

// stillThere names those of the objects that exist, when the time for their removal is
// over already.
func (i *Installer) stillThere(ctx context.Context, objects []*unstructured.Unstructured) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shortly)
	defer cancel()
	var out []string
	for _, obj := range objects {
		if live, err := i.get(ctx, obj); err == nil && live != nil {
			out = append(out, fmt.Sprintf("%s (finalizers %q)", title(live), live.GetFinalizers()))
		}
	}
	return out
}

// removeObject deletes an object and waits until it is gone: a controller that has to
// finish it must not go before it.
func (i *Installer) removeObject(ctx context.Context, e entry, id *unstructured.Unstructured) error {
	live, err := i.get(ctx, id)
	if err != nil || live == nil {
		return err
	}
	uid := live.GetUID()
	if err := i.target.Delete(ctx, live); err != nil && !absent(err) {
		return err
	}
	for {
		live, err := i.get(ctx, id)
		if err != nil {
			return err
		}
		if live == nil || live.GetUID() != uid {
			return nil
		}
		if f := live.GetFinalizers(); len(f) > 0 {
			i.report(e.event(Settling, title(live)+" waits for its finalizers: "+strings.Join(f, ", ")))
		}
		if err := wait(ctx, i.options.Poll); err != nil {
			if errors.Is(err, errTimeout) {
				return found("%s is not gone after %s: its finalizers are %q, which a controller has to take away", title(live), i.options.Timeout, live.GetFinalizers())
			}
			return err
		}
	}
}

// Removal says what an uninstallation removes, or has removed, and what it leaves.
type Removal struct{ Removed, Left []string }

// Uninstall removes what was installed for the Cluster, also what it no longer asks for:
// nothing before what builds on it. What was there before stays, and so do namespaces and
// definitions, with what others have put there. dryRun only tells.
func (i *Installer) Uninstall(ctx context.Context, dryRun bool) (Removal, error) {
	if err := i.notByCrossplane(ctx); err != nil {
		return Removal{}, err
	}
	if err := i.loadRecord(ctx); err != nil {
		return Removal{}, err
	}
	if len(i.record.Entries) == 0 {
		return Removal{}, nil
	}
	var removable []entry
	out := Removal{}
	for _, e := range i.record.Entries {
		if e.removable() {
			removable = append(removable, e)
			continue
		}
		out.Left = append(out.Left, e.Text)
	}
	if dryRun {
		for _, e := range removalOrder(removable) {
			out.Removed = append(out.Removed, e.Text)
		}
		return out, nil
	}
	for _, e := range removalOrder(removable) {
		i.report(e.event(Held, ""))
	}
	var err error
	if out.Removed, err = i.removeAll(ctx, removable); err != nil {
		return out, err
	}
	// The way to what is left goes last, as the plan's Usages have it for Crossplane.
	if err := i.target.Delete(ctx, i.recordObject()); err != nil && !absent(err) {
		return out, err
	}
	return out, nil
}
