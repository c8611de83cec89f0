package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// An Ingress for the host of a route: two front doors for one name.
func ingressAndRoute() Check {
	return Check{"ingress-and-route", "an Ingress and a route for the same host and path", Warning, func(x *scene) []Finding {
		byHost := x.rulesByHost()
		var out []Finding
		for _, in := range x.Objects.Ingresses.All() {
			if in.Labels["acme.cert-manager.io/http01-solver"] == "true" {
				continue // a challenge of cert-manager, there for a minute
			}
			for i, r := range in.Spec.Rules {
				if r.HTTP == nil || r.Host == "" {
					continue
				}
				others := byHost[strings.ToLower(r.Host)]
				met := slices.IndexFunc(others, func(other ruleOfHost) bool { return other.meets(r.HTTP.Paths) })
				if met < 0 {
					continue
				}
				out = append(out, Finding{
					Object: ingressObject(in), Field: fmt.Sprintf("spec.rules[%d].host", i),
					Problem: fmt.Sprintf("%s answers to host %q, too, on paths that overlap.", routeObject(others[met].route), r.Host),
					Why:     "Unless one controller serves both, DNS leads the name to one of them, and a change to the other has no effect. External-dns finds the name in both.",
					Fix:     dropRule(in, i),
				})
			}
		}
		return out
	}}
}

// ruleOfHost is a rule of a route, for one of its hostnames.
type ruleOfHost struct {
	route *topology.Facts
	paths []string
}

// meets says that a path of an Ingress overlaps with one of the rule.
func (r ruleOfHost) meets(paths []networkingv1.HTTPIngressPath) bool {
	return slices.ContainsFunc(paths, func(p networkingv1.HTTPIngressPath) bool {
		exact := p.PathType != nil && *p.PathType == networkingv1.PathTypeExact
		return slices.ContainsFunc(r.paths, func(path string) bool { return overlap(cmp.Or(p.Path, "/"), exact, path) })
	})
}

// rulesByHost are the rules of all routes by hostname, in lower case.
func (x *scene) rulesByHost() map[string][]ruleOfHost {
	out := map[string][]ruleOfHost{}
	for i := range x.routes {
		f := &x.routes[i]
		for _, host := range f.Hostnames {
			for _, r := range f.Rules {
				out[strings.ToLower(host)] = append(out[strings.ToLower(host)], ruleOfHost{f, r.Paths})
			}
		}
	}
	return out
}

// overlap says that a path of an Ingress, which stands for what is below it unless it is
// exact, and one of a route have requests in common. An expression may match anything.
func overlap(path string, exact bool, other string) bool {
	prefix, wild := strings.CutSuffix(other, "*")
	return strings.HasPrefix(other, "~") || path == prefix || wild && below(path, prefix) || !exact && below(prefix, path)
}

// below says that a path is one of those that a prefix stands for: prefixes end between
// elements. https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
func below(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || strings.HasPrefix(rest, "/"))
}

func dropRule(in *networkingv1.Ingress, rule int) Fix {
	if len(in.Spec.Rules) == 1 && in.Spec.DefaultBackend == nil {
		return do("Once DNS leads to the Gateway, delete the Ingress.", remove(ingressObject(in)))
	}
	path := fmt.Sprintf("/spec/rules/%d", rule)
	return do("Once DNS leads to the Gateway, take the rule of the Ingress away.", change(ingressObject(in), still(path+"/host", in.Spec.Rules[rule].Host), unset(path)))
}
