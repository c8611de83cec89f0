package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func timeoutIgnored() Check {
	return Check{"timeout-ignored", "timeouts of a route that its controller ignores", Warning, func(x *scene) []Finding {
		var out []Finding
		x.timed(catalog.Ignored, func(f *topology.Facts, _ *topology.Attachment, rule int, row catalog.GatewayController) {
			r := f.Rules[rule]
			if unlimited(r) && row.Clocks.Total == catalog.NoLimit {
				return // there is no limit anyway
			}
			out = append(out, Finding{
				Object: routeObject(f), Field: fmt.Sprintf("spec.rules[%d].timeouts", rule),
				Problem: fmt.Sprintf("%s ignores timeouts of routes; this rule has %s.", row.Title, timeoutsOf(r)),
				Why:     "Whatever the route says, only the controller's own clocks count.",
				Fix:     do("Take the timeouts away: they promise what nobody keeps.", dropTimeouts(f, rule)),
			})
		})
		return out
	}}
}

// unlimited says that all timeouts of a rule are 0s.
func unlimited(r topology.RuleFacts) bool {
	for _, t := range []string{r.Request, r.BackendRequest} {
		if d, err := streaming.ParseDuration(t); t != "" && (err != nil || d != 0) {
			return false
		}
	}
	return true
}
