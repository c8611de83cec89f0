package install

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/render"
)

// Preview tells what Install would change, and changes nothing: the API server itself
// says what objects would become. What is held back until something else is ready is
// compared as it will be applied.
func (i *Installer) Preview(ctx context.Context) ([]render.Change, error) {
	if err := i.notByCrossplane(ctx); err != nil {
		return nil, err
	}
	plan, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	var out []render.Change
	for _, resource := range plan.All {
		w, ok := wantOf(resource)
		if !ok {
			continue
		}
		changes, err := i.preview(ctx, w)
		if err != nil {
			return nil, i.secrets.discreet(err)
		}
		out = append(out, changes...)
	}
	for _, e := range leftovers(i.record, plan) {
		c := render.Change{Key: e.Key, Resource: e.Text, Fate: render.Deleted}
		if !i.options.Prune {
			c.Fate, c.Why = render.Released, "no longer asked for; --prune removes it"
		}
		out = append(out, c)
	}
	for n := range out {
		out[n].Cluster = i.cluster.Namespace + "/" + i.cluster.Name
	}
	return out, nil
}

func (i *Installer) preview(ctx context.Context, w want) ([]render.Change, error) {
	if w.object == nil {
		return i.previewRelease(ctx, w)
	}
	if w.given {
		return nil, nil
	}
	change, err := i.previewObject(ctx, w.object)
	if change == nil {
		return nil, err
	}
	change.Key, change.Resource = w.key, w.text
	return []render.Change{*change}, err
}

// previewObject is nil if nothing changes.
func (i *Installer) previewObject(ctx context.Context, obj *unstructured.Unstructured) (*render.Change, error) {
	live, err := i.get(ctx, obj)
	if err != nil {
		return nil, err
	}
	change := &render.Change{Resource: title(obj), Fate: render.Created}
	if live != nil {
		change.Fate = render.Changed
	}
	change.Fields, err = i.compare(ctx, obj, live)
	conflict, isConflict := errors.AsType[*ConflictError](err)
	switch {
	case isConflict:
		change.Fate, change.Why = render.Refused, strings.Join(conflict.Owners, ", ")
		return change, nil
	case live == nil && absent(err):
		return change, nil // its kind or namespace comes with something else
	case err != nil:
		return nil, err
	case live != nil && len(change.Fields) == 0:
		return nil, nil //nolint:nilnil // nothing changes
	}
	return change, nil
}

// compare asks the API server what would become of an object that is there. Applying what
// changes nothing may still write: defaults of a status that nobody wrote yet, for example.
func (i *Installer) compare(ctx context.Context, obj, live *unstructured.Unstructured) ([]render.FieldChange, error) {
	after, err := i.target.Apply(ctx, obj, ApplyOptions{DryRun: true, Force: i.options.Force})
	if conflict := conflictOf(title(obj), err); conflict != nil {
		return nil, conflict
	}
	if err != nil || live == nil {
		return nil, err
	}
	return withoutSecrets(obj, render.FieldChanges("", plain(live), plain(after))), nil
}

// plain is an object without what the API server counts and notes.
func plain(obj *unstructured.Unstructured) map[string]any {
	out := obj.DeepCopy()
	for _, name := range []string{"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"} {
		unstructured.RemoveNestedField(out.Object, "metadata", name)
	}
	unstructured.RemoveNestedField(out.Object, "status")
	return out.Object
}

// hiddenValue stands for what must not be shown.
const hiddenValue = "(hidden)"

// withoutSecrets hides the values of Secrets.
func withoutSecrets(obj *unstructured.Unstructured, fields []render.FieldChange) []render.FieldChange {
	if obj.GetKind() != "Secret" {
		return fields
	}
	return hide(fields, "data", "stringData", "metadata.annotations")
}

// hide hides the values of fields at and below paths.
func hide(fields []render.FieldChange, paths ...string) []render.FieldChange {
	for n, f := range fields {
		under := func(path string) bool {
			return f.Path == path || strings.HasPrefix(f.Path, path+".") || strings.HasPrefix(f.Path, path+"[") || strings.HasPrefix(path, f.Path+".")
		}
		if !slices.ContainsFunc(paths, under) {
			continue
		}
		if f.Before != nil {
			fields[n].Before = hiddenValue
		}
		if f.After != nil {
			fields[n].After = hiddenValue
		}
	}
	return fields
}

func (i *Installer) previewRelease(ctx context.Context, w want) ([]render.Change, error) {
	before := i.seen[w.key]
	d, hidden, err := i.resolved(ctx, w, before)
	if err != nil {
		return nil, err
	}
	known := i.record.find(w.key)
	how, why := decide(before, d, known != nil && !known.Found)
	d.How = how
	change := render.Change{Key: w.key, Resource: w.text, Fate: render.Created}
	switch how {
	case Keep:
		return nil, nil
	case Refuse:
		change.Fate, change.Why = render.Refused, why
		return []render.Change{change}, nil
	}
	objects, err := i.charts.Render(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("cannot show %s: %w", w.text, err)
	}
	if how != Upgrade && how != Mend {
		change.Why = counted(len(objects), "object")
		err := i.refusal(ctx, d, objects, &change)
		return []render.Change{change}, err
	}
	change.Fate = render.Changed
	change.Fields = releaseFields(before.release, d, hidden)
	parts, err := i.previewParts(ctx, w, before.release.Objects, objects)
	return append([]render.Change{change}, parts...), err
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// refusal notes what of a new release is there already and somebody else's.
func (i *Installer) refusal(ctx context.Context, d Deployment, objects []*unstructured.Unstructured, change *render.Change) error {
	if d.Force {
		return nil
	}
	var problems []string
	for _, obj := range objects {
		problem, err := i.foreign(ctx, d.ID, obj)
		if err != nil {
			return err
		}
		if problem != nil {
			problems = append(problems, problem.Error())
		}
	}
	if len(problems) > 0 {
		change.Fate, change.Why = render.Refused, strings.Join(problems, "; ")
	}
	return nil
}

func releaseFields(have *Release, d Deployment, hidden []string) []render.FieldChange {
	was, is := normal(have.Values), normal(d.Values)
	values := hide(render.FieldChanges("", emptyIfNil(was), emptyIfNil(is)), hidden...)
	for n := range values {
		values[n].Path = "values." + values[n].Path
	}
	chart := render.FieldChanges("", map[string]any{"chart": have.Chart, "version": have.Version}, map[string]any{"chart": d.Chart.Name, "version": d.Chart.Version})
	if have.Status != statusDeployed {
		chart = append(chart, render.FieldChange{Path: "status", Before: have.Status, After: statusDeployed})
	}
	return append(chart, values...)
}

func emptyIfNil(v any) any {
	if v == nil {
		return map[string]any{}
	}
	return v
}

// previewParts compares the objects of a release, by their names.
func (i *Installer) previewParts(ctx context.Context, w want, before, after []*unstructured.Unstructured) ([]render.Change, error) {
	was, is := byTitle(before), byTitle(after)
	var out []render.Change
	for _, name := range slices.Sorted(maps.Keys(is)) {
		change, err := i.previewObject(ctx, is[name])
		if err != nil {
			return nil, err
		}
		if change != nil {
			change.Key = w.key
			out = append(out, *change)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if is[name] == nil {
			out = append(out, render.Change{Key: w.key, Resource: name, Fate: render.Deleted})
		}
	}
	return out, nil
}

func byTitle(objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	out := map[string]*unstructured.Unstructured{}
	for _, obj := range objects {
		out[title(obj)] = obj
	}
	return out
}
