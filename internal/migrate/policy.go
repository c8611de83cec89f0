package migrate

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// policyKind is a resource that a controller reads beside the route.
type policyKind struct {
	apiVersion, kind string
	// target is the kind that it is attached to: HTTPRoute or Service. Empty for one that
	// is referred to.
	target string
	// one says that it has one targetRef instead of targetRefs.
	one bool
	// many says that one of a Service has targetRefs, too.
	many bool
	// fixed fields of its spec.
	fixed map[string]any
}

// What the controllers of the table read. Those that set clocks are the ones of
// catalog/controllers.yaml; the versions are those that the chart mcp-server attaches.
var (
	// A policy of a route replaces that of its Gateway as a whole unless it is merged.
	backendTrafficPolicy  = policyKind{apiVersion: "gateway.envoyproxy.io/v1alpha1", kind: "BackendTrafficPolicy", target: "HTTPRoute", fixed: map[string]any{"mergeType": "StrategicMerge"}}
	securityPolicy        = policyKind{apiVersion: "gateway.envoyproxy.io/v1alpha1", kind: "SecurityPolicy", target: "HTTPRoute"}
	clientTrafficPolicy   = policyKind{apiVersion: "gateway.envoyproxy.io/v1alpha1", kind: "ClientTrafficPolicy"}
	trafficPolicy         = policyKind{apiVersion: "gateway.kgateway.dev/v1alpha1", kind: "TrafficPolicy", target: "HTTPRoute"}
	proxySettingsPolicy   = policyKind{apiVersion: "gateway.nginx.org/v1alpha1", kind: "ProxySettingsPolicy", target: "HTTPRoute"}
	clientSettingsPolicy  = policyKind{apiVersion: "gateway.nginx.org/v1alpha1", kind: "ClientSettingsPolicy", target: "HTTPRoute", one: true}
	routePolicy           = policyKind{apiVersion: "alb.networking.azure.io/v1", kind: "RoutePolicy", target: "HTTPRoute", one: true}
	gcpBackendPolicy      = policyKind{apiVersion: "networking.gke.io/v1", kind: "GCPBackendPolicy", target: "Service", one: true}
	healthCheckPolicy     = policyKind{apiVersion: "networking.gke.io/v1", kind: "HealthCheckPolicy", target: "Service", one: true}
	loadBalancerConfig    = policyKind{apiVersion: "gateway.k8s.aws/v1beta1", kind: "LoadBalancerConfiguration"}
	targetGroupConfig     = policyKind{apiVersion: "gateway.k8s.aws/v1beta1", kind: "TargetGroupConfiguration", target: "Service"}
	envoyHTTPRouteFilter  = policyKind{apiVersion: "gateway.envoyproxy.io/v1alpha1", kind: "HTTPRouteFilter"}
	traefikMiddlewareKind = policyKind{apiVersion: "traefik.io/v1alpha1", kind: "Middleware"}
)

// policy is what an Ingress wants of one kind.
type policy struct {
	kind policyKind
	spec map[string]any
}

// made is an object that a rule refers to by an ExtensionRef.
type made struct {
	kind policyKind
	name string
	spec map[string]any
}

// set sets a field of the policy of a kind, and says where that is.
func (s *site) set(kind policyKind, value any, path ...string) []Place {
	i := slices.IndexFunc(s.want.policies, func(p *policy) bool { return p.kind.kind == kind.kind })
	if i < 0 {
		s.want.policies = append(s.want.policies, &policy{kind: kind, spec: map[string]any{}})
		i = len(s.want.policies) - 1
	}
	p := s.want.policies[i]
	if err := unstructured.SetNestedField(p.spec, value, path...); err != nil {
		panic(fmt.Sprintf("migrate: %v", err)) // fields of the same policy do not lie within each other: every test finds it
	}
	field := strings.Join(slices.Concat([]string{"spec"}, path), ".")
	var out []Place
	for _, name := range s.policyNames(kind) {
		out = append(out, Place{Ref{kind.kind, s.ingress.Namespace, name}, field})
	}
	return out
}

// policyNames are the names of the policies of a kind: one for the Ingress, or for each
// of what they are attached to, where a policy has one target only.
func (s *site) policyNames(kind policyKind) []string {
	switch {
	case kind.target == "Service":
		return s.services()
	case kind.one:
		var out []string
		for _, g := range s.groups {
			out = append(out, g.name)
		}
		return out
	}
	return []string{s.ingress.Name}
}

// services are the names of the Services that the Ingress leads to, sorted.
func (s *site) services() []string {
	found := map[string]bool{}
	for _, g := range s.groups {
		for _, l := range g.locations {
			if l.backend.Service != nil {
				found[l.backend.Service.Name] = true
			}
		}
	}
	return sortedKeys(found)
}

// extension makes an object and a filter that refers to it.
func (s *site) extension(kind policyKind, suffix string, spec map[string]any) (gatewayv1.HTTPRouteFilter, Place) {
	name := s.ingress.Name + "-" + suffix
	name = name[max(0, len(name)-longestName):]
	if !slices.ContainsFunc(s.want.made, func(o *made) bool { return o.name == name && o.kind.kind == kind.kind }) {
		s.want.made = append(s.want.made, &made{kind, name, spec})
	}
	return extensionRef(kind, name), Place{Ref{kind.kind, s.ingress.Namespace, name}, "spec." + sortedKeys(spec)[0]}
}

// extensionPlaces are where rules refer to objects of a controller.
func (s *site) extensionPlaces() []Place { return s.routes("spec.rules[].filters[].extensionRef") }

func extensionRef(kind policyKind, name string) gatewayv1.HTTPRouteFilter {
	group, _, _ := cutGroup(kind.apiVersion)
	return gatewayv1.HTTPRouteFilter{
		Type:         gatewayv1.HTTPRouteFilterExtensionRef,
		ExtensionRef: &gatewayv1.LocalObjectReference{Group: gatewayv1.Group(group), Kind: gatewayv1.Kind(kind.kind), Name: gatewayv1.ObjectName(name)},
	}
}
