package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// mostPassed is how many of those that were passed over are named.
const mostPassed = 6

// followRoute follows a request that is meant for the asked route.
func (w *way) followRoute() error {
	doors := w.doors()
	if len(doors) == 0 {
		return w.nowhere()
	}
	d := doors[0]
	if err := w.ask(cmp.Or(w.options.Host, sampleHost(d.hosts, d.HostOf(), w.asked.Hostnames))); err != nil {
		return err
	}
	d = w.serving(d, doors)
	w.describeRequest(schemeOf(d), addressOf(d), d.Port)
	w.gatewayHops(d.Gateway)
	w.listenerHop(d)
	w.routeHops(d)
	return nil
}

// nowhere tells of a route that no Gateway was seen for.
func (w *way) nowhere() error {
	if w.options.Gateway != "" || w.options.Port != 0 {
		return fmt.Errorf("%w: cannot find a listener for %s at the Gateway and port that were asked for", ErrInput, nameOf(w.asked.Ref))
	}
	looked := func(a topology.Attachment) bool { return a.Kind == "Gateway" || a.Kind == "ListenerSet" }
	if all := w.asked.Attachments; len(all) > 0 && !slices.ContainsFunc(all, looked) {
		return fmt.Errorf("%w: cannot follow a request to %s: its parent is %s %q, and only Gateways and ListenerSets are looked at", ErrInput, nameOf(w.asked.Ref), all[0].Kind, all[0].Key)
	}
	if err := w.ask(cmp.Or(w.options.Host, sampleHost(nil, "", w.asked.Hostnames))); err != nil {
		return err
	}
	w.describeRequest("http", "", 0)
	object := routeObject(w.asked)
	h := Hop{Kind: HopRoute, Object: &object, Text: object.String()}
	w.tell(&h, object, either(at("spec.parentRefs"), at("status")))
	if h.Stops == "" {
		h.Stops = "none of the Gateways that it names was seen."
	}
	w.hop(h)
	w.ruleHops(w.ownClaim(), nil)
	return nil
}

// sampleHost is a host that a route answers to: the first of its hostnames at a listener.
// Of a wildcard it is one below; empty where any host will do.
func sampleHost(hosts []string, listener string, route []string) string {
	host := listener
	if len(route) > 0 {
		host = route[0]
	}
	if len(hosts) > 0 {
		host = hosts[0]
	}
	if rest, wild := strings.CutPrefix(strings.ToLower(host), "*"); wild {
		return "any" + rest
	}
	return strings.ToLower(host)
}

// ask makes the request: what was asked for, and of the first match of the route that fits
// it what was not.
func (w *way) ask(host string) error {
	o := w.options
	path, query := splitQuery(o.Path)
	given := func(r topology.Request) topology.Request {
		r.Path, r.Method = cmp.Or(path, r.Path), cmp.Or(strings.ToUpper(o.Method), r.Method)
		for name, value := range o.Headers {
			r.Headers[strings.ToLower(name)] = value
		}
		if o.Path != "" {
			r.Query = query
		}
		return r
	}
	var failed error
	for _, rule := range w.asked.Rules {
		for _, m := range append(slices.Clone(rule.Matches), topology.Match{})[:max(1, len(rule.Matches))] {
			r, err := m.Sample(host)
			if r = given(r); m.Against(r) == "" {
				w.request = r
				return nil
			}
			if failed == nil {
				failed = err
			}
		}
	}
	if failed != nil && o.Path == "" {
		return fmt.Errorf("%w: %w; give --path, and --header where the match asks for one", ErrInput, failed)
	}
	w.request = given(topology.Request{Host: host, Method: topology.DefaultMethod, Path: "/", Headers: map[string]string{}, Query: map[string]string{}})
	return nil
}

// splitQuery reads the query parameters behind a path, as they are written.
func splitQuery(s string) (path string, query map[string]string) {
	path, rest, _ := strings.Cut(s, "?")
	query = map[string]string{}
	for part := range strings.SplitSeq(rest, "&") {
		name, value, _ := strings.Cut(part, "=")
		if _, twice := query[name]; name != "" && !twice {
			query[name] = value
		}
	}
	return path, query
}

