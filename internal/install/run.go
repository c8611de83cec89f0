package install

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Summary of an installation.
type Summary struct {
	// Ready of Total things are ready; Changed of them were changed by this run.
	Ready, Total, Changed int
	// Removed were pruned, Left are there although the Cluster no longer asks for them.
	Removed, Left []string
}

// Install brings the cluster to what the Cluster asks for, and returns when everything is
// ready. What fails keeps what builds on it from beginning, and nothing else. The error
// is a *FailedError when anything of it failed.
func (i *Installer) Install(ctx context.Context) (Summary, error) {
	if err := i.notByCrossplane(ctx); err != nil {
		return Summary{}, err
	}
	plan, err := i.begin(ctx)
	if err != nil {
		return Summary{}, err
	}
	r := &run{Installer: i, done: map[string]map[string]any{}, failed: map[string]error{}, running: map[string]bool{}, results: make(chan result)}
	i.announce(plan)
	if err := r.play(ctx, plan); err != nil {
		return r.summary, err
	}
	return r.summary, i.leave(ctx, &r.summary)
}

// announce says what is going to be there, in the order of the plan.
func (i *Installer) announce(plan *compose.Plan) {
	held := map[string][]string{}
	for _, h := range plan.Held {
		held[h.Resource.Key] = h.For
	}
	for _, resource := range plan.All {
		if w, ok := wantOf(resource); ok {
			i.report(w.event(Held, waitsFor(plan, held[w.key])))
		}
	}
}

func waitsFor(plan *compose.Plan, keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return "waits for " + strings.Join(shortKeys(plan, keys), ", ")
}

// shortKeys are keys as people know them: without the name of the Cluster.
func shortKeys(plan *compose.Plan, keys []string) []string {
	out := make([]string, len(keys))
	for n, key := range keys {
		out[n] = strings.TrimPrefix(strings.TrimPrefix(key, plan.Cluster.Name+"-"), "app-")
	}
	return out
}

// run is one installation under way. Only play changes it.
type run struct {
	*Installer

	// done are the resources, as they were desired, that were brought about; failed those
	// that could not be; running those at work.
	done    map[string]map[string]any
	failed  map[string]error
	running map[string]bool
	results chan result
	summary Summary
}

// result of one step.
type result struct {
	want    want
	desired map[string]any
	seen    seen
	changed bool
	err     error
}

// play starts whatever the plan lets begin, and plans anew with what became of it, until
// nothing more begins.
func (r *run) play(ctx context.Context, plan *compose.Plan) error {
	for {
		if err := r.start(ctx, plan); err != nil {
			return err
		}
		if len(r.running) == 0 {
			break
		}
		r.take(<-r.results)
		var err error
		if plan, err = r.plan(); err != nil {
			return err
		}
	}
	r.count(plan)
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("cannot go on: %w", err)
	}
	return r.failure(plan)
}

// start begins the steps that may begin now. It returns an error only when what is
// installed cannot be remembered; then what runs is waited for.
func (r *run) start(ctx context.Context, plan *compose.Plan) error {
	if ctx.Err() != nil {
		return nil
	}
	for _, resource := range startable(plan, r.done, r.failed, r.running) {
		if len(r.running) >= atOnce {
			return nil
		}
		w, _ := wantOf(resource)
		if r.record.add(entryOf(w, r.seen[w.key].exists())) {
			if err := r.saveRecord(ctx); err != nil {
				for len(r.running) > 0 {
					r.take(<-r.results)
				}
				return fmt.Errorf("cannot remember what is installed: %w", err)
			}
		}
		r.running[w.key] = true
		before := r.seen[w.key]
		ours := !r.record.find(w.key).Found
		go func() { r.results <- r.step(ctx, w, before, ours, resource.Object) }()
	}
	return nil
}

