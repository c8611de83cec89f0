package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// unattached is a parentRef that no controller has taken.
type unattached struct {
	*topology.Attachment

	route *topology.Facts
	// at is the index in spec.parentRefs.
	at int
}

func (u unattached) object() Object { return routeObject(u.route) }

func (u unattached) field(name string) string {
	return strings.TrimSuffix(fmt.Sprintf("spec.parentRefs[%d].%s", u.at, name), ".")
}

func (u unattached) pointer(name string) string {
	return fmt.Sprintf("/spec/parentRefs/%d%s", u.at, name)
}

// change patches the parentRef, as long as it still names the same parent.
func (u unattached) change(operations ...Operation) Action {
	return change(u.object(), append([]Operation{still(u.pointer("/name"), string(u.Ref.Name))}, operations...)...)
}

// parent as Gateway "infra/eg".
func (u unattached) parent() string { return u.Kind + " " + quote(u.Key) }

// parentObject is the Gateway or ListenerSet.
func (u unattached) parentObject() Object {
	return Object{gatewayAPI, u.Kind, u.Key.Namespace, u.Key.Name}
}

// owned says whether the parent is of a kind that this package knows.
func (u unattached) owned() bool { return u.Kind == "Gateway" || u.Kind == "ListenerSet" }

// findUnattached are the parentRefs that no controller has taken, or of whose newest
// generation none has said anything.
func (x *scene) findUnattached() []unattached {
	var out []unattached
	for i := range x.routes {
		for j := range x.routes[i].Attachments {
			a := x.routes[i].Attachments[j]
			if a.Gateway != nil && a.Accepted.State == topology.False && !settled(a.Gateway) {
				a.Accepted = topology.Condition{State: topology.StateUnknown, Reason: stale}
			}
			u := unattached{&a, &x.routes[i], j}
			if u.Accepted.State != topology.True && u.owned() {
				out = append(out, u)
			}
		}
	}
	return out
}

// nearestOf are the candidates against which the least speaks, and what that is; none if
// a listener takes the route.
func (u unattached) nearestOf() (topology.Against, []topology.Candidate) {
	order := []topology.Against{topology.AgainstSection, topology.AgainstPort, topology.AgainstKind, topology.AgainstNamespace, topology.AgainstHostname}
	best := topology.Against("")
	var out []topology.Candidate
	for _, c := range u.Candidates {
		switch {
		case c.Against == "":
			return "", nil
		case slices.Index(order, c.Against) > slices.Index(order, best):
			best, out = c.Against, []topology.Candidate{c}
		case c.Against == best:
			out = append(out, c)
		}
	}
	return best, out
}

const whyUnattached = "The controller does not attach the route there, so it gets no requests."

// mismatch makes the check of one rule of attachment.
func mismatch(c Check, rule topology.Against, explain func(*scene, unattached, []topology.Candidate) Finding) Check {
	c.Severity = Error
	c.run = func(x *scene) []Finding {
		var out []Finding
		for _, u := range x.unattached {
			against, near := u.nearestOf()
			if against != rule {
				continue
			}
			if l := x.listenerAt(u.parentObject(), near[0].Index); rule == topology.AgainstKind && len(near) == 1 && l.unknownProtocol() {
				continue // no kind of route fits: see listener-protocol
			}
			f := explain(x, u, near)
			f.Object, f.Why = u.object(), whyUnattached
			f.Problem = saying(f.Problem, u.Accepted) + "."
			out = append(out, f)
		}
		return out
	}
	return c
}

func listenerNames(all []topology.Candidate) []string {
	var out []string
	for _, c := range all {
		out = append(out, string(c.Listener.Name))
	}
	return out
}

// candidate is a candidate as a listener that can be patched.
func (u unattached) candidate(c topology.Candidate) listener {
	return listener{Listener: c.Listener, owner: u.parentObject(), index: c.Index}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}
