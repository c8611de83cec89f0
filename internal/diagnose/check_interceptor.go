package diagnose

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// interceptor is the Service of KEDA's HTTP add-on; nil if it was not seen.
func (x *scene) interceptor() *corev1.Service {
	for _, s := range x.Objects.Services.All() {
		if s.Name == topology.Interceptor && s.Spec.Type != corev1.ServiceTypeExternalName {
			return s
		}
	}
	return nil
}

// Requests that go past the interceptor do not wake what it would.
func scalerBypassed() Check {
	return Check{"scaler-bypassed", "a workload that KEDA's HTTP add-on scales, with a route past its interceptor", Error, func(x *scene) []Finding {
		var out []Finding
		for _, s := range x.scalers {
			if s.Reached {
				continue
			}
			i := slices.IndexFunc(x.backends, func(b backendUse) bool { return b.Key == s.Service && common(b.route.Hostnames, named(s)) })
			if i < 0 {
				continue
			}
			b := x.backends[i]
			out = append(out, Finding{
				Object: b.object(), Field: b.field("name"),
				Problem: fmt.Sprintf("The rule sends to Service %q, past KEDA's interceptor, of which %s waits for requests.", s.Service, objectOfU(s.Object)),
				Why:     "The interceptor counts no requests, so the workload is scaled to zero, and nothing wakes it.",
				Fix:     x.intercept(b),
			})
		}
		return out
	}}
}

// named are the hosts that a scaler names; none if it takes any.
func named(s topology.Scaler) []string {
	if slices.Contains(s.Hosts, "") {
		return nil
	}
	return s.Hosts
}

// intercept sends a rule through the interceptor, and grants it.
func (x *scene) intercept(b backendUse) Fix {
	namespace, port := "keda", int32(8080)
	if s := x.interceptor(); s != nil {
		namespace = s.Namespace
		if len(s.Spec.Ports) == 1 {
			port = s.Spec.Ports[0].Port
		}
	}
	actions := []Action{b.change(set(b.pointer("/name"), topology.Interceptor), set(b.pointer("/namespace"), namespace), set(b.pointer("/port"), port))}
	if namespace != b.route.Ref.Namespace {
		actions = append(actions, apply(grant(b.object(), namespace, map[string]any{"group": "", "kind": "Service", "name": topology.Interceptor})))
	}
	return do("Send to the interceptor, which holds a request until a pod is there.", actions...)
}

// A rate counts a stream only in the moment in which it begins.
func scalerRequestRate() Check {
	return Check{"scaler-request-rate", "a streaming server that is scaled by its rate of requests", Warning, func(x *scene) []Finding {
		var out []Finding
		for _, s := range x.scalers {
			if dig(s.Object, "spec", "scalingMetric", "requestRate") == nil || dig(s.Object, "spec", "scalingMetric", "concurrency") != nil || !x.streams(s.Service, named(s)) {
				continue
			}
			out = append(out, Finding{
				Object: objectOfU(s.Object), Field: "spec.scalingMetric.requestRate",
				Problem: fmt.Sprintf("Service %q carries streams, and is scaled by how many requests begin.", s.Service),
				Why:     "An open stream counts as nothing after its first moment: the pod is scaled away under it.",
				Fix: do("Count the requests that are open.", merge(objectOfU(s.Object), map[string]any{"spec": map[string]any{"scalingMetric": map[string]any{
					"requestRate": nil, "concurrency": map[string]any{"targetValue": 100},
				}}})),
			})
		}
		return out
	}}
}

// Routes lead to an interceptor that is not there, or that does not answer.
func interceptorNotServing() Check {
	return Check{"interceptor-not-serving", "KEDA's HTTP interceptor missing or not ready, with routes that need it", Error, func(x *scene) []Finding {
		seen := map[topology.Key]bool{}
		var out []Finding
		for _, b := range x.backends {
			if b.Key.Name != topology.Interceptor || seen[b.Key] {
				continue
			}
			seen[b.Key] = true
			service, ready := x.service(b.Key), x.Ready(b.Key)
			const why = "Every request to a workload that it scales fails, asleep or not."
			switch {
			case service == nil && !b.resolved() && x.Sees("Service", b.Key.Namespace):
				fix := byHand("Install KEDA's HTTP add-on: apps.keda.enabled of a Cluster, or chart keda-add-ons-http.")
				if s := x.interceptor(); s != nil {
					fix = do(fmt.Sprintf("Send to the interceptor in namespace %q.", s.Namespace), x.intercept(b).Actions...)
				}
				out = append(out, Finding{Object: b.object(), Field: b.field("namespace"), Problem: fmt.Sprintf("KEDA's interceptor, Service %q, does not exist.", b.Key), Why: why, Fix: fix})
			case service != nil && ready != nil && *ready == 0:
				if problem, fix := x.explainEmpty(service); problem != "" {
					out = append(out, Finding{Object: serviceObject(b.Key), Problem: "KEDA's interceptor has no ready endpoints: " + problem + ".", Why: why, Fix: fix})
				}
			}
		}
		return out
	}}
}