// startable are the resources that may be brought about now: those that the plan does not
// hold back, and that are not at work, have not failed and are not as desired yet. What is
// desired can change while others become ready.
func startable(plan *compose.Plan, done map[string]map[string]any, failed map[string]error, running map[string]bool) []composed.Resource {
	var out []composed.Resource
	for _, resource := range plan.Resources {
		idle := !running[resource.Key] && failed[resource.Key] == nil
		if installable(resource) && idle && !reflect.DeepEqual(done[resource.Key], resource.Object) {
			out = append(out, resource)
		}
	}
	return out
}

func (r *run) step(ctx context.Context, w want, before seen, ours bool, desired map[string]any) result {
	out := result{want: w, desired: desired}
	ctx, cancel := context.WithTimeoutCause(ctx, r.options.Timeout, errTimeout)
	defer cancel()
	if w.object != nil {
		out.seen, out.changed, out.err = r.applyObject(ctx, w, before)
	} else {
		out.seen, out.changed, out.err = r.deploy(ctx, w, before, ours)
	}
	if out.err != nil && errors.Is(context.Cause(ctx), errTimeout) {
		out.err = r.timeoutError(w, out)
	}
	return out
}

// timeoutError says what was still missing when the time was over.
func (r *run) timeoutError(w want, out result) error {
	if out.seen.exists() && len(out.seen.unready) > 0 {
		return found("%s is not ready after %s: %s", w.text, r.options.Timeout, strings.Join(out.seen.unready, "; "))
	}
	return found("%s was not done within %s: %v", w.text, r.options.Timeout, out.err)
}

func (r *run) take(out result) {
	delete(r.running, out.want.key)
	if out.seen.exists() {
		r.seen[out.want.key] = out.seen
	}
	if out.changed {
		r.summary.Changed++
	}
	if out.err != nil {
		r.failed[out.want.key] = out.err
		r.report(out.want.event(Failed, out.err.Error()))
		return
	}
	r.done[out.want.key] = out.desired
}

// count tells how much of the plan is ready in the end.
func (r *run) count(plan *compose.Plan) {
	for _, resource := range plan.All {
		if !installable(resource) {
			continue
		}
		r.summary.Total++
		if r.done[resource.Key] != nil && r.failed[resource.Key] == nil {
			r.summary.Ready++
		}
	}
}

// FailedError says what failed, and what therefore did not begin.
type FailedError struct {
	Failures []error
	// Held are things that wait for what failed.
	Held []string
}

// Error lists everything, one a line.
func (e *FailedError) Error() string {
	out := make([]string, 0, len(e.Failures)+len(e.Held)+1)
	out = append(out, fmt.Sprintf("%d of the Cluster failed, %d did not begin", len(e.Failures), len(e.Held)))
	for _, err := range e.Failures {
		out = append(out, "- "+strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	for _, held := range e.Held {
		out = append(out, "- not begun: "+held)
	}
	return strings.Join(out, "\n")
}

// Found says whether everything that failed is for people to settle: then trying again
// changes nothing.
func (e *FailedError) Found() bool {
	return !slices.ContainsFunc(e.Failures, func(err error) bool { return !IsFound(err) })
}

// IsFound tells what was found, and is for people to settle, from what could not be tried.
func IsFound(err error) bool {
	if failed, ok := errors.AsType[*FailedError](err); ok {
		return failed.Found()
	}
	_, isFound := errors.AsType[*FoundError](err)
	_, conflict := errors.AsType[*ConflictError](err)
	return isFound || conflict
}

func (r *run) failure(plan *compose.Plan) error {
	if len(r.failed) == 0 {
		return nil
	}
	out := &FailedError{}
	for _, resource := range plan.All {
		if err := r.failed[resource.Key]; err != nil {
			out.Failures = append(out.Failures, err)
		}
	}
	for _, h := range plan.Held {
		if w, ok := wantOf(h.Resource); ok {
			out.Held = append(out.Held, cmp.Or(w.text, w.key)+" "+waitsFor(plan, h.For))
		}
	}
	return out
}
