package diagnose

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

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
