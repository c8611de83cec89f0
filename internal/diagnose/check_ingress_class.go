package diagnose

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// An Ingress that no controller takes.
func ingressClass() Check {
	return Check{"ingress-class", "an Ingress of a class that nobody serves", Error, func(x *scene) []Finding {
		addressed := x.addressedClasses()
		var out []Finding
		for _, in := range x.Objects.Ingresses.All() {
			class, controller, known := x.IngressClassOf(in.Namespace, in.Name)
			byField := in.Spec.IngressClassName != nil
			// A controller may read the old annotation without any IngressClass.
			served := controller != "" || known && !byField || len(in.Status.LoadBalancer.Ingress) > 0
			switch {
			case controller != "" && !addressed[class] && x.gone(controller):
				out = append(out, Finding{
					Severity: Warning, Object: ingressObject(in), Field: "spec.ingressClassName",
					Problem: fmt.Sprintf("IngressClass %q exists, no Ingress of it has an address, and nothing here looks like its controller, %s.", class, controller),
					Why:     "An IngressClass may outlive its controller. Then nobody takes the Ingress.",
					Fix:     byHand("Install the controller, or name a class of one that runs."),
				})
			case !served && x.Sees("IngressClass", ""):
				out = append(out, x.noClass(in, class))
			}
		}
		return out
	}}
}

// noClass is the finding about an Ingress of a class that does not exist.
func (x *scene) noClass(in *networkingv1.Ingress, class string) Finding {
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
	return f
}

func (x *scene) ingressClasses() []string {
	var out []string
	for _, c := range x.Objects.IngressClasses.All() {
		out = append(out, c.Name)
	}
	return out
}

// words are what is in the names or labels of whatever runs a controller. Controllers that
// clouds run outside of the cluster have none.
var words = map[string]string{
	"k8s.io/ingress-nginx": "nginx", "traefik.io/ingress-controller": "traefik", "haproxy.org/ingress-controller": "haproxy",
	"haproxy-ingress.github.io/controller": "haproxy", "ingress-controllers.konghq.com/kong": "kong",
}

// addressedClasses are those of which an Ingress has an address: somebody serves them.
func (x *scene) addressedClasses() map[string]bool {
	out := map[string]bool{}
	for _, in := range x.Objects.Ingresses.All() {
		if class, _, _ := x.IngressClassOf(in.Namespace, in.Name); len(in.Status.LoadBalancer.Ingress) > 0 {
			out[class] = true
		}
	}
	return out
}

// gone says that a controller does not seem to run: no workload of the cluster has its name
// in its own.
func (x *scene) gone(controller string) bool {
	word := words[controller]
	if word == "" || x.OfFiles() {
		return false
	}
	for _, kind := range []string{"DaemonSet", "Deployment", "StatefulSet"} {
		if !x.Sees(kind, "") {
			return false
		}
	}
	for _, all := range x.workloads {
		if slices.ContainsFunc(all, func(w workload) bool { return w.mentions(word) }) {
			return false
		}
	}
	return true
}

// mentions says that a word is in the name or in a label of a workload.
func (w workload) mentions(word string) bool {
	if strings.Contains(w.Name, word) {
		return true
	}
	for _, labels := range []map[string]string{w.Labels, w.PodLabels} {
		for _, value := range labels {
			if strings.Contains(value, word) {
				return true
			}
		}
	}
	return false
}
