package install

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// lag is how long a kind, a namespace or a webhook that was just made may take until the
// API server knows it.
const lag = 30 * time.Second

// applyObject applies an object and waits until it is ready.
func (i *Installer) applyObject(ctx context.Context, w want, before seen) (seen, bool, error) {
	if w.given {
		return i.lookFor(ctx, w)
	}
	live, verb, err := i.bring(ctx, w, before.object)
	if err != nil {
		return before, false, err
	}
	s := seen{want: w, object: live, unready: lines(live, unready(live))}
	err = i.settle(ctx, w, func(ctx context.Context) ([]string, error) {
		next, err := i.observe(ctx, w)
		if err != nil {
			return nil, err
		}
		s = next
		return s.unready, nil
	}, &s.unready)
	if err == nil {
		i.report(w.event(Done, verb))
	}
	return s, verb != unchanged, err
}

// unchanged is what is said of what is as desired already.
const unchanged = "unchanged"

// bring applies an object, unless that would change nothing, and tells what was done.
func (i *Installer) bring(ctx context.Context, w want, before *unstructured.Unstructured) (live *unstructured.Unstructured, verb string, err error) {
	verb = "created"
	if before != nil {
		verb = "changed"
		if fields, err := i.compare(ctx, w.object, before); err != nil || len(fields) == 0 {
			return before, unchanged, err
		}
	}
	i.report(w.event(Working, "applying"))
	live, err = i.applyPatiently(ctx, w.object)
	return live, verb, err
}

// lookFor finds what others have to make.
func (i *Installer) lookFor(ctx context.Context, w want) (seen, bool, error) {
	s, err := i.observe(ctx, w)
	if err == nil && s.object == nil {
		err = found("cannot find %s, which the Cluster names: it has to be in the cluster that is installed on", title(w.object))
	}
	if err == nil {
		s.unready = nil
		i.report(w.event(Done, "is there"))
	}
	return s, false, err
}

// applyPatiently applies, and tries again while the API server does not know yet what was
// just made.
func (i *Installer) applyPatiently(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	limit := time.Now().Add(lag)
	for {
		live, err := i.target.Apply(ctx, obj, ApplyOptions{Force: i.options.Force})
		if err == nil {
			return live, nil
		}
		if conflict := conflictOf(title(obj), err); conflict != nil {
			return nil, conflict
		}
		mayPass := absent(err) || apierrors.IsInternalError(err)
		if !mayPass || time.Now().After(limit) {
			return nil, err
		}
		if wait(ctx, i.options.Poll) != nil {
			return nil, errors.Join(context.Cause(ctx), err)
		}
	}
}

// deploy brings a release to what is desired, and waits until its objects are ready.
func (i *Installer) deploy(ctx context.Context, todo step) (seen, bool, error) {
	w, before := todo.want, todo.before
	d, _, err := i.resolved(ctx, w, before)
	if err != nil {
		return before, false, err
	}
	how, why := decide(before, d, todo.ours)
	d.How = how
	if how == Refuse {
		return before, false, found("cannot deploy %s: release %s: %s (--force-conflicts takes it)", w.text, w.release, why)
	}
	s, verb := before, unchanged
	if how != Keep {
		if verb, err = i.change(ctx, w, d, &s); err != nil {
			return s, false, err
		}
	}
	err = i.settle(ctx, w, func(ctx context.Context) ([]string, error) {
		unready, _, err := i.unreadyOf(ctx, s.release.Objects)
		if err == nil {
			s.unready = unready
		}
		return unready, err
	}, &s.unready)
	if err == nil {
		i.report(w.event(Done, verb))
	}
	return s, how != Keep, err
}

// resolved is the deployment of a release, with the version that its chart's address
// stands for. That is asked only where there is something to compare it with.
func (i *Installer) resolved(ctx context.Context, w want, before seen) (d Deployment, hidden []string, err error) {
	d, hidden, err = i.deployment(ctx, w)
	if err == nil && d.Chart.Version == "" && before.release != nil {
		d.Chart.Version, err = i.charts.Version(ctx, d.Chart)
	}
	return d, hidden, err
}

