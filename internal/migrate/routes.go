package migrate

import (
	"cmp"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// What the Gateway API takes at most.
const (
	mostHostnames = 16
	mostRules     = 16
	mostMatches   = 64
	mostListeners = 64
)

// routesOf makes the HTTPRoutes of an Ingress.
func (m *migration) routesOf(s *site, l *listeners) []*gatewayv1.HTTPRoute {
	var out []*gatewayv1.HTTPRoute
	taken := names{}
	for _, g := range s.groups {
		g.locations = slices.DeleteFunc(g.locations, func(l *location) bool { return l.isDefault && m.takesAll(s, g) })
		if len(g.locations) == 0 {
			continue
		}
		for hosts := range slices.Chunk(s.hostsOf(g), mostHostnames) {
			main, plain := s.sections(l, hosts)
			for rules := range slices.Chunk(m.rulesOf(s, g), mostRules) {
				if len(main) > 0 {
					out = append(out, m.route(s, routeParts{name: taken.free(g.name), hosts: hosts, sections: main, rules: rules}))
				}
			}
			if len(plain) > 0 {
				out = append(out, m.route(s, routeParts{name: taken.free(redirectName(g)), hosts: s.redirected(hosts), sections: plain, rules: s.redirectRules(g)}))
			}
		}
		for _, www := range m.wwwOf(s, g) {
			all := append(s.http(l, www.from), s.https(l, www.from)...)
			out = append(out, m.route(s, routeParts{name: taken.free(g.name + "-www"), hosts: []string{www.from}, sections: all, rules: []gatewayv1.HTTPRouteRule{{
				Filters: []gatewayv1.HTTPRouteFilter{redirectFilter(gatewayv1.HTTPRequestRedirectFilter{Hostname: new(gatewayv1.PreciseHostname(www.to)), StatusCode: new(308)})},
			}}}))
		}
	}
	return out
}

// redirectRules redirect the paths of a group to HTTPS, and no others: another Ingress may
// serve those.
func (s *site) redirectRules(g *group) []gatewayv1.HTTPRouteRule {
	var matches []gatewayv1.HTTPRouteMatch
	for _, l := range g.locations {
		if l.match.Value != nil {
			matches = append(matches, l.matches()...)
		}
		if l.slash != "" && l.isExact() { // a prefix matches it, too
			matches = append(matches, gatewayv1.HTTPRouteMatch{Path: new(exact(l.slash))})
		}
	}
	var out []gatewayv1.HTTPRouteRule
	for some := range slices.Chunk(matches, mostMatches) {
		out = append(out, gatewayv1.HTTPRouteRule{
			Matches: some,
			Filters: []gatewayv1.HTTPRouteFilter{redirectFilter(gatewayv1.HTTPRequestRedirectFilter{Scheme: new("https"), StatusCode: new(s.want.https)})},
		})
	}
	return out
}

func redirectFilter(f gatewayv1.HTTPRequestRedirectFilter) gatewayv1.HTTPRouteFilter {
	return gatewayv1.HTTPRouteFilter{Type: gatewayv1.HTTPRouteFilterRequestRedirect, RequestRedirect: &f}
}

// takesAll tells whether another Ingress serves everything of the hosts of a group, so
// that nothing is left for a default backend.
func (m *migration) takesAll(s *site, g *group) bool {
	return g.hosts[0] != "" && slices.ContainsFunc(m.sites, func(other *site) bool {
		return other != s && m.gatewayName(other) == m.gatewayName(s) && slices.ContainsFunc(other.groups, func(o *group) bool {
			return slices.Contains(o.hosts, g.hosts[0]) && slices.ContainsFunc(o.locations, func(l *location) bool {
				return l.path == "/" && l.pathType != networkingv1.PathTypeExact && !l.isDefault
			})
		})
	})
}

// hostsOf are the hosts of a group with the aliases of the Ingress.
func (s *site) hostsOf(g *group) []string {
	if g.hosts[0] == "" {
		return g.hosts
	}
	out := slices.Clone(g.hosts)
	for _, alias := range s.want.aliases {
		if !slices.Contains(out, alias) {
			out = append(out, alias)
		}
	}
	return out
}

type wwwPair struct{ from, to string }

// wwwOf are the names that are redirected, unless somebody serves them.
func (m *migration) wwwOf(s *site, g *group) []wwwPair {
	if !s.want.www {
		return nil
	}
	var out []wwwPair
	for _, host := range g.hosts {
		from := otherWWW(host)
		if isHostname(host) && isHostname(from) && !m.serves(from) {
			out = append(out, wwwPair{from, host})
		}
	}
	return out
}

func (m *migration) serves(host string) bool {
	return slices.ContainsFunc(m.sites, func(s *site) bool {
		return slices.ContainsFunc(s.groups, func(g *group) bool { return slices.Contains(s.hostsOf(g), host) })
	})
}

// sections are the listeners that lead to the Service, and those that only redirect.
func (s *site) sections(l *listeners, hosts []string) (main, plain []string) {
	for _, host := range hosts {
		http, https := s.http(l, host), s.https(l, host)
		main = append(main, https...)
		if s.want.https != 0 && len(https) > 0 {
			plain = append(plain, http...)
			continue
		}
		main = append(main, http...)
	}
	return main, plain
}

// redirected are the hosts of a redirect to HTTPS: those with a certificate.
func (s *site) redirected(hosts []string) []string {
	if s.managedTLS {
		return hosts
	}
	return slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return s.secretOf(h) == "" })
}

