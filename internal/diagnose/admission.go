package diagnose

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// namespaceLabel is on every namespace and has its name.
// https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
const namespaceLabel = "kubernetes.io/metadata.name"

// admission says which namespaces a Gateway lets in: allowedRoutes.namespaces of a
// listener, or allowedListeners.namespaces.
type admission struct {
	from     gatewayv1.FromNamespaces
	selector *metav1.LabelSelector
	// home is the namespace of whoever lets in.
	home string
}

func (x *scene) allows(a admission, namespace string) bool {
	switch a.from {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSame:
		return a.home == namespace
	case gatewayv1.NamespacesFromSelector:
		selector, err := metav1.LabelSelectorAsSelector(a.selector)
		return err == nil && selector.Matches(labels.Set(x.labelsOf(namespace)))
	}
	return false
}

// labelsOf a namespace, with the one that every namespace has.
func (x *scene) labelsOf(namespace string) map[string]string {
	out := map[string]string{namespaceLabel: namespace}
	if ns := x.Objects.Namespaces.Get("", namespace); ns != nil {
		maps.Copy(out, ns.Labels)
	}
	return out
}

// fixAdmission lets one more namespace in and nothing else: by a label that the selector
// asks for, or else by its name. write makes the change of the namespaces that are let in.
func (x *scene) fixAdmission(a admission, namespace string, write func(namespaces map[string]any) Action) Fix {
	if a.from == gatewayv1.NamespacesFromSelector && a.selector != nil && len(a.selector.MatchLabels) > 0 && len(a.selector.MatchExpressions) == 0 {
		want := map[string]any{}
		for k, v := range a.selector.MatchLabels {
			want[k] = v
		}
		return do(fmt.Sprintf("Give namespace %q the labels that the Gateway asks for.", namespace),
			merge(Object{"v1", "Namespace", "", namespace}, map[string]any{"metadata": map[string]any{"labels": want}}))
	}
	names := []string{namespace}
	switch a.from {
	case gatewayv1.NamespacesFromSame:
		names = append(names, a.home)
	case gatewayv1.NamespacesFromSelector:
		names = append(names, namesOf(a.selector)...)
		if len(names) == 1 {
			return do("Let all namespaces in: the selector cannot be widened to one more.", write(map[string]any{"from": "All", "selector": nil}))
		}
	}
	slices.Sort(names)
	values := []any{}
	for _, name := range slices.Compact(names) {
		values = append(values, name)
	}
	return do(fmt.Sprintf("Let namespace %q in, besides those that are.", namespace), write(map[string]any{
		"from": "Selector",
		"selector": map[string]any{"matchExpressions": []any{
			map[string]any{"key": namespaceLabel, "operator": "In", "values": values},
		}},
	}))
}

// namesOf are the namespaces that a selector names; none if it selects otherwise.
func namesOf(s *metav1.LabelSelector) []string {
	if s == nil || len(s.MatchLabels) > 0 || len(s.MatchExpressions) != 1 {
		return nil
	}
	if e := s.MatchExpressions[0]; e.Key == namespaceLabel && e.Operator == metav1.LabelSelectorOpIn {
		return e.Values
	}
	return nil
}
