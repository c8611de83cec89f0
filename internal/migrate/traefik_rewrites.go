package migrate

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

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