// KEDA's metrics reach the autoscaler by one APIService for the whole cluster.
// https://keda.sh/docs/latest/troubleshooting/
func externalMetrics() Check {
	return Check{"external-metrics", "KEDA's metrics API not serving, with ScaledObjects that need it", Error, func(x *scene) []Finding {
		if !slices.ContainsFunc(x.Objects.Other("ScaledObject"), external) || !x.Sees("APIService", "") {
			return nil
		}
		f := Finding{
			Object: Object{apiServices, "APIService", "", externalAPIs},
			Why:    "Nothing that KEDA scales grows beyond one replica: the autoscaler gets no metrics.",
		}
		apiService := x.externalAPI()
		adapter := x.adapter()
		if apiService == nil {
			f.Problem = "It does not exist: no metrics of KEDA reach the autoscaler."
			f.Fix = byHand("Install KEDA: apps.keda.enabled of a Cluster, or chart keda.")
			if adapter != nil {
				f.Fix = do("Register KEDA's metrics server.", apply(map[string]any{
					"apiVersion": apiServices, "kind": "APIService", "metadata": map[string]any{"name": externalAPIs},
					"spec": map[string]any{
						"group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
						"service": map[string]any{"namespace": adapter.Namespace, "name": adapter.Name, "port": 443},
					},
				}))
			}
			return []Finding{f}
		}
		return x.judgeExternal(f, apiService, adapter)
	}}
}

func (x *scene) judgeExternal(f Finding, apiService *unstructured.Unstructured, adapter *corev1.Service) []Finding {
	told := topology.ConditionOf(conditionsOf(apiService), "Available", apiService.GetGeneration())
	served := topology.Key{Namespace: digText(apiService, "spec", "service", "namespace"), Name: digText(apiService, "spec", "service", "name")}
	if adapter != nil && (served.Namespace != adapter.Namespace || served.Name != adapter.Name) {
		f.Field = "spec.service"
		f.Problem = saying(fmt.Sprintf("Service %q answers for external metrics, not KEDA's %q", served, topology.Key{Namespace: adapter.Namespace, Name: adapter.Name}), told) + "."
		f.Fix = do("Let KEDA answer; only one can.", merge(f.Object, map[string]any{"spec": map[string]any{"service": map[string]any{"namespace": adapter.Namespace, "name": adapter.Name}}}))
		return []Finding{f}
	}
	if told.State != topology.False {
		return nil
	}
	f.Field = "status.conditions"
	f.Problem = saying(fmt.Sprintf("Service %q does not answer for external metrics", served), told) + "."
	f.Fix = byHand(fmt.Sprintf("See its log: kubectl logs -n %s service/%s.", served.Namespace, served.Name))
	if adapter != nil {
		problem, fix := x.explainEmpty(adapter)
		switch {
		case problem != "":
			f.Fix = fix
			f.Problem += " Its Service has no ready pods: " + problem + "."
		case !x.settled(adapter):
			return nil // it has just been changed
		}
	}
	return []Finding{f}
}

// settled says that the controllers have looked at all that a Service selects.
func (x *scene) settled(s *corev1.Service) bool {
	return !slices.ContainsFunc(x.selected(s), func(w workload) bool { return !w.Settled })
}

// external says that a ScaledObject needs external metrics: not only cpu and memory.
func external(so *unstructured.Unstructured) bool {
	triggers, _ := dig(so, "spec", "triggers").([]any)
	return slices.ContainsFunc(triggers, func(item any) bool {
		trigger, _ := item.(map[string]any)
		kind := text(trigger["type"])
		return kind != "cpu" && kind != "memory"
	})
}

func (x *scene) externalAPI() *unstructured.Unstructured {
	all := x.Objects.Other("APIService")
	i := slices.IndexFunc(all, func(u *unstructured.Unstructured) bool { return u.GetName() == externalAPIs })
	if i < 0 {
		return nil
	}
	return all[i]
}

// adapter is the Service of KEDA's metrics server; nil if it was not seen.
func (x *scene) adapter() *corev1.Service {
	for _, s := range x.Objects.Services.All() {
		if s.Name == "keda-operator-metrics-apiserver" {
			return s
		}
	}
	return nil
}
