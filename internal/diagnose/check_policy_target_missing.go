package diagnose

import (
	"fmt"
	"slices"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

const whyNoTarget = "The policy has no effect there, and most controllers say nothing of it."

// A policy for what does not exist. Controllers are silent where another one could have the
// target: https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/securitypolicy.go
func policyTargetMissing() Check {
	return Check{"policy-target-missing", "a policy for a Gateway, route or Service that does not exist", Error, func(x *scene) []Finding {
		var out []Finding
		for _, p := range x.policies {
			all, known := x.targets(p.Target.Kind)
			if !known || p.Selected || p.alone && p.accepted {
				continue
			}
			f, bad := x.sectionMissing(p, all)
			if !bad {
				f, bad = x.targetMissing(p, all)
			}
			if bad {
				f.Object, f.Why = p.object(), whyNoTarget
				f.Problem = saying(f.Problem, p.refusal) + "."
				out = append(out, f)
			}
		}
		return out
	}}
}

// sectionMissing is about a listener, a rule or a port that the target does not have. Ports
// may be given by number, which not every controller takes.
func (x *scene) sectionMissing(p policyAt, all []topology.Key) (Finding, bool) {
	if p.Section == "" || !slices.Contains(all, p.key()) {
		return Finding{}, false
	}
	sections := x.sections(p.Target)
	byNumber := p.Target.Kind == "Service" && p.Section[0] <= '9'
	if byNumber || slices.Contains(sections, p.Section) {
		return Finding{}, false
	}
	whole := p
	whole.Section = ""
	f := Finding{Field: p.Field + ".sectionName", Problem: fmt.Sprintf("%s has no %s %q%s", whole.target(), sectionKind[p.Target.Kind], p.Section, whatDoes(p.Section, sections))}
	if to := nearest(p.Section, sections); to != "" {
		f.Fix = do(fmt.Sprintf("Name %s %q.", sectionKind[p.Target.Kind], to), p.change(set(p.pointer("/sectionName"), to)))
		return f, true
	}
	f.Fix = do(fmt.Sprintf("Let it be for all of the %s.", p.Target.Kind), p.change(unset(p.pointer("/sectionName"))))
	return f, true
}

// targetMissing is about a target that is not there: what is named like it, or stands in
// another namespace, was meant. In files, only what stands elsewhere is surely missing here.
func (x *scene) targetMissing(p policyAt, all []topology.Key) (Finding, bool) {
	var here []string
	var elsewhere []topology.Key
	for _, key := range all {
		if key.Namespace == p.Target.Namespace {
			here = append(here, key.Name)
		} else if key.Name == p.Target.Name {
			elsewhere = append(elsewhere, key)
		}
	}
	if slices.Contains(all, p.key()) || len(elsewhere) == 0 && !x.Sees(p.Target.Kind, p.Target.Namespace) {
		return Finding{}, false
	}
	f := Finding{Field: p.Field + ".name", Fix: byHand("Name one that exists, or delete the policy.")}
	if len(elsewhere) > 0 {
		f.Problem = fmt.Sprintf("%s does not exist; %q does, and a policy is for what is in its own namespace", p.target(), elsewhere[0])
	} else {
		f.Problem = fmt.Sprintf("%s does not exist%s", p.target(), whatDoes(p.Target.Name, here))
	}
	switch to := nearest(p.Target.Name, here); {
	case to != "":
		f.Fix = do(fmt.Sprintf("Name %s %q.", p.Target.Kind, to), p.change(set(p.pointer("/name"), to)))
	case len(elsewhere) == 1 && p.alone && p.Target.Namespace == p.Policy.GetNamespace():
		f.Fix = do(fmt.Sprintf("Move the policy to namespace %q, with what it refers to.", elsewhere[0].Namespace), apply(moved(p, elsewhere[0].Namespace)), remove(p.object()))
	}
	return f, true
}

// moved is the policy in another namespace.
func moved(p policyAt, namespace string) map[string]any {
	spec, _ := dig(p.Policy, "spec").(map[string]any)
	return policy(p.Policy.GetAPIVersion(), p.Policy.GetKind(), topology.Key{Namespace: namespace, Name: p.Policy.GetName()}, spec)
}
