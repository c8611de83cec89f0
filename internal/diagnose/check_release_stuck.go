package diagnose

import (
	"fmt"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// A Release that hangs in the middle: Helm was interrupted, and refuses to go on.
// provider-helm rolls back, or installs anew, only if it is told how often it may
// (shouldRollBack in
// https://github.com/crossplane-contrib/provider-helm/blob/v1.0.6/pkg/controller/namespaced/release/release.go).
func releaseStuck() Check {
	return Check{"release-stuck", "a Release that Helm left in the middle of an installation or upgrade, or that failed", Error, func(x *scene) []Finding {
		var out []Finding
		for _, r := range x.Objects.Other("Release") {
			state := digText(r, "status", "atProvider", "state")
			limit, limited := dig(r, "spec", "rollbackLimit").(int64)
			failed, _ := dig(r, "status", "failed").(int64)
			told := topology.ConditionOf(conditionsOf(r), "Synced", r.GetGeneration())
			// In the first minutes Helm is at work; once it was interrupted every try fails.
			working := strings.HasPrefix(state, "pending-") && told.State == topology.True
			bad := strings.HasPrefix(state, "pending-") || state == "failed"
			if !bad || working || limited && failed < limit {
				continue
			}
			if told.State == topology.True {
				told = topology.ConditionOf(conditionsOf(r), "Ready", r.GetGeneration())
			}
			problem := fmt.Sprintf("Helm's release is %q, and nobody tries again", state)
			if limited {
				problem = fmt.Sprintf("Helm's release is %q after %d tries, which is all that spec.rollbackLimit allows", state, failed)
			}
			out = append(out, Finding{
				Object: objectOfU(r), Field: "spec.rollbackLimit",
				Problem: saying(problem, told) + ".",
				Why:     "The chart is not, or only half, installed, and no change to the Release has any effect.",
				Fix:     do("Let the provider roll back and try again, three times.", merge(objectOfU(r), map[string]any{"spec": map[string]any{"rollbackLimit": failed + 3}})),
			})
		}
		return out
	}}
}
