package migrate

import (
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// What one Ingress of ingress-nginx means for others of the same host.

// isNginx tells whether ingress-nginx reads the Ingress.
func (s *site) isNginx() bool { return s.family != nil && s.family.controller == "ingress-nginx" }

// hasExpressions tells whether an Ingress makes expressions of all paths of its hosts.
// https://github.com/kubernetes/ingress-nginx/blob/controller-v1.11.1/internal/ingress/controller/template/template.go (enforceRegexModifier)
func (s *site) hasExpressions() bool {
	return s.isNginx() && !s.canary && (truth(s.annotation("use-regex")) || s.annotation("rewrite-target") != "")
}

// expressionsOf is another Ingress that makes expressions of the paths of a group; nil
// where there is none, or where the Ingress has expressions itself.
func (m *migration) expressionsOf(s *site, g *group) *site {
	if !s.isNginx() || s.hasExpressions() {
		return nil
	}
	i := slices.IndexFunc(m.sites, func(o *site) bool {
		return o.hasExpressions() && o.class == s.class && slices.ContainsFunc(o.groups, func(og *group) bool {
			return slices.ContainsFunc(og.hosts, func(h string) bool { return slices.Contains(g.hosts, h) })
		})
	})
	if i < 0 {
		return nil
	}
	return m.sites[i]
}

// readExpression decides about a path that is an expression because of another Ingress.
func (m *migration) readExpression(s *site, l *location, other *site) {
	rule := nginxRegexPaths(m, s, l)
	why := "Ingress " + other.name().String() + " has expressions, and so ingress-nginx takes every path of the host for the beginning of one, in any case"
	if m.is("gke") {
		m.readPath(s, l)
		s.lost(l.field+".path", l.path, why+"; GKE's Gateway matches none", "see that nobody asks for what only begins with it")
		return
	}
	l.match = rule.match
	if rule.note != "" {
		why += "; " + rule.note
	}
	if l.path != "/" {
		s.add(Entry{Field: l.field + ".path", Value: l.path, Outcome: Translated, To: s.routes("spec.rules[].matches[].path"), Why: why})
	}
}

// readSlash: NGINX redirects to a path that ends with a slash whoever leaves it out, unless
// a path without it is there.
// https://nginx.org/en/docs/http/ngx_http_core_module.html#location
func (m *migration) readSlash(s *site, g *group, l *location) {
	head := strings.TrimRight(l.path, "/")
	if !s.isNginx() || s.hasExpressions() || l.isDefault || head == "" || head == l.path || l.backend.Service == nil || !strings.HasPrefix(l.path, "/") || m.hasPath(s, g, head) {
		return
	}
	l.slash = head
	s.add(Entry{
		Field: l.field + ".path", Value: l.path, Outcome: Translated, To: s.routes("spec.rules[].filters[].requestRedirect"),
		Why: "NGINX redirects " + head + " to it, with 301",
	})
}

// hasPath tells whether an Ingress of the class has a path at a host of the group.
func (m *migration) hasPath(s *site, g *group, path string) bool {
	return slices.ContainsFunc(m.sites, func(o *site) bool {
		return o.class == s.class && !o.canary && slices.ContainsFunc(o.groups, func(og *group) bool {
			return slices.ContainsFunc(og.hosts, func(h string) bool { return slices.Contains(g.hosts, h) }) &&
				slices.ContainsFunc(og.locations, func(l *location) bool { return l.path == path })
		})
	})
}

// isExact tells whether a path matches itself only.
func (l *location) isExact() bool { return l.pathType == networkingv1.PathTypeExact }
