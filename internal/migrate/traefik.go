package migrate

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const traefikPrefix = "traefik.ingress.kubernetes.io/"

// traefik is the family of Traefik 3.
// https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/#annotations
func traefik() *family {
	return &family{
		name:       "Traefik",
		controller: "traefik",
		prefixes:   []string{traefikPrefix},
		pathOf:     stringPrefix,
		// Unless it runs with strictPrefixMatching, which is off by default.
		// https://doc.traefik.io/traefik/reference/install-configuration/providers/kubernetes/kubernetes-ingress/
		anyPrefix: true,
		annotations: slices.Concat(
			each(traefikEntryPoints, "router.entrypoints"),
			each(traefikMiddlewares, "router.middlewares"),
			each(traefikTLS, "router.tls"),
			each(traefikPathMatcher, "router.pathmatcher"),
			gone("the standard has no priorities: the longest path wins", "see that no rule relies on it", "router.priority"),
			unneeded("it is about the syntax of rules that are written by hand", "router.rulesyntax"),
			gone("Traefik gets the certificate itself, and keeps it to itself", "let cert-manager issue it: annotate the Gateway with cert-manager.io/cluster-issuer", "router.tls.certresolver"),
			unneeded("the listeners have the hostnames", "router.tls.domains."),
			gone("TLS options are the Gateway's", "see the TLS settings of the Gateway's controller", "router.tls.options"),
			gone("it is set for the whole gateway", "see the telemetry of the Gateway's controller", "router.observability.*"),
			each(func(r *reading) { backendProtocol(r) }, "service.serversscheme"),
			each(func(r *reading) {
				if truth(r.value) {
					r.notNeeded("a gateway passes the Host on")
					return
				}
				r.lost("a gateway passes the Host on, or replaces it by a fixed name", "add a URLRewrite with the hostname that the Service expects")
			}, "service.passhostheader"),
			each(func(r *reading) {
				if r.is("traefik") {
					r.notNeeded("Traefik reads it on the Service for routes, too")
					return
				}
				r.backendTLS()
			}, "service.serverstransport"),
			each(func(r *reading) {
				if r.is("traefik") {
					r.notNeeded("Traefik reads it on the Service for routes, too")
					return
				}
				r.lost("session persistence of the standard is experimental (rules[].sessionPersistence)", "a server that keeps no sessions needs none")
			}, "service.sticky.*"),
			gone("gateways choose among pods", "leave it out", "service.nativelb", "service.nodeportlb"),
		),
	}
}

func traefikPathMatcher(r *reading) {
	switch strings.ToLower(r.value) {
	case "pathprefix":
		r.notNeeded("it is what a path means anyhow")
	case "path":
		r.site.want.rewrite = func(_ *migration, _ *site, l *location) pathRule { return pathRule{match: exact(l.path)} }
		r.translated(r.site.routes("spec.rules[].matches[].path")...)
	case "pathregexp":
		r.site.want.rewrite = func(_ *migration, _ *site, l *location) pathRule {
			return pathRule{match: pathMatch(gatewayv1.PathMatchRegularExpression, l.path)}
		}
		r.translated(r.site.routes("spec.rules[].matches[].path")...)
		r.note("not every controller matches regular expressions (HTTPRouteMatch RegularExpression is implementation-specific)")
	default:
		r.lost("it is none of Traefik's matchers of paths", "see what the rule is to match")
	}
}

// traefikEntryPoints: web and websecure are the names of Traefik's chart.
func traefikEntryPoints(r *reading) {
	points := list(r.value)
	for _, p := range points {
		if p != "web" && p != "websecure" {
			r.lost("which port and protocol entry point "+p+" has is configuration of Traefik", "add a listener with its port to the Gateway")
			return
		}
	}
	web, secure := slices.Contains(points, "web"), slices.Contains(points, "websecure")
	r.site.want.hideHTTP = r.site.want.hideHTTP || !web && secure && r.site.hasTLS()
	r.site.want.hideHTTPS = web && !secure
	if !web && secure && !r.site.hasTLS() {
		r.lost("the Ingress is served on HTTPS only, and which certificate it gets is not in it", "add spec.tls with a Secret to the Ingress")
		return
	}
	r.translated(r.site.gatewayPlace("spec.listeners"))
}

