package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/catalog"
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
