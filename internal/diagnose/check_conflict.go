package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// claim is a match of a rule of a route, for one host at one listener.
type claim struct {
	route *topology.Facts
	// rule and match are indexes; match is -1 for a rule without matches.
	rule, match int
}

func (c claim) field() string {
	if c.match < 0 {
		return fmt.Sprintf("spec.rules[%d]", c.rule)
	}
	return fmt.Sprintf("spec.rules[%d].matches[%d]", c.rule, c.match)
}

// compareClaims says which of two that match the same wins: the older route, then the
// one whose namespace and name come first, then the rule that stands first.
// https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule (matches)
func compareClaims(a, b claim) int {
	return cmp.Or(topology.CompareRoutes(a.route, b.route), cmp.Compare(a.rule, b.rule), cmp.Compare(a.match, b.match))
}

// place is where a request comes in: a listener, a host, and what matches.
type place struct {
	owner    Object
	listener int
	kind     string
	host     string
	match    string
}

// Routes that match the same requests: only one of them gets them.
func routeConflict() Check {
	return Check{"route-conflict", "a route that never gets a request, because another one matches the same and wins", Warning, func(x *scene) []Finding {
		claims := map[place][]claim{}
		all := map[claim][]place{}
		for i := range x.routes {
			x.claim(&x.routes[i], func(p place, c claim) {
				claims[p] = append(claims[p], c)
				all[c] = append(all[c], p)
			})
		}
		lost := map[claim]claim{}
		for _, c := range claims {
			if len(c) < 2 {
				continue
			}
			winner := slices.MinFunc(c, compareClaims)
			for _, loser := range c {
				if before, known := lost[loser]; loser != winner && (!known || compareClaims(winner, before) < 0) {
					lost[loser] = winner
				}
			}
		}
		var out []Finding
		for loser, winner := range lost {
			out = append(out, x.loses(loser, winner, all[loser], claims))
		}
		return out
	}}
}

// claim tells of every match of a route at every listener that takes it.
func (x *scene) claim(f *topology.Facts, tell func(place, claim)) {
	asked := claimsOf(f)
	type told struct {
		place

		rule, match int
	}
	seen := map[told]bool{}
	for _, a := range f.Attachments {
		for _, at := range a.Bound {
			owner := Object{Kind: a.Kind, Namespace: a.Key.Namespace, Name: a.Key.Name}
			for _, host := range at.Hosts {
				for _, c := range asked {
					p := place{owner, at.Index, f.Ref.Kind, host, c.key}
					// A route may name one parent twice: that is no conflict with itself.
					if again := (told{p, c.rule, c.match}); !seen[again] {
						seen[again] = true
						tell(p, c.claim)
					}
				}
			}
		}
	}
}

// keyed is a claim with what it matches, in the form of matches.
type keyed struct {
	claim

	key string
}

// claimsOf are those of all rules of a route, wherever it is attached.
func claimsOf(f *topology.Facts) []keyed {
	var out []keyed
	for rule := range f.Rules {
		for match, m := range f.Rules[rule].Matches {
			out = append(out, keyed{claim{f, rule, match}, m.Key()})
		}
		if len(f.Rules[rule].Matches) == 0 {
			out = append(out, keyed{claim{f, rule, -1}, topology.Match{}.Key()})
		}
	}
	return out
}

func (x *scene) loses(loser, winner claim, all []place, claims map[place][]claim) Finding {
	var hosts, kept []string
	for _, p := range all {
		if slices.MinFunc(claims[p], compareClaims) == loser {
			kept = append(kept, p.host)
			continue
		}
		hosts = append(hosts, cmp.Or(p.host, "any host"))
	}
	slices.Sort(hosts)
	by := fmt.Sprintf("%s %s", winner.route.Ref.Kind, quote(topology.Key{Namespace: winner.route.Ref.Namespace, Name: winner.route.Ref.Name}))
	reason := "comes first by name"
	switch {
	case winner.route == loser.route:
		by, reason = winner.field()+" of the same route", "stands first"
	case winner.route.Created.Before(&loser.route.Created):
		reason = "is older"
	}
	f := Finding{
		Object: routeObject(loser.route), Field: loser.field(),
		Problem: fmt.Sprintf("%s matches the same requests for %s and wins: it %s.", capital(by), list(slices.Compact(hosts)), reason),
		Why:     "This rule never gets these requests. If the other one goes, it suddenly does.",
	}
	if len(kept) > 0 {
		f.Fix = byHand("Take the hostnames that both have away from one of them, or match more closely.")
		return f
	}
	f.Fix = x.dropMatch(loser)
	return f
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// dropMatch takes away what never gets a request, as long as it still stands where it was.
func (x *scene) dropMatch(c claim) Fix {
	rules := c.route.Rules
	object := routeObject(c.route)
	rule := fmt.Sprintf("/spec/rules/%d", c.rule)
	match := fmt.Sprintf("%s/matches/%d", rule, c.match)
	switch {
	case c.match >= 0 && len(rules[c.rule].Matches) > 1:
		return do("Take the match away, or match more closely.", change(object, append(stillAll(match, x.written(c)), unset(match))...))
	case len(rules) > 1 && c.match >= 0:
		return do("Take the rule away, or match more closely.", change(object, append(stillAll(match, x.written(c)), unset(rule))...))
	case len(rules) > 1:
		return do("Take the rule away, or match more closely.", change(object, unset(rule)))
	}
	return do("Delete the route, or give it another hostname or path.", remove(object))
}

// written is a match as it stands in the route.
func (x *scene) written(c claim) any {
	if c.route.Ref.Kind == "HTTPRoute" {
		return plain(x.Objects.HTTPRoutes.Get(c.route.Ref.Namespace, c.route.Ref.Name).Spec.Rules[c.rule].Matches[c.match])
	}
	return plain(x.Objects.GRPCRoutes.Get(c.route.Ref.Namespace, c.route.Ref.Name).Spec.Rules[c.rule].Matches[c.match])
}
