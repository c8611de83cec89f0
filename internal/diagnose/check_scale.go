package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// zero says that a ScaledObject lets its workload go to no replicas; the API's default.
// https://keda.sh/docs/latest/reference/scaledobject-spec/#minreplicacount
func zero(so *unstructured.Unstructured) bool {
	least, set := dig(so, "spec", "minReplicaCount").(int64)
	idle, idles := dig(so, "spec", "idleReplicaCount").(int64)
	_, paused := so.GetAnnotations()["autoscaling.keda.sh/paused"]
	return !paused && (!set || least == 0 || idles && idle == 0)
}

// scaledToZero says of a Service that its pods may be none on purpose.
func (x *scene) scaledToZero() func(*corev1.Service) bool {
	targets, scaled := map[topology.Key][]string{}, map[topology.Key]bool{}
	for _, so := range x.Objects.Other("ScaledObject") {
		if kind, name := topology.ScaleTarget(so); zero(so) {
			key := topology.Key{Namespace: so.GetNamespace(), Name: kind}
			targets[key] = append(targets[key], name)
		}
	}
	for _, s := range x.scalers {
		scaled[s.Service] = true
	}
	return func(s *corev1.Service) bool {
		if scaled[topology.Key{Namespace: s.Namespace, Name: s.Name}] {
			return true
		}
		return slices.ContainsFunc(x.selected(s), func(w workload) bool {
			return w.Replicas == 0 && slices.Contains(targets[topology.Key{Namespace: w.Namespace, Name: w.kind}], w.Name)
		})
	}
}

// A workload that is scaled to zero and that nothing can wake.
func scaleNeverWakes() Check {
	return Check{"scale-never-wakes", "a workload scaled to zero by metrics that only itself can raise", Error, func(x *scene) []Finding {
		var out []Finding
		for _, so := range x.Objects.Other("ScaledObject") {
			if !zero(so) {
				continue
			}
			triggers, _ := dig(so, "spec", "triggers").([]any)
			names := x.namesOfTarget(so)
			var reasons []string
			for _, item := range triggers {
				trigger, _ := item.(map[string]any)
				if reason := asleep(trigger, names); reason != "" {
					reasons = append(reasons, reason)
				}
			}
			if len(triggers) == 0 || len(reasons) < len(triggers) {
				continue
			}
			out = append(out, Finding{
				Object: objectOfU(so), Field: "spec.triggers",
				Problem: "Nothing wakes it from zero replicas: " + strings.Join(reasons, "; ") + ".",
				Why:     "Once it sleeps it stays asleep, and every request fails.",
				Fix: do("Keep one replica, or put KEDA's HTTP interceptor in front, which counts requests to a workload that sleeps.",
					merge(objectOfU(so), map[string]any{"spec": map[string]any{"minReplicaCount": 1, "idleReplicaCount": nil}})),
			})
		}
		return out
	}}
}

// namesOfTarget are those of the workload and of the Services in front of it.
func (x *scene) namesOfTarget(so *unstructured.Unstructured) []string {
	kind, name := topology.ScaleTarget(so)
	out := []string{name}
	for _, w := range x.workloads[so.GetNamespace()] {
		if w.kind != kind || w.Name != name {
			continue
		}
		for _, service := range x.services[so.GetNamespace()] {
			s := x.service(topology.Key{Namespace: so.GetNamespace(), Name: service})
			if len(s.Spec.Selector) > 0 && labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(w.PodLabels)) {
				out = append(out, service)
			}
		}
	}
	return out
}

// asleep says why a trigger cannot wake what sleeps; empty if it can.
func asleep(trigger map[string]any, names []string) string {
	metadata, _ := trigger["metadata"].(map[string]any)
	switch text(trigger["type"]) {
	case "cpu", "memory":
		// KEDA's own webhook refuses it alone:
		// https://github.com/kedacore/keda/blob/v2.21.0/apis/keda/v1alpha1/scaledobject_webhook.go
		return "pods that do not run use no " + text(trigger["type"])
	case "prometheus":
		return ofItself(text(metadata["query"]), names)
	}
	return ""
}

var (
	// selectors of a query: name of the metric and its matchers.
	selectors = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}`)
	// matchers that name whose metric it is. One with something in front, such as
	// dst_deployment or destination_workload, is about whom a proxy has called.
	matchers = regexp.MustCompile(`(?:^|,)\s*(?:pod|service|job|container|deployment|app|workload|app_kubernetes_io_name)\s*=~?\s*"([^"]*)"`)
)

// Metrics that others measure, so that they move although the workload sleeps: proxies in
// front of it, and kube-state-metrics.
var measuredOutside = []string{"envoy_http_", "nginx_ingress_controller_", "traefik_", "haproxy_", "istio_requests_", "kong_", "apisix_", "interceptor_", "kube_", "aws_", "probe_"}

// ofItself says that a query is only about metrics that the workload itself exposes, or
// that stand still while it sleeps; empty if not.
// https://github.com/kedacore/keda/issues/6040
func ofItself(query string, names []string) string {
	all := selectors.FindAllStringSubmatch(query, -1)
	reason := ""
	for _, s := range all {
		metric, labels := s[1], s[2]
		switch {
		case strings.HasPrefix(metric, "envoy_cluster_"):
			// A Service without endpoints is answered for by Envoy itself: no cluster counts it.
			reason = fmt.Sprintf("metric %s counts only what is sent to pods, and there are none", metric)
		case slices.ContainsFunc(measuredOutside, func(prefix string) bool { return strings.HasPrefix(metric, prefix) }):
			return ""
		case names0(labels, names) != "":
			reason = fmt.Sprintf("metric %s is told by %q itself", metric, names0(labels, names))
		default:
			return ""
		}
	}
	return reason
}

// names0 is the name of the workload that matchers name; empty for none.
func names0(labels string, names []string) string {
	for _, m := range matchers.FindAllStringSubmatch(labels, -1) {
		value := strings.TrimRight(m[1], ".*+-")
		for _, name := range names {
			if value == name {
				return name
			}
		}
	}
	return ""
}