// change deploys, and tells what was done.
func (i *Installer) change(ctx context.Context, w want, d Deployment, s *seen) (verb string, err error) {
	working := map[How]string{
		Install: "installing", Restart: "installing again what was not finished", Finish: "finishing its removal, then installing",
		Upgrade: "upgrading", Mend: "upgrading after what was not finished",
	}
	i.report(w.event(Working, working[d.How]))
	if err := i.conflicts(ctx, w, d); err != nil {
		return "", err
	}
	release, err := i.charts.Deploy(ctx, d)
	if conflict := conflictOf("release "+d.ID.String(), err); conflict != nil {
		return "", conflict
	}
	if err != nil {
		return "", fmt.Errorf("cannot deploy %s: %w", w.text, err)
	}
	s.release = release
	s.want = w
	s.unready, s.missing, err = i.unreadyOf(ctx, release.Objects)
	if d.How == Install || d.How == Restart || d.How == Finish {
		return "installed", err
	}
	return fmt.Sprintf("upgraded to revision %d", release.Revision), err
}

// conflicts finds, before anything is changed, what would be changed and others own: a
// release that fails in the middle is harder to settle.
func (i *Installer) conflicts(ctx context.Context, w want, d Deployment) error {
	if d.Force {
		return nil
	}
	objects, err := i.charts.Render(ctx, d)
	if err != nil {
		return fmt.Errorf("cannot deploy %s: %w", w.text, err)
	}
	var errs []error
	for _, obj := range objects {
		foreign, err := i.foreign(ctx, d.ID, obj)
		if err != nil {
			return err
		}
		if foreign != nil {
			errs = append(errs, foreign)
			continue
		}
		_, err = i.target.Apply(ctx, obj, ApplyOptions{DryRun: true})
		if conflict := conflictOf(title(obj)+" of release "+d.ID.String(), err); conflict != nil {
			errs = append(errs, conflict)
		}
	}
	return errors.Join(errs...)
}

// foreign says that an object of a chart exists already and is not of its release; Helm
// would refuse it without saying whose it is. Secrets are not read: Helm does that.
func (i *Installer) foreign(ctx context.Context, id ReleaseID, obj *unstructured.Unstructured) (problem, err error) {
	if isSecret(obj) {
		return nil, nil
	}
	live, err := i.get(ctx, obj)
	if err != nil || live == nil {
		return nil, err
	}
	owner := ReleaseID{live.GetAnnotations()["meta.helm.sh/release-namespace"], live.GetAnnotations()["meta.helm.sh/release-name"]}
	if owner == id {
		return nil, nil
	}
	made := "managed by " + strings.Join(managersOf(live), ", ")
	if owner.Name != "" {
		made = "of release " + owner.String()
	}
	return found("cannot deploy release %s: %s is there already, %s (--force-conflicts takes it)", id, title(live), made), nil
}

func isSecret(obj *unstructured.Unstructured) bool {
	return obj.GroupVersionKind().Group == "" && obj.GetKind() == "Secret"
}

// managersOf an object's fields, sorted.
func managersOf(obj *unstructured.Unstructured) []string {
	var out []string
	for _, m := range obj.GetManagedFields() {
		out = append(out, strconv.Quote(m.Manager))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// settle waits until nothing is unready any more.
func (i *Installer) settle(ctx context.Context, w want, look func(context.Context) ([]string, error), unready *[]string) error {
	shown := ""
	for len(*unready) > 0 {
		if now := (*unready)[0]; now != shown {
			shown = now
			i.report(w.event(Settling, shown))
		}
		if err := wait(ctx, i.options.Poll); err != nil {
			return err
		}
		if _, err := look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// wait for a while, or until the context ends; then it returns the cause.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx) //nolint:wrapcheck // what it is depends on who ended it
	}
}