// describeRequest writes down the request, and what of it was not given.
func (w *way) describeRequest(scheme, address string, port int32) {
	r := &w.out.Request
	r.Host, r.Path, r.Method = w.request.Host, w.request.Path, w.request.Method
	r.Headers = slices.Sorted(maps.Keys(w.request.Headers))
	r.URL = topology.URL(scheme, cmp.Or(r.Host, address, "ADDRESS"), port, w.options.pathOr(r.Path))
	if w.options.Host == "" && r.Host != "" {
		r.Taken = append(r.Taken, "host")
	}
	if w.options.Path == "" {
		r.Taken = append(r.Taken, "path")
	}
	if w.options.Method == "" && r.Method != topology.DefaultMethod {
		r.Taken = append(r.Taken, "method")
	}
	for _, name := range r.Headers {
		if _, given := w.options.Headers[name]; !given {
			r.Taken = append(r.Taken, "header "+name)
		}
	}
}

// pathOr is the path that was asked for, with its query, or else another one.
func (o Options) pathOr(path string) string { return cmp.Or(o.Path, path) }

// routeHops say which route and rule get the request, and follow it from there.
func (w *way) routeHops(d door) {
	claims := topology.Claims(w.sameKind(), w.request, func(f *topology.Facts) []string { return hostsOf(f, d.OwnedListener) })
	own := slices.IndexFunc(claims, func(c topology.Claim) bool { return c.Route.Ref == w.asked.Ref })
	refusal := w.refusal(d)
	switch {
	case refusal.Stops != "":
		// It gets nothing: what would come behind is shown all the same, as it has to be
		// right, too.
		if len(claims) > 0 && own != 0 {
			refusal.Details = append(refusal.Details, winner(claims[0])+" gets the request as long as this is so.")
		}
		w.hop(refusal)
		w.ruleHops(w.ownClaim(), &d)
	case own < 0 && len(claims) == 0:
		refusal.Stops = "no route at the listener matches: the answer is 404."
		refusal.PassedOver = w.ownMatches(d)
		w.hop(refusal)
	case own != 0:
		why := "no rule of this route matches"
		if len(hostsOf(w.asked, d.OwnedListener)) == 0 {
			why = "this route does not attach to the listener"
		}
		if own > 0 {
			_, reason := topology.Precedence(claims[0], claims[own])
			why = "it " + reason
		}
		w.elsewhere = fmt.Sprintf("%s gets the request, not %s: %s.", winner(claims[0]), nameOf(w.asked.Ref), why)
		w.claimHop(claims, d)
		w.ruleHops(&claims[0], &d)
	default:
		w.claimHop(claims, d)
		w.ruleHops(&claims[0], &d)
	}
}

func winner(c topology.Claim) string { return nameOf(c.Route.Ref) }

// sameKind are the routes of the kind of the asked one: a listener never mixes both for a
// hostname. https://gateway-api.sigs.k8s.io/api-types/grpcroute/#cross-serving
func (w *way) sameKind() []topology.Facts {
	return slices.DeleteFunc(slices.Clone(w.routes), func(f topology.Facts) bool { return f.Ref.Kind != w.asked.Ref.Kind })
}

// refusal is the hop of the asked route; it stops where the route gets nothing at all
// there.
func (w *way) refusal(d door) Hop {
	object := routeObject(w.asked)
	h := Hop{Kind: HopRoute, Object: &object, Text: object.String()}
	a := &w.asked.Attachments[d.attachment]
	field := fmt.Sprintf("spec.parentRefs[%d]", d.attachment)
	if attached(a) {
		return h
	}
	h.Field = field
	wants := either(at(field))
	if len(a.Bound) == 0 {
		wants = either(at(field), at("spec.hostnames"))
	}
	w.tell(&h, object, wants)
	for i := range w.asked.Rules {
		w.tell(&h, object, at(fmt.Sprintf("spec.rules[%d].timeouts", i)))
		w.tell(&h, object, at(fmt.Sprintf("spec.rules[%d].filters", i)))
	}
	if h.Stops == "" {
		h.Stops = "the route is not attached: " + cmp.Or(w.against(d.OwnedListener), strings.Trim(a.Accepted.Reason+": "+a.Accepted.Message, ": "), "its controller refuses it") + "."
	}
	return h
}