// traefikTLS: a router with TLS answers nobody who speaks HTTP, whatever its entry points.
// https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/overview/
func traefikTLS(r *reading) {
	switch {
	case !truth(r.value):
		r.notNeeded("it is switched off")
	case r.site.hasTLS():
		r.site.want.hideHTTP = true
		r.translated(r.site.gatewayPlace("spec.listeners"))
	default:
		r.lost("Traefik's default certificate is not in the Ingress", "add spec.tls with a Secret to the Ingress")
	}
}

// traefikMiddlewares: a list of NAMESPACE-NAME@kubernetescrd. What the standard can say
// becomes filters; for Traefik's own Gateway the route refers to them.
func traefikMiddlewares(r *reading) {
	if len(list(r.value)) == 0 {
		r.notNeeded("it names none")
		return
	}
	var to []Place
	var notes []string
	for _, ref := range list(r.value) {
		name, why, do := r.middlewareName(ref)
		if why != "" {
			r.lost(why, do)
			return
		}
		if r.is("traefik") {
			r.site.want.filter(extensionRef(traefikMiddlewareKind, name))
			to = append(to, r.site.routes("spec.rules[].filters[].extensionRef")...)
			continue
		}
		u := r.other("Middleware", Name{r.site.ingress.Namespace, name})
		if u == nil {
			r.lost("Middleware "+name+" is not in the input", "give it with the Ingress, or migrate for Traefik (--controller traefik), which refers to it")
			return
		}
		spec, _, _ := unstructured.NestedMap(u.Object, "spec")
		fields, note, problem := r.site.middleware(spec)
		if problem != "" {
			r.lost("Middleware "+name+": "+problem, "find a policy of the Gateway's controller that does it, or migrate for Traefik (--controller traefik), which refers to it")
			return
		}
		if note != "" {
			notes = append(notes, note)
		}
		to = append(to, fields...)
	}
	r.translated(compactPlaces(to)...)
	r.note(joinSentences(notes))
}

// middlewareName is the name of a Middleware of the Ingress's namespace.
func (r *reading) middlewareName(ref string) (name, why, do string) {
	whole, provider, _ := strings.Cut(ref, "@")
	if provider != "kubernetescrd" {
		return "", "middleware " + ref + " is configuration of Traefik, not in the cluster", "write it as a Middleware, or find out what it does"
	}
	name, found := strings.CutPrefix(whole, r.site.ingress.Namespace+"-")
	if !found || name == "" {
		return "", "middleware " + ref + " is in another namespace", "copy it into namespace " + r.site.ingress.Namespace + ": a route refers to its own namespace only"
	}
	return name, "", ""
}

// middleware says a Middleware with the filters of the standard, or what keeps it from it.
// https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/
func (s *site) middleware(spec map[string]any) (to []Place, note, problem string) {
	text := func(path ...string) string {
		value, _, _ := unstructured.NestedString(spec, path...)
		return value
	}
	rewrites := s.routes("spec.rules[].filters[].urlRewrite.path")
	kinds := sortedKeys(spec)
	if len(kinds) != 1 {
		return nil, "", "it does not do exactly one thing"
	}
	if s.want.rewrite != nil && slices.Contains([]string{"stripPrefix", "addPrefix", "replacePath"}, kinds[0]) {
		return nil, "", "a rule rewrites the path once"
	}
	switch kinds[0] {
	case "stripPrefix":
		prefixes, _, _ := unstructured.NestedStringSlice(spec, "stripPrefix", "prefixes")
		if len(prefixes) == 0 {
			return nil, "", "it strips nothing"
		}
		if !s.allBelow(prefixes) {
			return nil, "", "stripPrefix strips another prefix than the path of the rule, which a filter replaces as a whole"
		}
		s.want.rewrite = below(func(string) string { return "/" })
		return rewrites, "", ""
	case "addPrefix":
		added := text("addPrefix", "prefix")
		if !strings.HasPrefix(added, "/") {
			return nil, "", "it adds no path"
		}
		s.want.rewrite = below(func(path string) string { return trimmed(added + "/" + path) })
		return rewrites, "", ""
	case "replacePath":
		path := text("replacePath", "path")
		if !strings.HasPrefix(path, "/") {
			return nil, "", "it replaces by no path"
		}
		s.want.rewrite = func(_ *migration, _ *site, l *location) pathRule {
			rule := plainPath(l)
			rule.filter = fullPath(path)
			return rule
		}
		return rewrites, "a gateway does not tell the backend the path that was asked for (X-Replaced-Path)", ""
	case "redirectScheme":
		return s.redirectScheme(spec, text("redirectScheme", "scheme"))
	case "headers":
		return s.middlewareHeaders(spec)
	}
	return nil, "", "no filter of the standard does " + kinds[0]
}

