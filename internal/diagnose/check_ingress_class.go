package diagnose

import (
	"fmt"
)

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
