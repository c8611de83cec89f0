package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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

func backendMissing() Check {
	return Check{"backend-missing", "a route to a Service that does not exist", Error, func(x *scene) []Finding {
		var out []Finding
		for _, b := range x.backends {
			if x.service(b.Key) != nil || b.resolved() || b.Key.Name == topology.Interceptor || !x.Sees("Service", b.Key.Namespace) {
				continue
			}
			out = append(out, Finding{
				Object: b.object(), Field: b.field("name"),
				Problem: saying(fmt.Sprintf("Service %q does not exist%s", b.Key, whatDoes(b.Key.Name, x.services[b.Key.Namespace])), b.refusal()) + ".",
				Why:     whyBackend,
				Fix:     x.fixMissing(b),
			})
		}
		return out
	}}
}

func (x *scene) service(key topology.Key) *corev1.Service {
	return x.Objects.Services.Get(key.Namespace, key.Name)
}

func (x *scene) fixMissing(b backendUse) Fix {
	names := x.services[b.Key.Namespace]
	if to := nearest(b.Key.Name, names); to != "" {
		operations := []Operation{set(b.pointer("/name"), to)}
		if ports := x.service(topology.Key{Namespace: b.Key.Namespace, Name: to}).Spec.Ports; len(ports) == 1 && ports[0].Port != b.Port {
			operations = append(operations, set(b.pointer("/port"), ports[0].Port))
		}
		return do(fmt.Sprintf("Send to Service %q.", to), b.change(operations...))
	}
	if w := x.Objects.Deployments.Get(b.Key.Namespace, b.Key.Name); w != nil && len(w.PodLabels) > 0 && b.Port != 0 {
		return do("Create the Service for the Deployment of that name; its pods have to listen on the port.", apply(map[string]any{
			"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"namespace": b.Key.Namespace, "name": b.Key.Name},
			"spec": map[string]any{"selector": plain(w.PodLabels), "ports": []any{map[string]any{"name": "http", "port": b.Port, "targetPort": b.Port}}},
		}))
	}
	return byHand("Create the Service, or name one that exists.")
}

func backendPort() Check {
	return Check{"backend-port", "a route to a port that the Service does not have", Error, func(x *scene) []Finding {
		var out []Finding
		for _, b := range x.backends {
			service := x.service(b.Key)
			if service == nil || b.resolved() || b.Port == 0 || slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == b.Port }) {
				continue
			}
			f := Finding{
				Object: b.object(), Field: b.field("port"),
				Problem: saying(fmt.Sprintf("Service %q has no port %d; it has %s", b.Key, b.Port, portsOf(service)), b.refusal()) + ".",
				Why:     whyBackend,
				Fix:     byHand("Send to a port that the Service has."),
			}
			if to := portFor(service, b.Port); to != 0 {
				f.Fix = do(fmt.Sprintf("Send to port %d.", to), b.change(set(b.pointer("/port"), to)))
			}
			out = append(out, f)
		}
		return out
	}}
}

func portsOf(s *corev1.Service) string {
	var out []string
	for _, p := range s.Spec.Ports {
		port := strconv.Itoa(int(p.Port))
		if p.Name != "" {
			port = fmt.Sprintf("%d (%s)", p.Port, p.Name)
		}
		out = append(out, port)
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// portFor is the port that was meant: the only one, or that of the pods' port of that
// number, which is confused with it most often. 0 for none.
func portFor(s *corev1.Service, asked int32) int32 {
	if len(s.Spec.Ports) == 1 {
		return s.Spec.Ports[0].Port
	}
	for _, p := range s.Spec.Ports {
		if p.TargetPort.IntVal == asked {
			return p.Port
		}
	}
	return 0
}

// backendNotGranted: https://gateway-api.sigs.k8s.io/api-types/referencegrant/
func backendNotGranted() Check {
	return Check{"backend-not-granted", "a route to another namespace without ReferenceGrant", Error, func(x *scene) []Finding {
		var out []Finding
		for _, b := range x.backends {
			if b.resolved() || b.route.Granted(b.rule, b.at) || !x.Sees("ReferenceGrant", b.Key.Namespace) && (!x.OfFiles() || x.service(b.Key) == nil) {
				continue
			}
			out = append(out, Finding{
				Object: b.object(), Field: b.field("namespace"),
				Problem: saying(fmt.Sprintf("No ReferenceGrant in namespace %q lets %ss of namespace %q refer to Service %q",
					b.Key.Namespace, b.route.Ref.Kind, b.route.Ref.Namespace, b.Key.Name), b.refusal()) + ".",
				Why: whyBackend,
				Fix: do("Create the grant, in the namespace of the Service.",
					apply(grant(b.object(), b.Key.Namespace, map[string]any{"group": "", "kind": "Service", "name": b.Key.Name}))),
			})
		}
		return out
	}}
}

func backendNoEndpoints() Check {
	return Check{"backend-no-endpoints", "a route to a Service without ready endpoints", Error, func(x *scene) []Finding {
		asleep := x.scaledToZero()
		var out []Finding
		for _, b := range x.backends {
			ready, service := x.Ready(b.Key), x.service(b.Key)
			if service == nil || ready == nil || *ready > 0 || b.Weight == 0 || b.Key.Name == topology.Interceptor || asleep(service) {
				continue
			}
			problem, fix := x.explainEmpty(service)
			if problem == "" {
				continue
			}
			out = append(out, Finding{
				Object: b.object(), Field: b.field("name"),
				Problem: fmt.Sprintf("Service %q has no ready endpoints: %s.", b.Key, problem),
				Why:     "Requests that match the rule are answered with 503 or 500.",
				Fix:     fix,
			})
		}
		return out
	}}
}

// workload is a Deployment or StatefulSet with its kind.
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
		if w.Replicas == 0 {
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
	problem = fmt.Sprintf("its selector %s matches no pods", pods)
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