func (s *site) redirectScheme(spec map[string]any, scheme string) (to []Place, note, problem string) {
	permanent, _, _ := unstructured.NestedBool(spec, "redirectScheme", "permanent")
	port, _, _ := unstructured.NestedString(spec, "redirectScheme", "port")
	switch {
	case scheme != "https" || (port != "" && port != "443"):
		return nil, "", "it redirects to another scheme or port than HTTPS on 443"
	case !s.hasTLS() && !s.securedBy:
		return nil, "", "it redirects to HTTPS, and no Ingress of its hosts has a certificate (spec.tls)"
	}
	code := 302
	if permanent {
		code = 301
	}
	if !s.hasTLS() { // what HTTPS serves is in another Ingress, and this one is for HTTP
		s.want.redirect = &gatewayv1.HTTPRequestRedirectFilter{Scheme: new("https"), StatusCode: new(code)}
		return s.routes("spec.rules[].filters[].requestRedirect"), "", ""
	}
	s.want.https = code
	return s.redirectPlaces(), "", ""
}

// middlewareHeaders sets headers. An empty value takes one out.
func (s *site) middlewareHeaders(spec map[string]any) (to []Place, note, problem string) {
	headers, _, _ := unstructured.NestedMap(spec, "headers")
	for _, field := range sortedKeys(headers) {
		values, _, err := unstructured.NestedStringMap(spec, "headers", field)
		if err != nil || (field != "customRequestHeaders" && field != "customResponseHeaders") {
			return nil, "", "no filter of the standard does headers." + field
		}
		set, where := s.want.requestHeader, "requestHeaderModifier"
		if field == "customResponseHeaders" {
			set, where = s.want.responseHeader, "responseHeaderModifier"
		}
		for _, name := range sortedKeys(values) {
			if !headerName(name) {
				return nil, "", "header " + name + " has no name that can be said"
			}
			set(name, values[name])
		}
		to = append(to, s.routes("spec.rules[].filters[]."+where)...)
	}
	if len(to) == 0 {
		return nil, "", "it does nothing"
	}
	return to, "", ""
}

// allBelow tells whether every path is one of the prefixes.
func (s *site) allBelow(prefixes []string) bool {
	for _, g := range s.groups {
		for _, l := range g.locations {
			if !l.isDefault && !slices.ContainsFunc(prefixes, func(p string) bool { return trimmed(p) == trimmed(l.path) }) {
				return false
			}
		}
	}
	return true
}

// below replaces the prefix of a path.
func below(replacement func(path string) string) rewriter {
	return func(_ *migration, _ *site, l *location) pathRule {
		rule := plainPath(l)
		if rule.match.Type != nil && *rule.match.Type == gatewayv1.PathMatchExact {
			rule.filter = fullPath(replacement(l.path))
			return rule
		}
		rule.filter = prefixPath(replacement(trimmed(l.path)))
		return rule
	}
}

func compactPlaces(places []Place) []Place {
	var out []Place
	for _, p := range places {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func joinSentences(notes []string) string { return strings.Join(slices.Compact(notes), "; ") }
