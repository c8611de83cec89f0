package diagnose

import (
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// A stream that is cut before it may be.
func streamCut() Check {
	return Check{"stream-cut", "a route for streams on which a clock cuts them", Warning, func(x *scene) []Finding {
		var out []Finding
		for i := range x.routes {
			f := &x.routes[i]
			for rule := range f.Rules {
				if cut, bad := x.cut(f, rule); bad {
					out = append(out, cut)
				}
			}
		}
		return out
	}}
}

// cut is the finding about the shortest limit of a rule, at any listener and backend.
func (x *scene) cut(f *topology.Facts, rule int) (Finding, bool) {
	want, says, ok := wanted(f.Rules[rule])
	if !ok {
		return Finding{}, false
	}
	var worst *Finding
	for i := range f.Attachments {
		a := &f.Attachments[i]
		if a.Gateway == nil || a.Accepted.State == topology.False {
			continue
		}
		for _, at := range a.Bound {
			for backend, b := range f.Rules[rule].Backends {
				if !b.IsService() {
					continue
				}
				found := x.judge(stream{f, a, rule, backend, want, says}, f.Limit(a, at, rule, backend))
				if outranks(found, worst) {
					worst = found
				}
			}
		}
	}
	if worst == nil {
		return Finding{}, false
	}
	return *worst, true
}

// outranks says that a finding is worse than the worst until now; nil is none.
func outranks(found, worst *Finding) bool {
	return found != nil && (worst == nil || found.Severity.rank() < worst.Severity.rank())
}
