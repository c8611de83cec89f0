package diagnose

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// namespaceLabel is on every namespace and has its name.
// https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
const namespaceLabel = "kubernetes.io/metadata.name"

// fixAdmission lets one more namespace in and nothing else: by a label that the selector
// asks for, or else by its name. write makes the change of the namespaces that are let in.
func (x *scene) fixAdmission(a topology.Admission, namespace string, write func(namespaces map[string]any) Action) Fix {
	if a.From == gatewayv1.NamespacesFromSelector && a.Selector != nil && len(a.Selector.MatchLabels) > 0 && len(a.Selector.MatchExpressions) == 0 {
		want := map[string]any{}
		for k, v := range a.Selector.MatchLabels {
			want[k] = v
		}
		return do(fmt.Sprintf("Give namespace %q the labels that the Gateway asks for.", namespace),
			merge(Object{"v1", "Namespace", "", namespace}, map[string]any{"metadata": map[string]any{"labels": want}}))
	}
	names := []string{namespace}
	switch a.From {
	case gatewayv1.NamespacesFromSame:
		names = append(names, a.Home)
	case gatewayv1.NamespacesFromSelector:
		names = append(names, namesOf(a.Selector)...)
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

// admits says whose routes are let in.
func admits(a topology.Admission) string {
	switch {
	case a.From == gatewayv1.NamespacesFromSame:
		return fmt.Sprintf("routes of its own namespace %q", a.Home)
	case len(namesOf(a.Selector)) > 0:
		return "routes of namespaces " + list(namesOf(a.Selector))
	case a.Selector != nil && len(a.Selector.MatchLabels) > 0:
		var labels []string
		for k, v := range a.Selector.MatchLabels {
			labels = append(labels, k+"="+v)
		}
		slices.Sort(labels)
		return "routes of namespaces labelled " + strings.Join(labels, ", ")
	case a.From == gatewayv1.NamespacesFromSelector:
		return "routes of namespaces that a selector chooses"
	}
	return "no routes at all"
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
