package diagnose

import (
	"strconv"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type controllerRow = catalog.GatewayController

// clockPolicies set, where a controller reads it, how long the requests of a rule may last.
// What they are is in catalog/controllers.yaml, with the sources; none where nothing that
// can be applied lifts the limit.
func (x *scene) clockPolicies(f *topology.Facts, rule int, row controllerRow) []Action {
	asked, err := streaming.ParseDuration(f.Rules[rule].Request)
	if err != nil || asked == 0 {
		asked = 24 * streaming.Hour
	}
	seconds := int64(asked / streaming.Second)
	var out []Action
	switch row.Name {
	case "gke":
		for _, key := range servicesOf(f, rule) {
			out = append(out, apply(policy("networking.gke.io/v1", "GCPBackendPolicy", key, map[string]any{
				"targetRef": map[string]any{"group": "", "kind": "Service", "name": key.Name},
				"default":   map[string]any{"timeoutSec": seconds},
			})))
		}
	case "kgateway":
		out = append(out, apply(ofRoute("gateway.kgateway.dev/v1alpha1", "TrafficPolicy", f, map[string]any{
			"timeouts": map[string]any{"request": "0s", "streamIdle": "0s"},
		})))
	case "nginx-gateway-fabric":
		lasting := string(streaming.Lasting(asked))
		out = append(out, apply(ofRoute("gateway.nginx.org/v1alpha1", "ProxySettingsPolicy", f, map[string]any{
			"buffering": map[string]any{"disable": true},
			"timeout":   map[string]any{"read": lasting, "send": lasting},
		})))
	case "azure-agc":
		out = append(out, apply(policy("alb.networking.azure.io/v1", "RoutePolicy", topology.Key{Namespace: f.Ref.Namespace, Name: f.Ref.Name}, map[string]any{
			"targetRef": targetOf(f),
			"default":   map[string]any{"timeouts": map[string]any{"routeTimeout": "0s"}},
		})))
	case "kong":
		millis := strconv.FormatInt(int64(asked/streaming.Millisecond), 10)
		for _, key := range servicesOf(f, rule) {
			out = append(out, annotate(serviceObject(key), map[string]any{"konghq.com/read-timeout": millis, "konghq.com/write-timeout": millis}))
		}
	case "haproxy":
		for _, key := range servicesOf(f, rule) {
			out = append(out, annotate(serviceObject(key), map[string]any{
				"haproxy.org/timeout-server": strconv.FormatInt(seconds, 10) + "s", "haproxy-ingress.github.io/timeout-server": strconv.FormatInt(seconds, 10) + "s",
			}))
		}
	}
	return out
}

func servicesOf(f *topology.Facts, rule int) []topology.Key {
	var out []topology.Key
	for _, b := range f.Rules[rule].Backends {
		if b.IsService() {
			out = append(out, b.Key)
		}
	}
	return out
}

func policy(apiVersion, kind string, key topology.Key, spec map[string]any) map[string]any {
	return map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"namespace": key.Namespace, "name": key.Name}, "spec": spec}
}

func targetOf(f *topology.Facts) map[string]any {
	return map[string]any{"group": gatewayGroup, "kind": f.Ref.Kind, "name": f.Ref.Name}
}

// ofRoute is a policy that targets a route and has its name.
func ofRoute(apiVersion, kind string, f *topology.Facts, spec map[string]any) map[string]any {
	spec["targetRefs"] = []any{targetOf(f)}
	return policy(apiVersion, kind, topology.Key{Namespace: f.Ref.Namespace, Name: f.Ref.Name}, spec)
}

func annotate(o Object, annotations map[string]any) Action {
	return merge(o, map[string]any{"metadata": map[string]any{"annotations": annotations}})
}
