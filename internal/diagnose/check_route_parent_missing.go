package diagnose

import (
	"fmt"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// routeParentMissing: https://gateway-api.sigs.k8s.io/reference/spec/#parentreference
func routeParentMissing() Check {
	return Check{"route-parent-missing", "a route whose Gateway or ListenerSet does not exist", Error, func(x *scene) []Finding {
		var out []Finding
		for _, u := range x.unattached {
			exists := u.Gateway != nil || u.Set != nil
			if exists || !x.Sees(u.Kind, u.Key.Namespace) {
				continue
			}
			out = append(out, Finding{
				Object: u.object(), Field: u.field("name"),
				Problem: saying(u.parent()+" does not exist", u.Accepted) + ".",
				Why:     whyUnattached,
				Fix:     x.fixParent(u),
			})
		}
		return out
	}}
}

// parents are the names of all parents of a kind, with their namespaces.
func (x *scene) parents(kind string) []string {
	var out []string
	if kind == "Gateway" {
		for _, g := range x.Objects.Gateways.All() {
			out = append(out, topology.Key{Namespace: g.Namespace, Name: g.Name}.String())
		}
		return out
	}
	for _, s := range x.Objects.ListenerSets.All() {
		out = append(out, topology.Key{Namespace: s.Namespace, Name: s.Name}.String())
	}
	return out
}

func (x *scene) fixParent(u unattached) Fix {
	all := x.parents(u.Kind)
	to := nearest(u.Key.String(), all)
	// The same name in another namespace is what was forgotten most often.
	for _, name := range all {
		if strings.HasSuffix(name, "/"+u.Key.Name) {
			to = name
		}
	}
	if to == "" && len(all) == 1 {
		to = all[0]
	}
	namespace, name, _ := strings.Cut(to, "/")
	if to == "" {
		return byHand("Create the Gateway, or name one that exists.")
	}
	return do(fmt.Sprintf("Name %s %q, which does exist.", u.Kind, to), u.change(set(u.pointer("/name"), name), set(u.pointer("/namespace"), namespace)))
}
