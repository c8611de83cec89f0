package install

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"helm.sh/helm/v4/pkg/strvals"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

// want is one thing that a Cluster asks for: a release or an object.
type want struct {
	key   string
	after []string
	// Group and words for people: the app, and what it is.
	group, text string
	// release is the namespace and name of a release, and spec what the plan's Release
	// says of it (spec.forProvider); both are empty for objects.
	release ReleaseID
	spec    composed.JSON
	// object is what is to be applied; nil for releases.
	object *unstructured.Unstructured
	// given objects are somebody else's to make: the plan copies them from the cluster of
	// Crossplane, which here is the same one.
	given bool
	// stays says that the object is never deleted: what is in it would go too.
	stays bool
}

// installable says whether a resource is installed. What is neither Release nor Object is
// there for Crossplane only: how it reaches the cluster, and what it may not delete yet.
func installable(r composed.Resource) bool {
	return r.Object["kind"] == "Release" || r.Object["kind"] == "Object"
}

// wantOf reads a resource of the plan that is installable.
func wantOf(r composed.Resource) (want, bool) {
	obj := composed.JSON(r.Object)
	w := want{key: r.Key, after: r.After, group: r.For, text: render.Describe(r)}
	switch r.Object["kind"] {
	case "Release":
		spec, _ := obj.Field("spec", "forProvider").(map[string]any)
		w.spec = spec
		w.release = ReleaseID{Namespace: text(w.spec, "namespace"), Name: text(obj, "metadata", "annotations", composed.ExternalName)}
		return w, true
	case "Object":
		manifest, _ := obj.Field("spec", "forProvider", "manifest").(map[string]any)
		w.object = &unstructured.Unstructured{Object: runtime.DeepCopyJSON(jsonNumbers(manifest))}
		w.given = obj.Field("spec", "references") != nil
		w.stays = slices.Contains([]string{"Namespace", "CustomResourceDefinition"}, w.object.GetKind())
		return w, true
	default:
		return want{}, false
	}
}

func text(obj composed.JSON, path ...string) string {
	s, _ := obj.Field(path...).(string)
	return s
}

// jsonNumbers gives numbers the types that DeepCopyJSON takes.
func jsonNumbers(obj map[string]any) map[string]any {
	out, _ := jsonNumber(obj).(map[string]any)
	return out
}

func jsonNumber(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = jsonNumber(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = jsonNumber(item)
		}
		return out
	case int:
		return int64(v)
	default:
		return v
	}
}

// deployment says how a release is deployed: what the plan says, with the values and
// credentials that it takes from Secrets beside the Cluster, as Crossplane's provider
// does. hidden are the paths of the values that must not be shown.
func (i *Installer) deployment(ctx context.Context, w want) (d Deployment, hidden []string, err error) {
	d = Deployment{ID: w.release, Force: i.options.Force, Chart: Chart{
		Name:       text(w.spec, "chart", "name"),
		Version:    text(w.spec, "chart", "version"),
		Repository: text(w.spec, "chart", "repository"),
		URL:        text(w.spec, "chart", "url"),
	}}
	values, _ := w.spec.Field("values").(map[string]any)
	d.Values = runtime.DeepCopyJSON(jsonNumbers(values))
	if d.Values == nil {
		d.Values = map[string]any{}
	}
	sets, _ := w.spec.Field("set").([]any)
	for _, item := range sets {
		set, _ := item.(map[string]any)
		name, err := i.set(ctx, set, d.Values)
		if err != nil {
			return d, nil, fmt.Errorf("cannot deploy release %q: %w", w.release, err)
		}
		hidden = append(hidden, name)
	}
	if name := text(w.spec, "chart", "pullSecretRef", "name"); name != "" && !i.options.LocalCharts {
		if d.Chart.Username, err = i.secret(ctx, name, "username"); err == nil {
			d.Chart.Password, err = i.secret(ctx, name, "password")
		}
		i.secrets.add(d.Chart.Password)
		if err != nil {
			return d, nil, fmt.Errorf("cannot pull chart %q: %w", d.Chart.Name, err)
		}
	}
	return d, hidden, nil
}

// set lays one value over others, written as provider-helm writes it, so that it finds
// the same values when it takes the release over.
func (i *Installer) set(ctx context.Context, set composed.JSON, values map[string]any) (name string, err error) {
	name = text(set, "name")
	value := text(set, "value")
	if secret := text(set, "valueFrom", "secretKeyRef", "name"); secret != "" {
		if value, err = i.secret(ctx, secret, text(set, "valueFrom", "secretKeyRef", "key")); err != nil {
			return name, err
		}
		i.secrets.add(value)
	}
	if err := strvals.ParseInto(name+"="+value, values); err != nil {
		// The value may be a secret: the error, which repeats it, is not passed on.
		return name, fmt.Errorf("cannot set value %q: it is not in the form of helm --set", name)
	}
	return name, nil
}

// secret reads a key of a Secret in the namespace of the Cluster.
func (i *Installer) secret(ctx context.Context, name, key string) (string, error) {
	namespace := i.cluster.Namespace
	obj, err := i.target.Get(ctx, schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, namespace, name)
	if absent(err) {
		return "", found("cannot find Secret %s/%s, which the Cluster names: it has to be in the cluster that is installed on", namespace, name)
	}
	if err != nil {
		return "", err
	}
	data, _, _ := unstructured.NestedStringMap(obj.Object, "data")
	raw, err := base64.StdEncoding.DecodeString(data[key])
	if err != nil || len(raw) == 0 {
		return "", found("cannot find key %q in Secret %s/%s: it has %q", key, namespace, name, slices.Sorted(maps.Keys(data)))
	}
	return string(raw), nil
}
