package topology

import (
	"cmp"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Claim is a match of a rule of a route that takes a request at a listener.
type Claim struct {
	Route *Facts
	// Host of the route and the listener that takes the request; "" stands for any.
	Host string
	// Rule and Match are indexes; Match is -1 for a rule without matches.
	Rule, Match int
}

// match of the claim.
func (c Claim) match() Match {
	if c.Match < 0 {
		return Match{}
	}
	return c.Route.Rules[c.Rule].Matches[c.Match]
}

// CompareRoutes says which of two routes goes first where they match the same: the older
// one, then the one whose namespace and name come first.
// https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule (matches)
func CompareRoutes(a, b *Facts) int {
	return cmp.Or(a.Created.Compare(b.Created.Time), cmp.Compare(a.Ref.Namespace, b.Ref.Namespace), cmp.Compare(a.Ref.Name, b.Ref.Name))
}

// Claims are the matches of routes that take a request, for what each has in common with a
// listener; the one that wins stands first. hosts says for which hosts a route is there;
// it is not there with none.
func Claims(routes []Facts, r Request, hosts func(*Facts) []string) []Claim {
	var out []Claim
	for i := range routes {
		f := &routes[i]
		host, there := closest(hosts(f), r.Host)
		if !there {
			continue
		}
		for rule := range f.Rules {
			out = append(out, f.claims(rule, host, r)...)
		}
	}
	slices.SortStableFunc(out, func(a, b Claim) int {
		order, _ := Precedence(a, b)
		return order
	})
	return out
}

func (f *Facts) claims(rule int, host string, r Request) []Claim {
	all := f.Rules[rule].Matches
	if len(all) == 0 {
		return []Claim{{f, host, rule, -1}}
	}
	var out []Claim
	for i, m := range all {
		if m.Against(r) == "" {
			out = append(out, Claim{f, host, rule, i})
		}
	}
	return out
}

// closest is the most specific of some hostnames that takes a host.
func closest(hostnames []string, host string) (string, bool) {
	best, found := "", false
	for _, name := range hostnames {
		if HostFits(name, host) && (!found || compareHosts(name, best) < 0) {
			best, found = name, true
		}
	}
	return best, found
}

// HostFits says that a hostname, which may be a wildcard or empty for any, takes a host.
func HostFits(hostname, host string) bool {
	return hostname == "" || strings.EqualFold(hostname, host) || host != "" && covers(strings.ToLower(hostname), strings.ToLower(host))
}

// compareHosts puts the hostname first that takes less: one without wildcard, then the
// longer one. https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec (hostnames)
func compareHosts(a, b string) int {
	plain := func(s string) int {
		if strings.HasPrefix(s, "*") {
			return 0
		}
		return len(s)
	}
	return cmp.Or(cmp.Compare(plain(b), plain(a)), cmp.Compare(len(b), len(a)))
}

// Precedence orders two claims of one request by the rules of the Gateway API, the one
// that wins first, and says what decides of it, such as "is older". Between regular
// expressions and prefixes the Gateway API leaves the choice to the controller; here
// expressions go first, as with Envoy Gateway
// (https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/sort.go).
func Precedence(a, b Claim) (order int, reason string) {
	criteria := httpCriteria
	if a.Route.Ref.Kind == "GRPCRoute" {
		criteria = grpcCriteria
	}
	if order := compareHosts(a.Host, b.Host); order != 0 {
		return order, "has a hostname that fits more closely"
	}
	for _, c := range criteria {
		if order := cmp.Compare(c.of(b.match()), c.of(a.match())); order != 0 {
			return order, c.reason
		}
	}
	order, reason = CompareRoutes(a.Route, b.Route), "comes first by name"
	if !a.Route.Created.Equal(&b.Route.Created) {
		reason = "is older"
	}
	if order == 0 {
		order, reason = cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Match, b.Match)), "stands first"
	}
	return order, reason
}

// criterion is a number of which the larger one wins.
type criterion struct {
	reason string
	of     func(Match) int
}

var httpCriteria = []criterion{
	{"matches the path exactly", func(m Match) int { return truth(m.path.kind == gatewayv1.PathMatchExact) }},
	{"matches the path by a regular expression (whether that goes before prefixes is up to the controller)", func(m Match) int {
		return truth(m.path.kind == gatewayv1.PathMatchRegularExpression)
	}},
	{"matches more of the path", func(m Match) int {
		if m.path.isPrefix() {
			return len(strings.TrimSuffix(m.path.value, "/"))
		}
		return len(m.path.value)
	}},
	{"matches the method", func(m Match) int { return truth(m.method != "") }},
	{"matches more headers", func(m Match) int { return len(m.headers) }},
	{"matches more query parameters", func(m Match) int { return len(m.query) }},
}

// https://gateway-api.sigs.k8s.io/reference/spec/#grpcrouterule (matches)
var grpcCriteria = []criterion{
	{"matches more of the service", func(m Match) int { return len(m.service) }},
	{"matches more of the method", func(m Match) int { return len(m.rpc) }},
	{"matches more headers", func(m Match) int { return len(m.headers) }},
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// keys are pairs in a form that is the same for the same requests, sorted.
func keys(what string, pairs []pair, foldCase bool) []string {
	out := make([]string, 0, len(pairs))
	for _, p := range pairs {
		if foldCase {
			p.name = strings.ToLower(p.name)
		}
		kind := "Exact"
		if p.regular {
			kind = string(gatewayv1.HeaderMatchRegularExpression)
		}
		out = append(out, what+" "+kind+" "+p.name+"="+p.value)
	}
	slices.Sort(out)
	return out
}
