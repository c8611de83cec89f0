package diagnose

import (
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// single are the kinds of which only one policy counts for a target. Those of kgateway and
// NGINX Gateway Fabric are merged field by field.
// https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/
// https://gateway-api.sigs.k8s.io/api-types/backendtlspolicy/
// https://cloud.google.com/kubernetes-engine/docs/concepts/gateway-api#policy-attachment
var single = []string{"BackendTLSPolicy", "BackendTrafficPolicy", "ClientTrafficPolicy", "EnvoyExtensionPolicy", "GCPBackendPolicy", "SecurityPolicy"}

// Policies of one kind for the same target.
func policyConflict() Check {
	return Check{"policy-conflict", "a policy that does not count, because an older one is for the same target", Error, func(x *scene) []Finding {
		type place struct {
			kind, section string
			target        topology.Ref
		}
		winners := map[place]policyAt{}
		for _, p := range x.policies {
			at := place{p.Policy.GetKind(), p.Section, p.Target}
			if w, known := winners[at]; !known || compareAge(p, w) < 0 {
				winners[at] = p
			}
		}
		var out []Finding
		for _, p := range x.policies {
			winner := winners[place{p.Policy.GetKind(), p.Section, p.Target}]
			told := p.refusal.Reason == string(gatewayv1.PolicyReasonConflicted)
			byRule := winner.Policy != p.Policy && slices.Contains(single, p.Policy.GetKind())
			if p.accepted || !byRule && (!told || !p.alone) {
				continue
			}
			f := Finding{
				Object: p.object(), Field: p.Field,
				Why: "What this policy sets does not count there, however it looks.",
				Fix: byHand("Put what both set into one policy, and delete the other."),
			}
			f.Problem = "The controller says that another policy is for " + p.target()
			if byRule {
				f.Problem = fmt.Sprintf("%s is for %s, too, and %s", winner.object(), p.target(), whyWins(winner, p))
				f.Fix = joined(p, winner)
			}
			f.Problem = saying(f.Problem, p.refusal) + "."
			out = append(out, f)
		}
		return out
	}}
}

func whyWins(winner, loser policyAt) string {
	older, younger := winner.Policy.GetCreationTimestamp(), loser.Policy.GetCreationTimestamp()
	if older.Before(&younger) {
		return "counts, as it is older"
	}
	return "counts, unless this one is created first"
}

// joined puts what only the loser sets into the winner, and takes the loser away.
func joined(loser, winner policyAt) Fix {
	if loser.Selected {
		return byHand("Let the selectors of both choose different targets, or put what both set into one policy.")
	}
	if !loser.alone {
		return do("Take the target away from one of them; put what it sets into the other.", loser.change(unset(loser.pointer(""))))
	}
	more := lacking(loser.settings(), winner.settings())
	if len(more) == 0 {
		return do("Delete it: the other one sets the same fields.", remove(loser.object()))
	}
	return do("Put what only this one sets into the other one, and delete this one.", merge(winner.object(), map[string]any{"spec": more}), remove(loser.object()))
}
