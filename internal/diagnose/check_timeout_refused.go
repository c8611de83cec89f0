package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func timeoutRefused() Check {
	return Check{"timeout-refused", "a route that its controller refuses because of timeouts", Error, func(x *scene) []Finding {
		var out []Finding
		x.timed(catalog.Refused, func(f *topology.Facts, a *topology.Attachment, rule int, row catalog.GatewayController) {
			if a.Accepted.State == topology.True {
				return // a newer version than that of the table
			}
			actions := append([]Action{dropTimeouts(f, rule)}, x.clockPolicies(f, rule, row)...)
			out = append(out, Finding{
				Object: routeObject(f), Field: fmt.Sprintf("spec.rules[%d].timeouts", rule),
				Problem: saying(fmt.Sprintf("%s refuses every route with timeouts; this one has %s", row.Title, timeoutsOf(f.Rules[rule])), a.Accepted) + ".",
				Why:     "The route as a whole is not attached: none of its rules works.",
				Fix:     do("Take the timeouts away, and set the limit where the controller reads it.", actions...),
			})
		})
		return out
	}}
}