func (s *site) http(l *listeners, host string) []string {
	if s.want.hideHTTP {
		return nil
	}
	return l.section("http", host)
}

func (s *site) https(l *listeners, host string) []string {
	if s.want.hideHTTPS || (s.secretOf(host) == "" && !s.managedTLS) {
		return nil
	}
	return l.section("https", host)
}

// routeParts are what the HTTPRoutes of an Ingress differ in.
type routeParts struct {
	name string
	// hosts that it is for, and the listeners that it attaches to.
	hosts, sections []string
	rules           []gatewayv1.HTTPRouteRule
}

func (m *migration) route(s *site, parts routeParts) *gatewayv1.HTTPRoute {
	r := &gatewayv1.HTTPRoute{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "HTTPRoute"},
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ingress.Namespace, Name: parts.name, Annotations: s.want.onRoute},
	}
	for _, h := range parts.hosts {
		if h != "" {
			r.Spec.Hostnames = append(r.Spec.Hostnames, gatewayv1.Hostname(h))
		}
	}
	gateway := m.gatewayName(s)
	for _, section := range slices.Compact(slices.Sorted(slices.Values(parts.sections))) {
		ref := gatewayv1.ParentReference{Name: gatewayv1.ObjectName(gateway.Name)}
		if gateway.Namespace != s.ingress.Namespace {
			ref.Namespace = new(gatewayv1.Namespace(gateway.Namespace))
		}
		if section != "" {
			ref.SectionName = new(gatewayv1.SectionName(section))
		}
		r.Spec.ParentRefs = append(r.Spec.ParentRefs, ref)
	}
	r.Spec.Rules = parts.rules
	return r
}

// rulesOf makes the rules of a group: one for each path, and one more for each header
// that leads to a canary.
func (m *migration) rulesOf(s *site, g *group) []gatewayv1.HTTPRouteRule {
	var out []gatewayv1.HTTPRouteRule
	if s.want.root != nil && s.want.redirect == nil {
		out = append(out, gatewayv1.HTTPRouteRule{
			Matches: []gatewayv1.HTTPRouteMatch{{Path: new(exact("/"))}},
			Filters: []gatewayv1.HTTPRouteFilter{redirectFilter(*s.want.root)},
		})
	}
	for _, l := range g.locations {
		match := l.matches()
		if s.want.redirect != nil {
			out = append(out, gatewayv1.HTTPRouteRule{Matches: match, Filters: []gatewayv1.HTTPRouteFilter{redirectFilter(*s.want.redirect)}})
			continue
		}
		if l.match.Value == nil {
			continue
		}
		if l.slash != "" {
			out = append(out, gatewayv1.HTTPRouteRule{
				Matches: []gatewayv1.HTTPRouteMatch{{Path: new(exact(l.slash))}},
				Filters: []gatewayv1.HTTPRouteFilter{redirectFilter(*redirectTo(target{path: l.slash + "/"}, 301))},
			})
		}
		main, ok := m.backendRef(s, l.backend)
		if !ok {
			continue
		}
		rule := gatewayv1.HTTPRouteRule{Matches: match, Filters: filtersOf(s, l), Timeouts: s.plan.timeouts, BackendRefs: []gatewayv1.HTTPBackendRef{main}}
		out = append(out, m.canaryRules(s, l, rule)...)
	}
	return out
}

