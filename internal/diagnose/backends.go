package diagnose

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// backendUse is a backendRef of a rule of a route.
type backendUse struct {
	topology.BackendFacts

	route *topology.Facts
	// rule and at are the indexes of the rule and of the backendRef.
	rule, at int
}

func (b backendUse) object() Object { return routeObject(b.route) }

func (b backendUse) field(name string) string {
	return fmt.Sprintf("spec.rules[%d].backendRefs[%d].%s", b.rule, b.at, name)
}

func (b backendUse) pointer(name string) string {
	return fmt.Sprintf("/spec/rules/%d/backendRefs/%d%s", b.rule, b.at, name)
}

func (b backendUse) change(operations ...Operation) Action {
	return change(b.object(), append([]Operation{still(b.pointer("/name"), b.Key.Name)}, operations...)...)
}

// resolved says that every controller has found all that the route refers to.
func (b backendUse) resolved() bool {
	return len(b.route.Attachments) > 0 && !slices.ContainsFunc(b.route.Attachments, func(a topology.Attachment) bool { return a.Resolved.State != topology.True })
}

// refusal is what a controller says about what the route refers to.
func (b backendUse) refusal() topology.Condition {
	for _, a := range b.route.Attachments {
		if a.Resolved.State == topology.False {
			return a.Resolved
		}
	}
	return topology.Condition{}
}

// findBackends are the Services that routes send to.
func (x *scene) findBackends() []backendUse {
	var out []backendUse
	for i := range x.routes {
		f := &x.routes[i]
		for rule := range f.Rules {
			for at, b := range f.Rules[rule].Backends {
				if b.IsService() {
					out = append(out, backendUse{b, f, rule, at})
				}
			}
		}
	}
	return out
}

const whyBackend = "Requests that match the rule are answered with 500."

func (x *scene) service(key topology.Key) *corev1.Service {
	return x.Objects.Services.Get(key.Namespace, key.Name)
}

// elsewhere says that a Service is a name of something outside: it has no endpoints, and its
// ports mean nothing. A controller that does not take it says so itself.
// https://kubernetes.io/docs/concepts/services-networking/service/#externalname
func elsewhere(s *corev1.Service) bool { return s.Spec.Type == corev1.ServiceTypeExternalName }

// workload is a Deployment, a StatefulSet or a DaemonSet with its kind.
type workload struct {
	*topology.Workload

	kind string
}

func (w workload) object() Object { return Object{appsAPI, w.kind, w.Namespace, w.Name} }

// selected are the workloads whose pods a Service selects.
func (x *scene) selected(s *corev1.Service) []workload {
	if len(s.Spec.Selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(s.Spec.Selector)
	return slices.DeleteFunc(slices.Clone(x.workloads[s.Namespace]), func(w workload) bool { return !selector.Matches(labels.Set(w.PodLabels)) })
}

// explainEmpty says why a Service has no ready endpoints; empty where they are on their
// way: a workload is ready, or has just been changed.
func (x *scene) explainEmpty(s *corev1.Service) (problem string, fix Fix) {
	pods := selectorText(s.Spec.Selector)
	if len(s.Spec.Selector) == 0 {
		return "it has no selector, and nobody has written any", byHand("Give it a selector, or write EndpointSlices.")
	}
	found := x.selected(s)
	if len(found) == 0 {
		return x.explainSelector(s, pods)
	}
	for _, w := range found {
		if w.Ready > 0 || !w.Settled {
			return "", Fix{}
		}
	}
	for _, w := range found {
		switch {
		case w.Replicas > 0:
		case w.kind == "DaemonSet":
			return w.object().String() + " finds no node to run on", byHand("See its nodeSelector and tolerations, and the labels and taints of the nodes.")
		default:
			return w.object().String() + " is scaled to zero", do("Run one replica.", merge(w.object(), map[string]any{"spec": map[string]any{"replicas": 1}}))
		}
	}
	return "the pods of " + found[0].object().String() + " are not ready",
		byHand(fmt.Sprintf("See why: kubectl describe pods -n %s -l %s.", s.Namespace, pods))
}

func selectorText(selector map[string]string) string {
	return labels.SelectorFromSet(selector).String()
}

// explainSelector finds the workload that a selector nearly selects.
func (x *scene) explainSelector(s *corev1.Service, pods string) (problem string, fix Fix) {
	problem = fmt.Sprintf("its selector %s matches the pods of no Deployment, StatefulSet or DaemonSet", pods)
	best, score := workload{}, 0
	for _, w := range x.workloads[s.Namespace] {
		n := 0
		for k, v := range s.Spec.Selector {
			if w.PodLabels[k] == v {
				n += 2
			}
		}
		if w.Name == s.Name {
			n += 3
		}
		if n > score && len(w.PodLabels) > 0 {
			best, score = w, n
		}
	}
	if score == 0 {
		return problem, byHand(fmt.Sprintf("See which pods there are: kubectl get pods -n %s --show-labels.", s.Namespace))
	}
	selector := map[string]any{}
	for k := range s.Spec.Selector {
		if value, has := best.PodLabels[k]; has {
			selector[k] = value
		} else {
			selector[k] = nil
		}
	}
	if none(selector) {
		for k, v := range best.PodLabels {
			selector[k] = v
		}
	}
	return problem + "; " + best.object().String() + " comes nearest",
		do("Select the pods of "+best.object().String()+".", merge(serviceObject(topology.Key{Namespace: s.Namespace, Name: s.Name}), map[string]any{"spec": map[string]any{"selector": selector}}))
}

func none(selector map[string]any) bool {
	for _, v := range selector {
		if v != nil {
			return false
		}
	}
	return true
}
