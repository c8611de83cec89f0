package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func ingressObject(in *networkingv1.Ingress) Object {
	return Object{ingressAPI, "Ingress", in.Namespace, in.Name}
}

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
					Why:     "DNS leads a name to one of them. A change to the other has no effect, and both write DNS records.",
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
	return slices.ContainsFunc(paths, func(p networkingv1.HTTPIngressPath) bool { return overlaps(cmp.Or(p.Path, "/"), r.paths) })
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

// overlaps says that a path of an Ingress and one of a route have requests in common.
func overlaps(path string, others []string) bool {
	return slices.ContainsFunc(others, func(other string) bool {
		prefix, wild := strings.CutSuffix(other, "*")
		if strings.HasPrefix(other, "~") {
			return true
		}
		return strings.HasPrefix(path, prefix) && wild || strings.HasPrefix(prefix, path)
	})
}

func dropRule(in *networkingv1.Ingress, rule int) Fix {
	if len(in.Spec.Rules) == 1 && in.Spec.DefaultBackend == nil {
		return do("Once DNS leads to the Gateway, delete the Ingress.", remove(ingressObject(in)))
	}
	path := fmt.Sprintf("/spec/rules/%d", rule)
	return do("Once DNS leads to the Gateway, take the rule of the Ingress away.", change(ingressObject(in), still(path+"/host", in.Spec.Rules[rule].Host), unset(path)))
}

// An Ingress that no controller takes.
func ingressClass() Check {
	return Check{"ingress-class", "an Ingress of a class that nobody serves", Error, func(x *scene) []Finding {
		var out []Finding
		for _, in := range x.Objects.Ingresses.All() {
			class, controller, known := x.IngressClassOf(in.Namespace, in.Name)
			byField := in.Spec.IngressClassName != nil
			// A controller may read the old annotation without any IngressClass.
			served := controller != "" || known && !byField || len(in.Status.LoadBalancer.Ingress) > 0
			if served || !x.Sees("IngressClass", "") {
				continue
			}
			f := Finding{
				Object: ingressObject(in), Field: "spec.ingressClassName",
				Problem: fmt.Sprintf("IngressClass %q does not exist%s.", class, whatDoes(class, x.ingressClasses())),
				Why:     "No controller takes the Ingress.",
				Fix:     byHand("Name a class that exists, or install a controller."),
			}
			if class == "" {
				f.Problem = "It names no class, and no IngressClass is the default."
			}
			all := x.ingressClasses()
			to := nearest(class, all)
			if to == "" && len(all) == 1 {
				to = all[0]
			}
			if to != "" {
				f.Fix = do(fmt.Sprintf("Use class %q.", to), merge(f.Object, map[string]any{"spec": map[string]any{"ingressClassName": to}}))
			}
			out = append(out, f)
		}
		return out
	}}
}

func (x *scene) ingressClasses() []string {
	var out []string
	for _, c := range x.Objects.IngressClasses.All() {
		out = append(out, c.Name)
	}
	return out
}
