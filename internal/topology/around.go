package topology

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// Around knows what stands around Services: what scales the workloads behind them, and
// what scrapes their pods.
type Around struct {
	snapshot *Snapshot
	// workloads by namespace, and ScaledObjects by their target.
	workloads map[string][]kindOfWorkload
	scalers   map[target][]*unstructured.Unstructured
	monitors  []monitor
}

type kindOfWorkload struct {
	*Workload

	kind string
}

// monitor is a PodMonitor with what it selects.
type monitor struct {
	object   *unstructured.Unstructured
	selector labels.Selector
	// namespaces that it looks into; none for its own.
	namespaces []string
	any        bool
}

// Around reads what stands around the Services of the snapshot.
func (s *Snapshot) Around() *Around {
	a := &Around{snapshot: s, workloads: map[string][]kindOfWorkload{}, scalers: map[target][]*unstructured.Unstructured{}}
	for _, w := range s.Objects.Deployments.All() {
		a.workloads[w.Namespace] = append(a.workloads[w.Namespace], kindOfWorkload{w, "Deployment"})
	}
	for _, w := range s.Objects.StatefulSets.All() {
		a.workloads[w.Namespace] = append(a.workloads[w.Namespace], kindOfWorkload{w, "StatefulSet"})
	}
	for _, so := range s.Objects.Other("ScaledObject") {
		kind, name := ScaleTarget(so)
		at := target{kind, Key{so.GetNamespace(), name}}
		a.scalers[at] = append(a.scalers[at], so)
	}
	for _, obj := range s.Objects.Other("PodMonitor") {
		if m, ok := monitorOf(obj); ok {
			a.monitors = append(a.monitors, m)
		}
	}
	return a
}

// ScaleTarget is what a ScaledObject scales: the kind and the name of the workload.
func ScaleTarget(so *unstructured.Unstructured) (kind, name string) {
	kind, _, _ = unstructured.NestedString(so.Object, "spec", "scaleTargetRef", "kind")
	name, _, _ = unstructured.NestedString(so.Object, "spec", "scaleTargetRef", "name")
	return cmp.Or(kind, "Deployment"), name
}

func monitorOf(obj *unstructured.Unstructured) (monitor, bool) {
	raw, _, _ := unstructured.NestedMap(obj.Object, "spec", "selector")
	selector := &metav1.LabelSelector{}
	if runtime.DefaultUnstructuredConverter.FromUnstructured(raw, selector) != nil {
		return monitor{}, false
	}
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return monitor{}, false
	}
	m := monitor{object: obj, selector: compiled}
	m.any, _, _ = unstructured.NestedBool(obj.Object, "spec", "namespaceSelector", "any")
	m.namespaces, _, _ = unstructured.NestedStringSlice(obj.Object, "spec", "namespaceSelector", "matchNames")
	return m, true
}

// sees says that a PodMonitor looks into a namespace.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.NamespaceSelector
func (m monitor) sees(namespace string) bool {
	return m.any || slices.Contains(m.namespaces, namespace) || len(m.namespaces) == 0 && m.object.GetNamespace() == namespace
}

// Of a Service: the ScaledObjects that scale the workloads which it selects, and the
// PodMonitors that scrape their pods.
func (a *Around) Of(service *corev1.Service) (scalers, monitors []*unstructured.Unstructured) {
	if len(service.Spec.Selector) == 0 {
		return nil, nil
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	for _, w := range a.workloads[service.Namespace] {
		if !selector.Matches(labels.Set(w.PodLabels)) {
			continue
		}
		scalers = append(scalers, a.scalers[target{w.kind, Key{w.Namespace, w.Name}}]...)
		for _, m := range a.monitors {
			if m.sees(w.Namespace) && m.selector.Matches(labels.Set(w.PodLabels)) && !slices.Contains(monitors, m.object) {
				monitors = append(monitors, m.object)
			}
		}
	}
	return scalers, monitors
}
