package charts

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// An object is a Kubernetes object as it is written.
type object map[string]any

func (o object) group() string {
	apiVersion, _ := o["apiVersion"].(string)
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return group
}

func (o object) kind() string { return o.text("kind") }
func (o object) name() string { return o.text("metadata.name") }

// at returns what stands at a path like spec.rules.0.backendRefs, or nil.
func (o object) at(path string) any {
	var value any = map[string]any(o)
	for step := range strings.SplitSeq(path, ".") {
		switch at := value.(type) {
		case map[string]any:
			value = at[step]
		case []any:
			i := -1
			if _, err := fmt.Sscanf(step, "%d", &i); err != nil || i < 0 || i >= len(at) {
				return nil
			}
			value = at[i]
		default:
			return nil
		}
	}
	return value
}

func (o object) text(path string) string {
	text, _ := o.at(path).(string)
	return text
}

// list returns the objects of a list; nothing when there is none.
func (o object) list(path string) []object {
	items, _ := o.at(path).([]any)
	var out []object
	for _, item := range items {
		if fields, ok := item.(map[string]any); ok {
			out = append(out, fields)
		}
	}
	return out
}

// labels returns a map of texts, as labels, selectors and annotations are.
func (o object) labels(path string) map[string]string {
	fields, _ := o.at(path).(map[string]any)
	out := map[string]string{}
	for key, value := range fields {
		text, ok := value.(string)
		if !ok {
			text = fmt.Sprintf("no text: %v", value)
		}
		out[key] = text
	}
	return out
}

func (o object) String() string { return fmt.Sprintf("%s %q", o.kind(), o.name()) }

// ofKind returns the rendered objects of a kind.
func (r *rendering) ofKind(kind string) []object {
	var out []object
	for _, o := range r.objects {
		if o.kind() == kind {
			out = append(out, o)
		}
	}
	return out
}

// find returns the object, or nil.
func (r *rendering) find(kind, name string) object {
	at := slices.IndexFunc(r.objects, func(o object) bool { return o.kind() == kind && o.name() == name })
	if at < 0 {
		return nil
	}
	return r.objects[at]
}

// the returns the only object of a kind.
func (r *rendering) the(t *testing.T, kind string) object {
	t.Helper()
	all := r.ofKind(kind)
	if len(all) != 1 {
		t.Fatalf("there are %d objects of kind %s, want 1: %v", len(all), kind, r.identities())
	}
	return all[0]
}

// identities lists what is rendered: kind and name, sorted.
func (r *rendering) identities() []string {
	var out []string
	for _, o := range r.objects {
		out = append(out, o.kind()+"/"+o.name())
	}
	slices.Sort(out)
	return out
}

// kinds lists the kinds of what is rendered, sorted, each once.
func (r *rendering) kinds() []string {
	var out []string
	for _, o := range r.objects {
		out = append(out, o.kind())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// written is a value as YAML, to compare it with what a test writes down.
func written(t *testing.T, value any) string {
	t.Helper()
	out, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// expand is YAML in the form that written gives it.
func expand(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := yaml.UnmarshalStrict([]byte(text), &value); err != nil {
		t.Fatalf("cannot read %q: %v", text, err)
	}
	return written(t, value)
}
