package diagnose

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// selection says which PodMonitors a Prometheus selects: those whose labels match, in
// namespaces whose labels match. A selector that is absent selects nothing; an absent one
// of namespaces, only the namespace of the Prometheus; an empty one everything.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusSpec
type selection struct {
	monitors, namespaces *metav1.LabelSelector
	home                 string
}

func selectionOf(p *unstructured.Unstructured) selection {
	return selection{selectorAt(p, "podMonitorSelector"), selectorAt(p, "podMonitorNamespaceSelector"), p.GetNamespace()}
}

func selectorAt(p *unstructured.Unstructured, field string) *metav1.LabelSelector {
	raw, ok := dig(p, "spec", field).(map[string]any)
	if !ok {
		return nil
	}
	out := &metav1.LabelSelector{}
	if runtime.DefaultUnstructuredConverter.FromUnstructured(raw, out) != nil {
		return nil
	}
	return out
}

// sees says that a Prometheus looks into a namespace, or may: its labels may not be known.
func (x *scene) sees(s selection, namespace string) bool {
	if s.namespaces == nil {
		return namespace == s.home
	}
	return x.Admits(topology.Admission{From: gatewayv1.NamespacesFromSelector, Selector: s.namespaces}, namespace) != topology.False
}

const whyMonitor = "Its metrics are not scraped: dashboards stay empty, and what is scaled by them does not scale."

func podMonitorNotSelected() Check {
	return Check{"pod-monitor-not-selected", "a PodMonitor that no Prometheus selects", Warning, func(x *scene) []Finding {
		all := slices.Concat(x.Objects.Other("Prometheus"), x.Objects.Other("PrometheusAgent"))
		if len(all) == 0 && (x.OfFiles() || !x.Sees("Prometheus", "")) {
			return nil
		}
		var out []Finding
		for _, m := range x.Objects.Other("PodMonitor") {
			selected := slices.ContainsFunc(all, func(p *unstructured.Unstructured) bool {
				s := selectionOf(p)
				return matches(s.monitors, m.GetLabels()) && x.sees(s, m.GetNamespace())
			})
			if selected {
				continue
			}
			f := Finding{
				Object: objectOfU(m), Field: "metadata.labels",
				Problem: "There is no Prometheus that could select it.",
				Why:     whyMonitor,
				Fix:     byHand("Install Prometheus: apps.prometheus.enabled of a Cluster, or chart kube-prometheus-stack."),
			}
			if len(all) == 0 {
				f.Severity = Info
				f.Why = "Unless something else reads PodMonitors, as VictoriaMetrics and Grafana Alloy can: " + strings.ToLower(whyMonitor[:1]) + whyMonitor[1:]
			} else {
				x.explainSelection(m, all[0], &f)
			}
			out = append(out, f)
		}
		return out
	}}
}

// explainSelection says what of a PodMonitor a Prometheus does not select.
func (x *scene) explainSelection(m, p *unstructured.Unstructured, f *Finding) {
	s := selectionOf(p)
	name := objectOfU(p).String()
	var actions []Action
	switch {
	case s.monitors == nil:
		f.Problem = name + " selects no PodMonitors at all."
		actions = append(actions, merge(objectOfU(p), map[string]any{"spec": map[string]any{"podMonitorSelector": map[string]any{}}}))
	case !matches(s.monitors, m.GetLabels()):
		f.Problem = fmt.Sprintf("%s selects PodMonitors by %s, which it does not match.", name, metav1.FormatLabelSelector(s.monitors))
		want := wantedLabels(s.monitors)
		if want == nil {
			f.Fix = byHand("Give it labels that the selector matches.")
			return
		}
		actions = append(actions, merge(f.Object, map[string]any{"metadata": map[string]any{"labels": want}}))
	default:
		f.Field, f.Problem = "metadata.namespace", ""
	}
	if !x.sees(s, m.GetNamespace()) {
		if f.Problem != "" {
			f.Problem += " "
		}
		f.Problem += fmt.Sprintf("%s does not look into namespace %q.", name, m.GetNamespace())
		actions = append(actions, lookInto(s, p, m.GetNamespace()))
	}
	f.Fix = do("Let the Prometheus select it.", actions...)
}

// wantedLabels make an object match a selector; nil where that takes more than labels.
func wantedLabels(s *metav1.LabelSelector) map[string]any {
	out := map[string]any{}
	for k, v := range s.MatchLabels {
		out[k] = v
	}
	for _, e := range s.MatchExpressions {
		if e.Operator != metav1.LabelSelectorOpIn || len(e.Values) == 0 {
			return nil
		}
		out[e.Key] = e.Values[0]
	}
	return out
}

// lookInto makes a Prometheus look into one more namespace.
func lookInto(s selection, p *unstructured.Unstructured, namespace string) Action {
	if s.namespaces != nil {
		if want := wantedLabels(s.namespaces); want != nil && want[namespaceLabel] == nil {
			return merge(Object{"v1", "Namespace", "", namespace}, map[string]any{"metadata": map[string]any{"labels": want}})
		}
	}
	names := append([]string{namespace, s.home}, namesOf(s.namespaces)...)
	slices.Sort(names)
	values := []any{}
	for _, name := range slices.Compact(names) {
		values = append(values, name)
	}
	return merge(objectOfU(p), map[string]any{"spec": map[string]any{"podMonitorNamespaceSelector": map[string]any{
		"matchLabels": nil, "matchExpressions": []any{map[string]any{"key": namespaceLabel, "operator": "In", "values": values}},
	}}})
}

func matches(s *metav1.LabelSelector, set map[string]string) bool {
	selector, err := metav1.LabelSelectorAsSelector(s) // of nil: nothing
	return err == nil && selector.Matches(labels.Set(set))
}
