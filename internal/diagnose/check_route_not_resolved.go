package diagnose

import (
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// What a controller says of the references of a route for a reason that no other check is
// about.
func routeNotResolved() Check {
	return Check{"route-not-resolved", "a route that refers to something its controller cannot use, for a reason that no other check is about", Error, func(x *scene) []Finding {
		var out []Finding
		for i := range x.routes {
			f := &x.routes[i]
			for at := range f.Attachments {
				a := &f.Attachments[at]
				if a.Resolved.State != topology.False || x.judged(f, a.Resolved.Reason) {
					continue
				}
				found := Finding{
					Object:  routeObject(f),
					Field:   "spec.rules",
					Problem: saying(fmt.Sprintf("The controller of %s %s cannot use something that the route refers to", a.Kind, quote(a.Key)), a.Resolved) + ".",
					Why:     "Requests that match the rule are answered with 500.",
					Fix:     byHand("Do what the message of the controller says."),
				}
				x.explainKind(f, a.Resolved.Reason, &found)
				out = append(out, found)
				break // another controller would say the same
			}
		}
		return out
	}}
}

// portNotFound is Envoy Gateway's reason for a port that a Service does not have.
// https://github.com/envoyproxy/gateway/blob/v1.7.0/internal/gatewayapi/status/error.go
const portNotFound = "PortNotFound"

// judged says that the checks of backends see everything that a reason can be about. If
// they find nothing, it has been mended and the controller has not looked yet.
func (x *scene) judged(f *topology.Facts, reason string) bool {
	kinds := []string{"Service"}
	switch reason {
	case string(gatewayv1.RouteReasonBackendNotFound), portNotFound:
	case string(gatewayv1.RouteReasonRefNotPermitted):
		kinds = append(kinds, "ReferenceGrant")
	default:
		return false
	}
	if x.mirrors(f) {
		return false // what a filter refers to is not looked at
	}
	for _, rule := range f.Rules {
		for _, b := range rule.Backends {
			if s := x.service(b.Key); s != nil && elsewhere(s) {
				return false
			}
			unseen := slices.ContainsFunc(kinds, func(kind string) bool { return !x.Sees(kind, b.Key.Namespace) && x.service(b.Key) == nil })
			if !b.IsService() || unseen {
				return false
			}
		}
	}
	return true
}

// mirrors says that a filter of the route sends requests to another backend, too.
func (x *scene) mirrors(f *topology.Facts) bool {
	key := topology.Key{Namespace: f.Ref.Namespace, Name: f.Ref.Name}
	if f.Ref.Kind == "GRPCRoute" {
		return slices.ContainsFunc(x.Objects.GRPCRoutes.Get(key.Namespace, key.Name).Spec.Rules, func(r gatewayv1.GRPCRouteRule) bool {
			mirrors := func(f gatewayv1.GRPCRouteFilter) bool { return f.RequestMirror != nil }
			return slices.ContainsFunc(r.Filters, mirrors) ||
				slices.ContainsFunc(r.BackendRefs, func(b gatewayv1.GRPCBackendRef) bool { return slices.ContainsFunc(b.Filters, mirrors) })
		})
	}
	return slices.ContainsFunc(x.Objects.HTTPRoutes.Get(key.Namespace, key.Name).Spec.Rules, func(r gatewayv1.HTTPRouteRule) bool {
		mirrors := func(f gatewayv1.HTTPRouteFilter) bool { return f.RequestMirror != nil }
		return slices.ContainsFunc(r.Filters, mirrors) ||
			slices.ContainsFunc(r.BackendRefs, func(b gatewayv1.HTTPBackendRef) bool { return slices.ContainsFunc(b.Filters, mirrors) })
	})
}

// explainKind finds the backend of a kind that cannot be one, and the Service of its name.
func (x *scene) explainKind(f *topology.Facts, reason string, found *Finding) {
	if reason != string(gatewayv1.RouteReasonInvalidKind) {
		return
	}
	for i, rule := range f.Rules {
		for j, b := range rule.Backends {
			if b.IsService() || x.service(b.Key) == nil {
				continue
			}
			use := backendUse{b, f, i, j}
			found.Field = use.field("kind")
			found.Fix = do(fmt.Sprintf("Send to Service %q.", b.Key), use.change(set(use.pointer("/kind"), "Service"), set(use.pointer("/group"), "")))
			return
		}
	}
}