// ownClaim is the match of the asked route that takes the request, whether or not the route
// is attached; nil if none does.
func (w *way) ownClaim() *topology.Claim {
	all := topology.Claims([]topology.Facts{*w.asked}, w.request, func(*topology.Facts) []string { return []string{""} })
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}

// ownMatches are those of the asked route that do not take the request; the route as a whole
// where it is not at the listener, or for other hosts.
func (w *way) ownMatches(d door) []PassedOver {
	var out []PassedOver
	if len(hostsOf(w.asked, d.OwnedListener)) == 0 {
		return []PassedOver{{nameOf(w.asked.Ref), "it is not attached here: " + cmp.Or(w.against(d.OwnedListener), "its controller refuses it")}}
	}
	if len(w.asked.Hostnames) > 0 && !slices.ContainsFunc(w.asked.Hostnames, func(h string) bool { return topology.HostFits(h, w.request.Host) }) {
		return []PassedOver{{nameOf(w.asked.Ref), "it is for " + some(slices.Clone(w.asked.Hostnames), mostPassed)}}
	}
	for i, rule := range w.asked.Rules {
		for j, m := range rule.Matches {
			if why := m.Against(w.request); why != "" {
				out = append(out, PassedOver{fmt.Sprintf("spec.rules[%d].matches[%d] (%s)", i, j, m), why})
			}
		}
	}
	return fewest(out, "matches")
}

// claimHop says which match takes the request, the first one, and why the others do not.
func (w *way) claimHop(claims []topology.Claim, d door) {
	won := claims[0]
	object := routeObject(won.Route)
	h := Hop{Kind: HopRoute, Object: &object, Field: fieldOf(won), Text: fmt.Sprintf("%s, %s: %s", object, fieldOf(won), matchOf(won))}
	if won.Route.Ref != w.asked.Ref {
		h.PassedOver = w.ownMatches(d)
	}
	for _, c := range claims[1:] {
		what := fmt.Sprintf("%s, %s: %s", nameOf(c.Route.Ref), fieldOf(c), matchOf(c))
		if c.Route.Ref == won.Route.Ref {
			what = fmt.Sprintf("%s: %s", fieldOf(c), matchOf(c))
		}
		_, reason := topology.Precedence(won, c)
		h.PassedOver = append(h.PassedOver, PassedOver{what, "the one that wins " + reason})
	}
	h.PassedOver = fewest(h.PassedOver, "matches")
	wants := at(fieldOf(won))
	if won.Match < 0 {
		wants = exactly(fieldOf(won))
	}
	if won.Route.Ref == w.asked.Ref {
		w.tell(&h, object, at(fmt.Sprintf("spec.parentRefs[%d]", d.attachment)))
	}
	w.tell(&h, object, either(wants, exactly("spec.rules"), exactly("")))
	if lost := slices.IndexFunc(claims, func(c topology.Claim) bool { return c.Route.Ref == w.asked.Ref }); lost > 0 {
		w.tell(&h, routeObject(w.asked), at(fieldOf(claims[lost])))
	}
	w.hop(h)
}

// fewest keeps the first of those that were passed over, and says how many there are more.
func fewest(all []PassedOver, what string) []PassedOver {
	if len(all) <= mostPassed {
		return all
	}
	return append(all[:mostPassed:mostPassed], PassedOver{fmt.Sprintf("%d more %s", len(all)-mostPassed, what), "for reasons like these"})
}

func fieldOf(c topology.Claim) string {
	if c.Match < 0 {
		return fmt.Sprintf("spec.rules[%d]", c.Rule)
	}
	return fmt.Sprintf("spec.rules[%d].matches[%d]", c.Rule, c.Match)
}

func matchOf(c topology.Claim) string {
	if c.Match < 0 {
		return "everything"
	}
	return c.Route.Rules[c.Rule].Matches[c.Match].String()
}

func schemeOf(d door) string {
	if d.SpeaksTLS() {
		return "https"
	}
	return "http"
}

func addressOf(d door) string {
	if len(d.Gateway.Status.Addresses) == 0 {
		return ""
	}
	return d.Gateway.Status.Addresses[0].Value
}
