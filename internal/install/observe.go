package install

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// seen is what is there of one thing. The zero value: nothing.
type seen struct {
	want    want
	release *Release
	object  *unstructured.Unstructured
	// unready says, a line each, what is not ready yet.
	unready []string
	// missing says that an object of the release is not there.
	missing bool
}

func (s seen) exists() bool { return s.release != nil || s.object != nil }

// running says that it was up at some time, so that the plan neither holds it back nor
// takes values away from it.
func (s seen) running() bool {
	return s.object != nil || (s.release != nil && s.release.EverDeployed)
}

func (s seen) ready() bool {
	return s.running() && len(s.unready) == 0 && (s.release == nil || s.release.Status == statusDeployed)
}

// reason is that of the condition Ready.
func (s seen) reason() string {
	switch {
	case s.ready():
		return "Available"
	case s.release != nil && s.release.Status != statusDeployed:
		return s.release.Status
	default:
		return "NotReady"
	}
}

// fields are what Crossplane's providers would say of it; nil if it is not running.
func (s seen) fields() composed.Fields { //nolint:ireturn // as package composed has it
	if !s.running() {
		return nil
	}
	ready := "False"
	if s.ready() {
		ready = "True"
	}
	conditions := []any{map[string]any{"type": composed.ConditionReady, "status": ready, "reason": s.reason()}}
	if s.object != nil {
		return composed.JSON{
			"spec":   map[string]any{"forProvider": map[string]any{"manifest": s.object.Object}},
			"status": map[string]any{"atProvider": map[string]any{"manifest": s.object.Object}, "conditions": conditions},
		}
	}
	return composed.JSON{
		"spec": map[string]any{"forProvider": map[string]any{
			"chart":  map[string]any{"name": s.release.Chart, "version": s.release.Version},
			"values": s.release.Values,
		}},
		"status": map[string]any{"atProvider": map[string]any{"version": s.release.Version}, "conditions": conditions},
	}
}

// observeAll looks at everything that the Cluster is composed of.
func (i *Installer) observeAll(ctx context.Context, resources []composed.Resource) error {
	var group sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	slots := make(chan struct{}, atOnce)
	for _, r := range resources {
		w, ok := wantOf(r)
		if !ok {
			continue
		}
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s, err := i.observe(ctx, w)
			mu.Lock()
			defer mu.Unlock()
			i.seen[w.key] = s
			if err != nil {
				errs = append(errs, err)
			}
		})
	}
	group.Wait()
	return worthSaying(errs)
}

// worthSaying is the first error: what fails for one thing mostly fails for all. What is
// forbidden is said of every kind, so that it can be allowed at once.
func worthSaying(errs []error) error {
	var forbidden []string
	for _, err := range errs {
		if status := apierrors.APIStatus(nil); apierrors.IsForbidden(err) && errors.As(err, &status) {
			forbidden = append(forbidden, status.Status().Message)
		}
	}
	switch {
	case len(errs) == 0:
		return nil
	case len(forbidden) < len(errs):
		return errs[slices.IndexFunc(errs, func(err error) bool { return !apierrors.IsForbidden(err) })]
	}
	slices.Sort(forbidden)
	return fmt.Errorf("cannot look at what is there, as this is forbidden:\n- %s", strings.Join(slices.Compact(forbidden), "\n- "))
}

func (i *Installer) observe(ctx context.Context, w want) (seen, error) {
	s := seen{want: w}
	var err error
	if w.object != nil {
		s.object, err = i.get(ctx, w.object)
		if s.object != nil {
			s.unready = lines(w.object, unready(s.object))
		}
		return s, err
	}
	if s.release, err = i.charts.Last(ctx, w.release); err != nil || s.release == nil {
		return s, err
	}
	s.unready, s.missing, err = i.unreadyOf(ctx, s.release.Objects)
	return s, err
}

// unreadyOf looks at the objects of a release. Secrets are not read: they are ready when
// they are there, and nobody has to let us see them.
func (i *Installer) unreadyOf(ctx context.Context, objects []*unstructured.Unstructured) (out []string, missing bool, err error) {
	for _, obj := range objects {
		if isSecret(obj) {
			continue
		}
		live, err := i.get(ctx, obj)
		if err != nil {
			return nil, false, err
		}
		missing = missing || live == nil
		out = append(out, lines(obj, unready(live))...)
	}
	return out, missing, nil
}

func lines(obj *unstructured.Unstructured, why string) []string {
	if why == "" {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s", title(obj), why)}
}

// get returns an object as it is now; nil if it does not exist.
func (i *Installer) get(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live, err := i.target.Get(ctx, obj.GroupVersionKind(), obj.GetNamespace(), obj.GetName())
	if absent(err) {
		return nil, nil //nolint:nilnil // nothing is an answer here
	}
	return live, err
}

var errTimeout = errors.New("the time of this step is over")
