package diagnose

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Fix is what makes a finding go away.
type Fix struct {
	// Summary says in one sentence what to do.
	Summary string `json:"summary"`
	// Actions do it, one after the other; none where nobody but a person can.
	Actions []Action `json:"actions,omitempty"`
}

// Kinds of actions.
const (
	// Apply creates an object, or lays a manifest over what is there.
	Apply = "apply"
	// ApplyURL applies the manifests behind an address.
	ApplyURL = "apply-url"
	// Patch changes fields of an object.
	Patch = "patch"
	// Delete deletes an object.
	Delete = "delete"
)

// Action is one step of a fix.
type Action struct {
	// Type is apply, apply-url, patch or delete.
	Type string `json:"type"`
	// Object that is changed; with apply-url none.
	Object *Object `json:"object,omitempty"`
	// Manifest to apply.
	Manifest map[string]any `json:"manifest,omitempty"`
	// URL of manifests to apply.
	URL string `json:"url,omitempty"`
	// JSONPatch holds the operations of RFC 6902, or else
	JSONPatch []Operation `json:"jsonPatch,omitempty"`
	// MergePatch a merge patch, RFC 7396.
	MergePatch map[string]any `json:"mergePatch,omitempty"`
	// Command does it with kubectl.
	Command string `json:"command"`
}

// Operation of a JSON patch.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

func do(summary string, actions ...Action) Fix { return Fix{Summary: summary, Actions: actions} }

// byHand is a fix that no manifest can be.
func byHand(summary string) Fix { return Fix{Summary: summary} }

func apply(manifest map[string]any) Action {
	o := objectOf(manifest)
	return Action{Type: Apply, Object: &o, Manifest: manifest, Command: "kubectl apply --server-side -f - <<'EOF'\n" + yamlOf(manifest) + "EOF"}
}

func applyURL(url string) Action {
	return Action{Type: ApplyURL, URL: url, Command: "kubectl apply --server-side -f " + url}
}

func remove(o Object) Action {
	return Action{Type: Delete, Object: &o, Command: "kubectl delete " + o.argument()}
}

// merge lays fields over an object; a field that is nil is taken away.
func merge(o Object, patch map[string]any) Action {
	return Action{Type: Patch, Object: &o, MergePatch: patch, Command: fmt.Sprintf("kubectl patch %s --type=merge -p '\n%s'", o.argument(), quoted(yamlOf(patch)))}
}

// change makes a JSON patch, for items of lists.
func change(o Object, operations ...Operation) Action {
	return Action{Type: Patch, Object: &o, JSONPatch: operations, Command: fmt.Sprintf("kubectl patch %s --type=json -p '\n%s'", o.argument(), quoted(yamlOf(operations)))}
}

func set(path string, value any) Operation { return Operation{"add", path, value} }

// replace is for items of lists, where set would insert one.
func replace(path string, value any) Operation { return Operation{"replace", path, value} }

func unset(path string) Operation { return Operation{Op: "remove", Path: path} }

// still is an operation that fails if the list has changed since it was looked at.
func still(path string, value any) Operation { return Operation{"test", path, value} }

// stillAll is still for everything that is written in a value: the API server may have
// added defaults to it, which a manifest does not have.
func stillAll(path string, value any) []Operation {
	var out []Operation
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, stillAll(path+"/"+key, value[key])...)
		}
	case []any:
		for i, item := range value {
			out = append(out, stillAll(fmt.Sprintf("%s/%d", path, i), item)...)
		}
	default:
		out = append(out, still(path, value))
	}
	return out
}

// argument of kubectl that names the object without doubt: kinds of one name are told
// apart by their group.
func (o Object) argument() string {
	kind := strings.ToLower(o.Kind)
	if group, _, grouped := strings.Cut(o.APIVersion, "/"); grouped {
		kind += "." + group
	}
	out := kind + " " + o.Name
	if o.Namespace != "" {
		out += " -n " + o.Namespace
	}
	return out
}

func objectOf(manifest map[string]any) Object {
	meta, _ := manifest["metadata"].(map[string]any)
	return Object{text(manifest["apiVersion"]), text(manifest["kind"]), text(meta["namespace"]), text(meta["name"])}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// yamlOf writes what the types of this package and of the API can hold, which YAML always
// can.
func yamlOf(v any) string {
	raw, err := yaml.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

// quoted stands between single quotes of a shell.
func quoted(s string) string { return strings.ReplaceAll(s, "'", `'\''`) }

// plain is a value of the API in the form of JSON, for a patch.
func plain(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}
