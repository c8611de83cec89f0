package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// timed are the rules of a route with timeouts, at each parent whose controller does
// something with them; every rule once.
func (x *scene) timed(what catalog.Handling, tell func(f *topology.Facts, a *topology.Attachment, rule int, row catalog.GatewayController)) {
	for i := range x.routes {
		f := &x.routes[i]
		done := map[int]bool{}
		for j := range f.Attachments {
			a := &f.Attachments[j]
			if a.Gateway == nil {
				continue
			}
			row, _ := x.Controller(string(a.Gateway.Spec.GatewayClassName))
			for rule, r := range f.Rules {
				if !done[rule] && (r.Request != "" && row.Timeouts.Request == what || r.BackendRequest != "" && row.Timeouts.BackendRequest == what) {
					done[rule] = true
					tell(f, a, rule, row)
				}
			}
		}
	}
}

func timeoutsOf(r topology.RuleFacts) string {
	switch {
	case r.BackendRequest == "":
		return "request " + r.Request
	case r.Request == "":
		return "backendRequest " + r.BackendRequest
	}
	return "request " + r.Request + " and backendRequest " + r.BackendRequest
}

// dropTimeouts takes those of a rule away.
func dropTimeouts(f *topology.Facts, rule int) Action {
	return change(routeObject(f), unset(fmt.Sprintf("/spec/rules/%d/timeouts", rule)))
}

func timeoutRefused() Check {
	return Check{"timeout-refused", "a route that its controller refuses because of timeouts", Error, func(x *scene) []Finding {
		var out []Finding
		x.timed(catalog.Refused, func(f *topology.Facts, a *topology.Attachment, rule int, row catalog.GatewayController) {
			if a.Accepted.State == topology.True {
				return // a newer version than that of the table
			}
			actions := append([]Action{dropTimeouts(f, rule)}, x.policies(f, rule, row)...)
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
				Why:     "A request may take as long as it likes, whatever the route says.",
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