// matches of a path: its own, and what it matches besides.
func (l *location) matches() []gatewayv1.HTTPRouteMatch {
	out := []gatewayv1.HTTPRouteMatch{{Path: new(l.match)}}
	for _, match := range l.more {
		out = append(out, gatewayv1.HTTPRouteMatch{Path: new(match)})
	}
	return out
}

// canaryRules are a rule and what canaries make of it.
func (m *migration) canaryRules(s *site, l *location, rule gatewayv1.HTTPRouteRule) []gatewayv1.HTTPRouteRule {
	rules := []gatewayv1.HTTPRouteRule{}
	for _, c := range l.canaries {
		canary, ok := m.backendRef(s, c.backend)
		if !ok {
			continue
		}
		main := rule.BackendRefs[0]
		to, away := c.wish.headerMatches()
		for _, each := range []struct {
			headers []gatewayv1.HTTPHeaderMatch
			backend gatewayv1.HTTPBackendRef
		}{{to, canary}, {away, main}} {
			if each.headers == nil {
				continue
			}
			by := rule
			by.Matches = slices.Clone(rule.Matches)
			for i := range by.Matches {
				by.Matches[i].Headers = each.headers
			}
			by.BackendRefs = []gatewayv1.HTTPBackendRef{each.backend}
			rules = append(rules, by)
		}
		if c.wish.weight > 0 {
			main.Weight, canary.Weight = new(c.wish.total-c.wish.weight), new(c.wish.weight)
			rule.BackendRefs = []gatewayv1.HTTPBackendRef{main, canary}
		}
	}
	return append(rules, rule)
}

// filtersOf are the filters of a path. A rule may have one that rewrites the URL.
func filtersOf(s *site, l *location) []gatewayv1.HTTPRouteFilter {
	var out []gatewayv1.HTTPRouteFilter
	for _, g := range s.want.guards {
		out = append(out, g.filter)
	}
	out = append(out, s.want.filters...)
	for _, f := range l.filters {
		i := slices.IndexFunc(out, func(o gatewayv1.HTTPRouteFilter) bool { return o.Type == f.Type && o.URLRewrite != nil })
		if i < 0 {
			out = append(out, f)
			continue
		}
		both := *out[i].URLRewrite
		both.Path = f.URLRewrite.Path
		out[i].URLRewrite = &both
	}
	return out
}

// backendRef of a backend; false, and reported once, if it cannot be said.
func (m *migration) backendRef(s *site, b networkingv1.IngressBackend) (gatewayv1.HTTPBackendRef, bool) {
	if b.Service == nil {
		return gatewayv1.HTTPBackendRef{}, false
	}
	port := m.portOf(s.ingress.Namespace, b.Service)
	if port == 0 {
		return gatewayv1.HTTPBackendRef{}, false
	}
	return gatewayv1.HTTPBackendRef{BackendRef: gatewayv1.BackendRef{
		BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(b.Service.Name), Port: new(port)},
	}}, true
}

// readBackends reports backends that cannot be said.
func (m *migration) readBackends(s *site) {
	for _, g := range s.groups {
		for _, l := range g.locations {
			switch b := l.backend; {
			case b.Resource != nil:
				s.lostOnce(l.field+".backend", b.Resource.Kind+" "+b.Resource.Name, "a rule of an HTTPRoute leads to Services; what else is up to the controller", "serve it by a Service")
			case b.Service == nil:
			case m.portOf(s.ingress.Namespace, b.Service) == 0:
				s.lostOnce(l.field+".backend", b.Service.Name+":"+cmp.Or(b.Service.Port.Name, "0"),
					"a Gateway needs the number of the port, and the Service is not in the input or has no port of this name; the rule is left out", "give the Service with the Ingress")
			}
		}
	}
}

// lostOnce reports what several paths share only once.
func (s *site) lostOnce(field, value, why, do string) {
	if !slices.ContainsFunc(s.entries, func(e Entry) bool { return e.Value == value && e.Why == why }) {
		s.lost(field, value, why, do)
	}
}
