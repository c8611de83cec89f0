package diagnose

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

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

// adapters are the names that KEDA's chart and KEDA's manifests give the Service.
// https://github.com/kedacore/charts/blob/main/keda/templates/metrics-server/service.yaml
// https://github.com/kedacore/keda/blob/v2.21.0/config/metrics-server/service.yaml
var adapters = []string{"keda-operator-metrics-apiserver", "keda-metrics-apiserver"}

// adapter is the Service of KEDA's metrics server; nil if it was not seen.
func (x *scene) adapter() *corev1.Service {
	for _, s := range x.Objects.Services.All() {
		if slices.Contains(adapters, s.Name) {
			return s
		}
	}
	return nil
}

// settled says that the controllers have looked at all that a Service selects.
func (x *scene) settled(s *corev1.Service) bool {
	return !slices.ContainsFunc(x.selected(s), func(w workload) bool { return !w.Settled })
}
