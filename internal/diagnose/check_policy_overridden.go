package diagnose

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// merging are the policies of Envoy Gateway of which one for a route takes the place of
// those for its Gateway as a whole, unless it says how to merge, and since which version
// that can be said.
// https://github.com/envoyproxy/gateway/tree/v1.9.1/release-notes
var merging = map[string]string{"BackendTrafficPolicy": "1.4", "EnvoyExtensionPolicy": "1.9", "SecurityPolicy": "1.8"}

// protecting are the fields of a SecurityPolicy that keep somebody out.
var protecting = []string{"apiKeyAuth", "authorization", "basicAuth", "extAuth", "jwt", "oidc"}

// A policy for a route that takes away what one for its Gateway sets.
func policyOverridden() Check {
	return Check{"policy-overridden", "a policy for a route without which one for its Gateway would count there", Warning, func(x *scene) []Finding {
		above := map[topology.Key][]policyAt{}
		routes := map[topology.Ref]*topology.Facts{}
		for i := range x.routes {
			routes[x.routes[i].Ref] = &x.routes[i]
		}
		for _, p := range x.policies {
			if p.Target.Kind == "Gateway" {
				above[p.key()] = append(above[p.key()], p)
			}
		}
		var out []Finding
		for _, p := range x.policies {
			f := routes[p.Target]
			if f == nil || merging[p.Policy.GetKind()] == "" || digText(p.Policy, "spec", "mergeType") != "" {
				continue
			}
			for i := range f.Attachments {
				found, bad := overrides(p, parentPolicy(p, &f.Attachments[i], above))
				if bad {
					out = append(out, found)
					break // at another Gateway it is the same
				}
			}
		}
		return out
	}}
}

// parentPolicy is the policy of the same kind for a listener that takes the route, or else
// for its Gateway; nil if there is none.
func parentPolicy(p policyAt, a *topology.Attachment, above map[topology.Key][]policyAt) *policyAt {
	if a.Kind != "Gateway" {
		return nil
	}
	var out *policyAt
	for i := range above[a.Key] {
		g := &above[a.Key][i]
		at := func(c topology.Candidate) bool { return string(c.Listener.Name) == g.Section }
		if g.Policy.GetKind() != p.Policy.GetKind() || g.Section != "" && !slices.ContainsFunc(a.Bound, at) {
			continue
		}
		if out == nil || out.Section == "" && g.Section != "" {
			out = g
		}
	}
	return out
}

// overrides says what of the Gateway's policy does not count for the route. A policy that
// keeps somebody out itself is meant to take the place of another one.
func overrides(p policyAt, parent *policyAt) (Finding, bool) {
	if parent == nil {
		return Finding{}, false
	}
	kind, own := p.Policy.GetKind(), p.settings()
	lost := slices.DeleteFunc(slices.Sorted(maps.Keys(parent.settings())), func(field string) bool { return own[field] != nil })
	f := Finding{
		Object: p.object(), Field: "spec.mergeType",
		Problem: fmt.Sprintf("It is for %s, and so nothing of %s, which is for %s, counts there: not %s.", p.target(), parent.object(), parent.target(), list(lost)),
		Why:     "Without a way to merge, the policy that is nearer to the route takes the place of the other one.",
	}
	if kind == "SecurityPolicy" {
		keepsOut := func(field string) bool { return slices.Contains(protecting, field) }
		lost = slices.DeleteFunc(lost, func(field string) bool { return !keepsOut(field) })
		if slices.ContainsFunc(slices.Collect(maps.Keys(own)), keepsOut) {
			return Finding{}, false
		}
		f.Why += " Whoever the other one keeps out gets in by this route."
	} else {
		f.Severity = Info
	}
	f.Fix = do(fmt.Sprintf("Merge the two, with Envoy Gateway %s or newer.", merging[kind]), merge(p.object(), map[string]any{"spec": map[string]any{"mergeType": "StrategicMerge"}}))
	return f, len(lost) > 0
}
