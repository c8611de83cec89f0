package topology

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// interceptor is the Service of KEDA's HTTP add-on that holds requests until a pod of
// the Service behind it is there. Its name follows from the name of the chart.
// https://github.com/kedacore/http-add-on
const interceptor = "keda-add-ons-http-interceptor-proxy"

// scaler is an HTTPScaledObject or InterceptorRoute: it says to which Service the
// interceptor sends what.
type scaler struct {
	ref    Ref
	object *unstructured.Unstructured
	rules  []scalerRule
	// request is how long a request may take in all; empty for no limit.
	request string
}

// scalerRule matches requests by host and the beginning of the path; none is any.
type scalerRule struct{ hosts, paths []string }

func (s *Snapshot) indexScalers() {
	s.scalers = map[Key][]*scaler{}
	for _, obj := range s.Objects.Other("HTTPScaledObject") {
		service, _, _ := unstructured.NestedString(obj.Object, "spec", "scaleTargetRef", "service")
		hosts, _, _ := unstructured.NestedStringSlice(obj.Object, "spec", "hosts")
		paths, _, _ := unstructured.NestedStringSlice(obj.Object, "spec", "pathPrefixes")
		s.addScaler("HTTPScaledObject", obj, service, []scalerRule{{hosts, paths}})
	}
	for _, obj := range s.Objects.Other("InterceptorRoute") {
		service, _, _ := unstructured.NestedString(obj.Object, "spec", "target", "service")
		s.addScaler("InterceptorRoute", obj, service, interceptorRules(obj))
	}
}

func (s *Snapshot) addScaler(kind string, obj *unstructured.Unstructured, service string, rules []scalerRule) {
	if service == "" {
		return
	}
	key := Key{obj.GetNamespace(), service}
	ref := Ref{Kind: kind, Namespace: obj.GetNamespace(), Name: obj.GetName()}
	request, _, _ := unstructured.NestedString(obj.Object, "spec", "timeouts", "request")
	s.scalers[key] = append(s.scalers[key], &scaler{ref, obj, rules, request})
}

// limit of a stream that goes through the interceptor; as it is where none does.
func (k *scaler) limit(l streaming.Limit) streaming.Limit {
	if k == nil {
		return l
	}
	return l.ThroughInterceptor(k.request, k.ref.Kind+" "+Key{k.ref.Namespace, k.ref.Name}.String())
}

func interceptorRules(obj *unstructured.Unstructured) []scalerRule {
	list, _, _ := unstructured.NestedSlice(obj.Object, "spec", "rules")
	var out []scalerRule
	for _, item := range list {
		rule, _ := item.(map[string]any)
		hosts, _, _ := unstructured.NestedStringSlice(rule, "hosts")
		out = append(out, scalerRule{hosts: hosts})
		paths, _, _ := unstructured.NestedSlice(rule, "paths")
		for _, p := range paths {
			if match, ok := p.(map[string]any); ok {
				if value, ok := match["value"].(string); ok {
					out[len(out)-1].paths = append(out[len(out)-1].paths, value)
				}
			}
		}
	}
	if len(out) == 0 {
		return []scalerRule{{}}
	}
	return out
}

// takes returns what of a host the scaler takes, if it takes any of the paths.
func (k *scaler) takes(host string, paths []path) (hosts []string) {
	for _, rule := range k.rules {
		if !rule.takesPath(paths) {
			continue
		}
		for _, h := range orAny(rule.hosts) {
			if common, ok := meet(host, h); ok && !slices.Contains(hosts, common) {
				hosts = append(hosts, common)
			}
		}
	}
	return hosts
}

func (r scalerRule) takesPath(paths []path) bool {
	if len(r.paths) == 0 || len(paths) == 0 {
		return true
	}
	return slices.ContainsFunc(paths, func(p path) bool {
		return p.kind == gatewayv1.PathMatchRegularExpression || slices.ContainsFunc(r.paths, func(prefix string) bool {
			return strings.HasPrefix(p.value, prefix) || p.kind == gatewayv1.PathMatchPathPrefix && strings.HasPrefix(prefix, p.value)
		})
	})
}
