package install

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
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

// announceHeld says what things still wait for, as others become ready.
func (r *run) announceHeld(plan *compose.Plan) {
	for _, h := range plan.Held {
		w, ok := wantOf(h.Resource)
		if ok && r.failed[w.key] == nil && !r.running[w.key] && r.done[w.key] == nil {
			r.report(w.event(Held, waitsFor(plan, h.For)))
		}
	}
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
		r.take(ctx, <-r.results)
		var err error
		if plan, err = r.plan(); err != nil {
			return err
		}
		r.announceHeld(plan)
	}
	r.count(plan)
	if err := context.Cause(ctx); err != nil {
		return &StoppedError{Cause: err, Unfinished: r.unfinished(plan)}
	}
	return r.failure(plan)
}

// unfinished is what an installation that was stopped has not brought about, in the order
// of the plan.
func (r *run) unfinished(plan *compose.Plan) []string {
	var out []string
	for _, resource := range plan.All {
		w, ok := wantOf(resource)
		switch {
		case !ok || (r.done[w.key] != nil && r.failed[w.key] == nil):
		case r.failed[w.key] != nil:
			out = append(out, w.text+": stopped in the middle")
		default:
			out = append(out, w.text+": not begun")
		}
	}
	return out
}

// start begins the steps that may begin now. It returns an error only when what is
// installed cannot be remembered; then what runs is waited for.
func (r *run) start(ctx context.Context, plan *compose.Plan) error {
	if over(ctx) {
		return nil
	}
	for _, resource := range startable(plan, r.done, r.failed, r.running) {
		if len(r.running) >= atOnce {
			return nil
		}
		w, _ := wantOf(resource)
		if r.record.add(entryOf(w, r.seen[w.key].exists())) {
			err := r.saveRecord(ctx)
			if over(ctx) {
				return nil
			}
			if err != nil {
				for len(r.running) > 0 {
					r.take(ctx, <-r.results)
				}
				return fmt.Errorf("cannot remember what is installed: %w", err)
			}
		}
		r.running[w.key] = true
		next := step{want: w, desired: resource.Object, before: r.seen[w.key], ours: !r.record.find(w.key).Found}
		go func() { r.results <- r.do(ctx, next) }()
	}
	return nil
}

func over(ctx context.Context) bool { return ctx.Err() != nil }

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

// step is one thing to bring about.
type step struct {
	want    want
	desired map[string]any
	before  seen
	// ours says that we made what is there.
	ours bool
}

func (r *run) do(ctx context.Context, s step) result {
	out := result{want: s.want, desired: s.desired}
	ctx, cancel := context.WithTimeoutCause(ctx, r.options.Timeout, errTimeout)
	defer cancel()
	if s.want.object != nil {
		out.seen, out.changed, out.err = r.applyObject(ctx, s.want, s.before)
	} else {
		out.seen, out.changed, out.err = r.deploy(ctx, s)
	}
	if out.err != nil && errors.Is(context.Cause(ctx), errTimeout) {
		out.err = r.timeoutError(s.want, out)
	}
	out.err = r.secrets.discreet(out.err)
	return out
}

// timeoutError says what was still missing when the time was over.
func (r *run) timeoutError(w want, out result) error {
	if out.seen.exists() && len(out.seen.unready) > 0 {
		return found("%s is not ready after %s: %s", w.text, r.options.Timeout, strings.Join(out.seen.unready, "; "))
	}
	if errors.Is(out.err, errTimeout) {
		return found("%s was not done within %s", w.text, r.options.Timeout)
	}
	return found("%s was not done within %s: %v", w.text, r.options.Timeout, out.err)
}

func (r *run) take(ctx context.Context, out result) {
	delete(r.running, out.want.key)
	if out.seen.exists() {
		r.seen[out.want.key] = out.seen
	}
	if out.changed {
		r.summary.Changed++
	}
	if out.err != nil {
		why := out.err.Error()
		if ctx.Err() != nil && (errors.Is(out.err, context.Cause(ctx)) || errors.Is(out.err, context.Canceled)) {
			why = "stopped"
		}
		r.failed[out.want.key] = out.err
		r.report(out.want.event(Failed, why))
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
