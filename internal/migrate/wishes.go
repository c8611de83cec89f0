package migrate

import (
	"cmp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// wishes are what the annotations of an Ingress ask for.
type wishes struct {
	// rewrite makes the path that the backend sees; nil for the one that was asked for.
	rewrite rewriter
	// filters of every rule that leads to a backend.
	filters []gatewayv1.HTTPRouteFilter
	// guards are filters of every rule that come before all others, by their rank.
	guards []guard
	// callers are let in or kept out by their addresses.
	callers callers
	// clientCA is the Secret with the authority of callers' certificates; optional lets in
	// who has none.
	clientCA         string
	clientCAOptional bool
	// redirect answers everything; no backend is asked.
	redirect *gatewayv1.HTTPRequestRedirectFilter
	// root redirects the path "/" only.
	root *gatewayv1.HTTPRequestRedirectFilter
	// https redirects what comes by HTTP, with this status; 0 for none.
	https int
	// hideHTTP and hideHTTPS: nothing is served there.
	hideHTTP, hideHTTPS bool
	// aliases are more hostnames of every host, www the pairs that are redirected.
	aliases []string
	www     bool
	// canary adds to the rules of another Ingress.
	canary *canaryWish
	// policies by their kind.
	policies []*policy
	// made are objects that filters refer to.
	made []*made
	// onGateway and onRoute are annotations that are carried over.
	onGateway, onRoute map[string]string
	// parameters of the Gateway's load balancer, of AWS.
	parameters map[string]any
	// address by its name, pre-shared certificates and TLS policy of Google Cloud.
	address, preShared, sslPolicy string
}

// rewriter says how the path of a location is matched and what becomes of it. It reports
// what cannot be said.
type rewriter func(m *migration, s *site, l *location) pathRule

// pathRule is the outcome of a rewriter.
type pathRule struct {
	match  gatewayv1.HTTPPathMatch
	filter *gatewayv1.HTTPRouteFilter
	// note is a difference that stays.
	note string
	// lost says that the rewriting cannot be said.
	lost bool
}

// guard is a filter whose place among the others matters.
type guard struct {
	rank   int
	filter gatewayv1.HTTPRouteFilter
}

// Ranks are the order in which NGINX does the same: preflight requests are answered before
// anything is asked, then callers are counted, then they are let in or not.
// https://nginx.org/en/docs/dev/development_guide.html#http_phases
const (
	rankCORS = iota
	rankRate
	rankConnections
	rankAddresses
	rankUntold
	rankExternal
	rankBasic
)

func (w *wishes) guard(rank int, f gatewayv1.HTTPRouteFilter) {
	w.guards = append(w.guards, guard{rank, f})
	slices.SortStableFunc(w.guards, func(a, b guard) int { return cmp.Compare(a.rank, b.rank) })
}

func (w *wishes) filter(f gatewayv1.HTTPRouteFilter) { w.filters = append(w.filters, f) }

// requestHeader sets a header of requests. All modifications are one filter: a rule may
// have one of a type only.
func (w *wishes) requestHeader(name, value string) {
	f := w.ofType(gatewayv1.HTTPRouteFilterRequestHeaderModifier)
	if f.RequestHeaderModifier == nil {
		f.RequestHeaderModifier = &gatewayv1.HTTPHeaderFilter{}
	}
	change(f.RequestHeaderModifier, name, value)
}

// responseHeader sets a header of responses; an empty value takes it out.
func (w *wishes) responseHeader(name, value string) {
	f := w.ofType(gatewayv1.HTTPRouteFilterResponseHeaderModifier)
	if f.ResponseHeaderModifier == nil {
		f.ResponseHeaderModifier = &gatewayv1.HTTPHeaderFilter{}
	}
	change(f.ResponseHeaderModifier, name, value)
}

func change(f *gatewayv1.HTTPHeaderFilter, name, value string) {
	if value == "" {
		f.Remove = append(f.Remove, name)
		return
	}
	f.Set = slices.DeleteFunc(f.Set, func(h gatewayv1.HTTPHeader) bool { return string(h.Name) == name })
	f.Set = append(f.Set, gatewayv1.HTTPHeader{Name: gatewayv1.HTTPHeaderName(name), Value: value})
}

func (w *wishes) ofType(kind gatewayv1.HTTPRouteFilterType) *gatewayv1.HTTPRouteFilter {
	i := slices.IndexFunc(w.filters, func(f gatewayv1.HTTPRouteFilter) bool { return f.Type == kind })
	if i < 0 {
		w.filters = append(w.filters, gatewayv1.HTTPRouteFilter{Type: kind})
		i = len(w.filters) - 1
	}
	return &w.filters[i]
}

func (w *wishes) carryGateway(key, value string) {
	if w.onGateway == nil {
		w.onGateway = map[string]string{}
	}
	w.onGateway[key] = value
}

func (w *wishes) carryRoute(key, value string) {
	if w.onRoute == nil {
		w.onRoute = map[string]string{}
	}
	w.onRoute[key] = value
}

// fullPath replaces the whole path.
func fullPath(path string) *gatewayv1.HTTPRouteFilter {
	return rewriteFilter(gatewayv1.HTTPPathModifier{Type: gatewayv1.FullPathHTTPPathModifier, ReplaceFullPath: &path})
}

// prefixPath replaces what the match has found.
func prefixPath(path string) *gatewayv1.HTTPRouteFilter {
	return rewriteFilter(gatewayv1.HTTPPathModifier{Type: gatewayv1.PrefixMatchHTTPPathModifier, ReplacePrefixMatch: &path})
}

func rewriteFilter(path gatewayv1.HTTPPathModifier) *gatewayv1.HTTPRouteFilter {
	return &gatewayv1.HTTPRouteFilter{Type: gatewayv1.HTTPRouteFilterURLRewrite, URLRewrite: &gatewayv1.HTTPURLRewriteFilter{Path: &path}}
}

func pathMatch(kind gatewayv1.PathMatchType, value string) gatewayv1.HTTPPathMatch {
	return gatewayv1.HTTPPathMatch{Type: &kind, Value: &value}
}

func exact(value string) gatewayv1.HTTPPathMatch { return pathMatch(gatewayv1.PathMatchExact, value) }

func prefix(value string) gatewayv1.HTTPPathMatch {
	return pathMatch(gatewayv1.PathMatchPathPrefix, value)
}
