package diagnose

import (
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// What a controller says of a route for a reason that no other check is about.
func routeNotAccepted() Check {
	return Check{"route-not-accepted", "a route that its controller refuses, for a reason that no other check is about", Error, func(x *scene) []Finding {
		var out []Finding
		for _, u := range x.unattached {
			if u.Accepted.State != topology.False || len(u.Bound) == 0 || x.refusedTimeouts(u) || x.parentFaulty(u) {
				continue
			}
			f := Finding{
				Object: u.object(), Field: u.field(""),
				Problem: saying(fmt.Sprintf("The controller of %s refuses the route", u.parent()), u.Accepted) + ".",
				Why:     whyUnattached,
				Fix:     byHand("Do what the message of the controller says."),
			}
			x.explainRefusal(u, &f)
			out = append(out, f)
		}
		return out
	}}
}

// parentFaulty says that every listener that would take the route does not work itself:
// what is said of these explains it.
func (x *scene) parentFaulty(u unattached) bool {
	return !slices.ContainsFunc(u.Bound, func(c topology.Candidate) bool { return !x.listenerAt(u.parentObject(), c.Index).faulty() })
}

// explainRefusal knows reasons that a patch can mend.
func (x *scene) explainRefusal(u unattached, f *Finding) {
	route := x.Objects.HTTPRoutes.Get(u.route.Ref.Namespace, u.route.Ref.Name)
	if u.Accepted.Reason != string(gatewayv1.RouteReasonIncompatibleFilters) || u.route.Ref.Kind != "HTTPRoute" || route == nil {
		return
	}
	// A rule that redirects cannot rewrite:
	// https://gateway-api.sigs.k8s.io/reference/spec/#httproutefilter
	for i, rule := range route.Spec.Rules {
		redirects := slices.ContainsFunc(rule.Filters, func(f gatewayv1.HTTPRouteFilter) bool { return f.Type == gatewayv1.HTTPRouteFilterRequestRedirect })
		j := slices.IndexFunc(rule.Filters, func(f gatewayv1.HTTPRouteFilter) bool { return f.Type == gatewayv1.HTTPRouteFilterURLRewrite })
		if redirects && j >= 0 {
			f.Field = fmt.Sprintf("spec.rules[%d].filters[%d]", i, j)
			path := fmt.Sprintf("/spec/rules/%d/filters/%d", i, j)
			f.Fix = do("Take the rewrite away: the rule redirects, and cannot do both.",
				change(u.object(), still(path+"/type", string(gatewayv1.HTTPRouteFilterURLRewrite)), unset(path)))
			return
		}
	}
}

// refusedTimeouts says that timeoutRefused tells why a parent does not take a route.
func (x *scene) refusedTimeouts(u unattached) bool {
	if u.Gateway == nil {
		return false
	}
	row, _ := x.Controller(string(u.Gateway.Spec.GatewayClassName))
	for _, r := range u.route.Rules {
		if r.Request != "" && row.Timeouts.Request == catalog.Refused || r.BackendRequest != "" && row.Timeouts.BackendRequest == catalog.Refused {
			return true
		}
	}
	return false
}
