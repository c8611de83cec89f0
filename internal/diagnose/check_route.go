package diagnose

import (
	"fmt"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

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

// routeParentMissing: https://gateway-api.sigs.k8s.io/reference/spec/#parentreference
func routeParentMissing() Check {
	return Check{"route-parent-missing", "a route whose Gateway or ListenerSet does not exist", Error, func(x *scene) []Finding {
		var out []Finding
		for _, u := range x.unattached {
			exists := u.Gateway != nil || u.Set != nil
			if exists || !x.Sees(u.Kind, u.Key.Namespace) {
				continue
			}
			out = append(out, Finding{
				Object: u.object(), Field: u.field("name"),
				Problem: saying(u.parent()+" does not exist", u.Accepted) + ".",
				Why:     whyUnattached,
				Fix:     x.fixParent(u),
			})
		}
		return out
	}}
}

// parents are the names of all parents of a kind, with their namespaces.
func (x *scene) parents(kind string) []string {
	var out []string
	if kind == "Gateway" {
		for _, g := range x.Objects.Gateways.All() {
			out = append(out, topology.Key{Namespace: g.Namespace, Name: g.Name}.String())
		}
		return out
	}
	for _, s := range x.Objects.ListenerSets.All() {
		out = append(out, topology.Key{Namespace: s.Namespace, Name: s.Name}.String())
	}
	return out
}

func (x *scene) fixParent(u unattached) Fix {
	all := x.parents(u.Kind)
	to := nearest(u.Key.String(), all)
	// The same name in another namespace is what was forgotten most often.
	for _, name := range all {
		if strings.HasSuffix(name, "/"+u.Key.Name) {
			to = name
		}
	}
	if to == "" && len(all) == 1 {
		to = all[0]
	}
	namespace, name, _ := strings.Cut(to, "/")
	if to == "" {
		return byHand("Create the Gateway, or name one that exists.")
	}
	return do(fmt.Sprintf("Name %s %q, which does exist.", u.Kind, to), u.change(set(u.pointer("/name"), name), set(u.pointer("/namespace"), namespace)))
}

// mismatch makes the check of one rule of attachment.
func mismatch(c Check, rule topology.Against, explain func(*scene, unattached, []topology.Candidate) Finding) Check {
	c.Severity = Error
	c.run = func(x *scene) []Finding {
		var out []Finding
		for _, u := range x.unattached {
			against, near := u.nearestOf()
			if against != rule || rule == topology.AgainstNamespace && !x.judges(u.route.Ref.Namespace) {
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

// judges says that the labels of a namespace are known.
func (x *scene) judges(namespace string) bool {
	return x.Objects.Namespaces.Get("", namespace) != nil || !x.OfFiles() && x.Sees("Namespace", "")
}

func listenerNames(all []topology.Candidate) []string {
	var out []string
	for _, c := range all {
		out = append(out, string(c.Listener.Name))
	}
	return out
}

func routeSectionMissing() Check {
	c := Check{ID: "route-section-missing", Finds: "a route that names a listener which does not exist"}
	return mismatch(c, topology.AgainstSection, func(_ *scene, u unattached, near []topology.Candidate) Finding {
		name := deref(u.Ref.SectionName)
		f := Finding{Field: u.field("sectionName"), Problem: fmt.Sprintf("Listener %q of %s does not exist%s", name, u.parent(), whatDoes(name, listenerNames(near)))}
		if to := nearest(name, listenerNames(near)); to != "" {
			f.Fix = do(fmt.Sprintf("Name listener %q.", to), u.change(set(u.pointer("/sectionName"), to)))
			return f
		}
		f.Fix = do("Attach to every listener that takes the route.", u.change(unset(u.pointer("/sectionName"))))
		return f
	})
}

func routePortMismatch() Check {
	c := Check{ID: "route-port-mismatch", Finds: "a route that asks for a port on which no listener is"}
	return mismatch(c, topology.AgainstPort, func(_ *scene, u unattached, near []topology.Candidate) Finding {
		var ports []string
		for _, c := range near {
			ports = append(ports, fmt.Sprintf("%q on %d", c.Listener.Name, c.Listener.Port))
		}
		f := Finding{
			Field:   u.field("port"),
			Problem: fmt.Sprintf("The route asks for port %d of %s, whose listeners that it names are %s", *u.Ref.Port, u.parent(), strings.Join(ports, ", ")),
		}
		if len(near) == 1 {
			f.Fix = do(fmt.Sprintf("Ask for port %d.", near[0].Listener.Port), u.change(set(u.pointer("/port"), near[0].Listener.Port)))
			return f
		}
		f.Fix = do("Ask for no port.", u.change(unset(u.pointer("/port"))))
		return f
	})
}

func routeKindNotAllowed() Check {
	c := Check{ID: "route-kind-not-allowed", Finds: "a route of a kind that the listener does not take"}
	return mismatch(c, topology.AgainstKind, func(_ *scene, u unattached, near []topology.Candidate) Finding {
		l := near[0].Listener
		f := Finding{Field: u.field("sectionName"), Problem: fmt.Sprintf("Listener %q of %s takes no %ss", l.Name, u.parent(), u.route.Ref.Kind)}
		listed := l.AllowedRoutes != nil && len(l.AllowedRoutes.Kinds) > 0
		if !listed {
			f.Problem += fmt.Sprintf(": its protocol is %s", l.Protocol)
			f.Fix = byHand("Attach to a listener of protocol HTTP or HTTPS.")
			return f
		}
		f.Fix = do("Let the listener take them.", u.candidate(near[0]).change(set(fmt.Sprintf("/spec/listeners/%d/allowedRoutes/kinds/-", near[0].Index),
			map[string]any{"group": gatewayGroup, "kind": u.route.Ref.Kind})))
		return f
	})
}

// candidate is a candidate as a listener that can be patched.
func (u unattached) candidate(c topology.Candidate) listener {
	return listener{Listener: c.Listener, owner: u.parentObject(), index: c.Index}
}

func routeNamespaceNotAllowed() Check {
	c := Check{ID: "route-namespace-not-allowed", Finds: "a route of a namespace that the listener does not let in"}
	return mismatch(c, topology.AgainstNamespace, func(x *scene, u unattached, near []topology.Candidate) Finding {
		nearest := near[0]
		for _, c := range near {
			if _, ok := topology.Meet(deref(c.Listener.Hostname), first(u.route.Hostnames)); ok {
				nearest = c
				break
			}
		}
		a := admissionOf(nearest.Listener, u.Key.Namespace)
		l := u.candidate(nearest)
		return Finding{
			Field:   u.field(""),
			Problem: fmt.Sprintf("Listener %q of %s lets in %s, not %q", l.Name, u.parent(), a.words(), u.route.Ref.Namespace),
			Fix: x.fixAdmission(a, u.route.Ref.Namespace, func(namespaces map[string]any) Action {
				if namespaces["selector"] == nil {
					delete(namespaces, "selector")
				}
				if nearest.Listener.AllowedRoutes == nil {
					return l.change(set(l.pointer("/allowedRoutes"), map[string]any{"namespaces": namespaces}))
				}
				return l.change(set(l.pointer("/allowedRoutes/namespaces"), namespaces))
			}),
		}
	})
}

func admissionOf(l *gatewayv1.Listener, home string) admission {
	a := admission{from: gatewayv1.NamespacesFromSame, home: home}
	if l.AllowedRoutes != nil && l.AllowedRoutes.Namespaces != nil {
		a.selector = l.AllowedRoutes.Namespaces.Selector
		if l.AllowedRoutes.Namespaces.From != nil {
			a.from = *l.AllowedRoutes.Namespaces.From
		}
	}
	return a
}

// words say whose routes are let in.
func (a admission) words() string {
	switch {
	case a.from == gatewayv1.NamespacesFromSame:
		return fmt.Sprintf("routes of its own namespace %q", a.home)
	case len(namesOf(a.selector)) > 0:
		return "routes of namespaces " + list(namesOf(a.selector))
	case a.selector != nil && len(a.selector.MatchLabels) > 0:
		var labels []string
		for k, v := range a.selector.MatchLabels {
			labels = append(labels, k+"="+v)
		}
		slices.Sort(labels)
		return "routes of namespaces labelled " + strings.Join(labels, ", ")
	case a.from == gatewayv1.NamespacesFromSelector:
		return "routes of namespaces that a selector chooses"
	}
	return "no routes at all"
}

func routeHostnameMismatch() Check {
	c := Check{ID: "route-hostname-mismatch", Finds: "a route for hostnames to which no listener answers"}
	return mismatch(c, topology.AgainstHostname, func(_ *scene, u unattached, near []topology.Candidate) Finding {
		var hosts []string
		for _, c := range near {
			hosts = append(hosts, deref(c.Listener.Hostname))
		}
		slices.Sort(hosts)
		hosts = slices.Compact(hosts)
		f := Finding{
			Field: "spec.hostnames",
			Problem: fmt.Sprintf("No listener of %s answers to %s; everything else fits at %s, which %s to %s",
				u.parent(), list(u.route.Hostnames), list(listenerNames(near)), plural(len(near), "answers", "answer"), list(hosts)),
		}
		var renamed []any
		for _, host := range u.route.Hostnames {
			renamed = append(renamed, rehost(host, hosts))
		}
		f.Fix = do("Use a hostname that is answered to, or give a listener that of the route.",
			merge(u.object(), map[string]any{"spec": map[string]any{"hostnames": unique(renamed)}}))
		return f
	})
}

// rehost puts a hostname below the listener's that is nearest to it.
func rehost(host string, listeners []string) string {
	label, rest, _ := strings.Cut(host, ".")
	best := listeners[0]
	for _, l := range listeners {
		if distance(rest, strings.TrimPrefix(l, "*.")) < distance(rest, strings.TrimPrefix(best, "*.")) {
			best = l
		}
	}
	if under, wild := strings.CutPrefix(best, "*."); wild {
		return label + "." + under
	}
	return best
}

func unique(all []any) []any {
	var out []any
	for _, v := range all {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
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

// What a controller says of a route for a reason that no other check is about.
func routeNotAccepted() Check {
	return Check{"route-not-accepted", "a route that its controller refuses, for a reason that no other check is about", Error, func(x *scene) []Finding {
		var out []Finding
		for _, u := range x.unattached {
			if u.Accepted.State != topology.False || len(u.Bound) == 0 || x.refusedTimeouts(u) || x.parentFaulty(u) {
				continue
			}
			f := Finding{
				Object: u.object(), Field: u.field(""),
				Problem: saying(fmt.Sprintf("The controller of %s refuses the route", u.parent()), u.Accepted) + ".",
				Why:     whyUnattached,
				Fix:     byHand("Do what the message of the controller says."),
			}
			x.explainRefusal(u, &f)
			out = append(out, f)
		}
		return out
	}}
}

// parentFaulty says that every listener that would take the route does not work itself:
// what is said of these explains it.
func (x *scene) parentFaulty(u unattached) bool {
	return !slices.ContainsFunc(u.Bound, func(c topology.Candidate) bool { return !x.listenerAt(u.parentObject(), c.Index).faulty() })
}

// explainRefusal knows reasons that a patch can mend.
func (x *scene) explainRefusal(u unattached, f *Finding) {
	route := x.Objects.HTTPRoutes.Get(u.route.Ref.Namespace, u.route.Ref.Name)
	if u.Accepted.Reason != string(gatewayv1.RouteReasonIncompatibleFilters) || u.route.Ref.Kind != "HTTPRoute" || route == nil {
		return
	}
	// A rule that redirects cannot rewrite:
	// https://gateway-api.sigs.k8s.io/reference/spec/#httproutefilter
	for i, rule := range route.Spec.Rules {
		redirects := slices.ContainsFunc(rule.Filters, func(f gatewayv1.HTTPRouteFilter) bool { return f.Type == gatewayv1.HTTPRouteFilterRequestRedirect })
		j := slices.IndexFunc(rule.Filters, func(f gatewayv1.HTTPRouteFilter) bool { return f.Type == gatewayv1.HTTPRouteFilterURLRewrite })
		if redirects && j >= 0 {
			f.Field = fmt.Sprintf("spec.rules[%d].filters[%d]", i, j)
			path := fmt.Sprintf("/spec/rules/%d/filters/%d", i, j)
			f.Fix = do("Take the rewrite away: the rule redirects, and cannot do both.",
				change(u.object(), still(path+"/type", string(gatewayv1.HTTPRouteFilterURLRewrite)), unset(path)))
			return
		}
	}
}
