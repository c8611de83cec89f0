package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// Target is what was asked about.
type Target struct {
	// Kind is HTTPRoute, GRPCRoute or Ingress; empty for any route.
	Kind string
	// Namespace of it; empty for wherever it is, if that is one.
	Namespace string
	Name      string
}

// targetKinds are those that a person can ask about, as they are written.
var targetKinds = map[string]string{"route": "", "httproute": "HTTPRoute", "grpcroute": "GRPCRoute", "ingress": "Ingress"}

// ParseTarget reads KIND/NAME, such as route/web. Errors wrap ErrInput.
func ParseTarget(s, namespace string) (Target, error) {
	kind, name, ok := strings.Cut(s, "/")
	known, isKind := targetKinds[strings.ToLower(kind)]
	if !ok || !isKind || name == "" || strings.Contains(name, "/") {
		return Target{}, fmt.Errorf("%w: cannot read %q: it has to be route/NAME, httproute/NAME, grpcroute/NAME or ingress/NAME", ErrInput, s)
	}
	return Target{known, namespace, name}, nil
}

// ParseHeaders reads NAME=VALUE of each. Errors wrap ErrInput.
func ParseHeaders(all []string) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range all {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, headerError(name)
		}
		out[name] = value
	}
	return CheckHeaders(out)
}

// CheckHeaders returns headers by name in lower case. Errors wrap ErrInput.
func CheckHeaders(all map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(validation.IsHTTPHeaderName(name)) > 0 || strings.ContainsFunc(all[name], unicode.IsControl) {
			return nil, headerError(name)
		}
		out[strings.ToLower(name)] = all[name]
	}
	return out, nil
}

// headerError repeats what may be the name, and nothing behind: that may be a credential.
func headerError(name string) error {
	end := strings.IndexFunc(name, func(r rune) bool { return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if end >= 0 {
		name = name[:end]
	}
	return fmt.Errorf("%w: cannot use header %q: it has to be NAME=VALUE, as HTTP allows them", ErrInput, name)
}

// words for the target in a sentence.
func (t Target) words() string {
	kind := t.Kind
	if kind == "" {
		kind = "route"
	}
	out := fmt.Sprintf("%s %q", kind, t.Name)
	if t.Namespace != "" {
		out += fmt.Sprintf(" in namespace %q", t.Namespace)
	}
	return out
}

// choose is the one object of some that is meant.
func (t Target) choose(all []topology.Ref) (topology.Ref, error) {
	var found []topology.Ref
	var near []string
	for _, ref := range all {
		switch {
		case t.Kind != "" && ref.Kind != t.Kind:
		case ref.Name == t.Name && (t.Namespace == "" || ref.Namespace == t.Namespace):
			found = append(found, ref)
		case ref.Name == t.Name || ref.Namespace == t.Namespace:
			near = append(near, nameOf(ref))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && len(near) > 0:
		return topology.Ref{}, fmt.Errorf("%w: cannot find %s; there is %s", ErrInput, t.words(), some(near, 5))
	case len(found) == 0:
		return topology.Ref{}, fmt.Errorf("%w: cannot find %s", ErrInput, t.words())
	}
	var names []string
	for _, ref := range found {
		names = append(names, nameOf(ref))
	}
	return topology.Ref{}, fmt.Errorf("%w: %s is more than one: %s; choose by --namespace or by the kind", ErrInput, t.words(), some(names, 5))
}

func nameOf(ref topology.Ref) string {
	return fmt.Sprintf("%s %q", ref.Kind, topology.Key{Namespace: ref.Namespace, Name: ref.Name})
}

// some names a few of several.
func some(names []string, most int) string {
	slices.Sort(names)
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// follow finds what was asked about, and follows a request to it.
func (w *way) follow(t Target) error {
	if t.Kind == "Ingress" {
		return w.followIngress(t)
	}
	w.routes = w.Facts()
	refs := make([]topology.Ref, 0, len(w.routes))
	for i := range w.routes {
		refs = append(refs, w.routes[i].Ref)
	}
	ref, err := t.choose(refs)
	if err != nil {
		return err
	}
	w.asked = &w.routes[slices.IndexFunc(w.routes, func(f topology.Facts) bool { return f.Ref == ref })]
	w.out.Object = routeObject(w.asked)
	return w.followRoute()
}
