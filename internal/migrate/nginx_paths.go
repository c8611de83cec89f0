package migrate

import (
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// nginxRewrite is rewrite-target: every path of the host is a regular expression then,
// also one of type Exact, which matches the beginning in any case, and the whole path is
// replaced.
// https://kubernetes.github.io/ingress-nginx/examples/rewrite/
// https://github.com/kubernetes/ingress-nginx/blob/controller-v1.11.1/internal/ingress/controller/template/template.go (buildLocation)
func nginxRewrite(target string) rewriter {
	return func(m *migration, s *site, l *location) pathRule {
		if c, ok := captureOf(l.path); ok && !m.keepsOut(s) {
			if filter, said := c.replaced(target); said {
				return pathRule{match: prefix(trimmed(c.literal)), filter: filter, note: captureNote(c, l.path)}
			}
		}
		expression := "(?i)^" + strings.TrimPrefix(l.path, "^")
		filter, said := m.regexRewrite(s, l, expression, target)
		return pathRule{match: nginxRegex(l.path), filter: filter, lost: !said}
	}
}

// regexRewrite replaces the path by a regular expression, which two controllers of the
// table know as a resource of their own.
func (m *migration) regexRewrite(s *site, l *location, expression, target string) (*gatewayv1.HTTPRouteFilter, bool) {
	number := slug(strings.NewReplacer("spec.", "", "rules[", "", "].http.paths[", "-", "]", "").Replace(l.field))
	switch {
	case m.is("envoy-gateway"):
		// https://github.com/envoyproxy/gateway/blob/v1.7.0/api/v1alpha1/httproutefilter_types.go
		filter, _ := s.extension(envoyHTTPRouteFilter, "rewrite-"+number, regexFilter(expression+".*", placeholder.ReplaceAllString(target, `\$1`)))
		return &filter, true
	case m.is("traefik"):
		// https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/replacepathregex/
		filter, _ := s.extension(traefikMiddlewareKind, "rewrite-"+number, map[string]any{
			"replacePathRegex": map[string]any{"regex": expression + ".*", "replacement": placeholder.ReplaceAllString(target, `$${$1}`)},
		})
		return &filter, true
	}
	return nil, false
}

// regexFilter is an HTTPRouteFilter of Envoy Gateway that replaces a part of the path.
func regexFilter(expression, substitution string) map[string]any {
	return map[string]any{"urlRewrite": map[string]any{"path": map[string]any{
		"type":              "ReplaceRegexMatch",
		"replaceRegexMatch": map[string]any{"pattern": expression, "substitution": substitution},
	}}}
}

// nginxRegexPaths is use-regex without a rewriting.
func nginxRegexPaths(m *migration, s *site, l *location) pathRule {
	if l.path == "/" {
		return pathRule{match: prefix("/")}
	}
	if c, ok := captureOf(l.path); ok && !m.keepsOut(s) && (c.tail.text != "" || l.pathType == networkingv1.PathTypePrefix) && c.tail.text != "(.*)" {
		return pathRule{match: prefix(trimmed(c.literal)), note: captureNote(c, l.path)}
	}
	return pathRule{match: nginxRegex(l.path)}
}

func nginxRegex(path string) gatewayv1.HTTPPathMatch {
	path = strings.TrimPrefix(path, "^")
	if head, found := strings.CutSuffix(path, "$"); found && !strings.HasSuffix(head, `\`) {
		path = head
	} else if !strings.HasSuffix(path, ".*") && !strings.HasSuffix(path, "(.*)") {
		path += ".*"
	}
	return pathMatch(gatewayv1.PathMatchRegularExpression, "(?i)"+path)
}

// captureNote says what a prefix of elements does not do that the expression did.
func captureNote(c capture, path string) string {
	switch {
	case c.literal == "" || c.literal == "/":
		return ""
	case c.tail.text == "/(.*)" || c.tail.text == "/.*" || c.tail.text == "(/.*)":
		return trimmed(c.literal) + " itself is matched now, too, and capital letters count"
	case c.tail.text == "(/|$)(.*)" || c.tail.text == "(?:/|$)(.*)":
		return "capital letters count now"
	}
	return "it is a prefix of whole elements now: " + trimmed(c.literal) + "x is no longer matched, and capital letters count (it was " + path + ", a regular expression)"
}
