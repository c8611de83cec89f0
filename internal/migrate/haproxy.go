package migrate

import (
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// haproxyTech is the family of HAProxy Technologies' controller 3.2.
// https://github.com/haproxytech/kubernetes-ingress/blob/master/documentation/annotations.md
func haproxyTech() *family {
	const global = "it is read in the controller's ConfigMap only"
	return &family{
		name:       "HAProxy Kubernetes Ingress Controller",
		controller: "haproxy",
		prefixes:   []string{"haproxy.org/", "haproxy.com/"},
		pathOf:     stringPrefix,
		settle:     haproxySettle,
		annotations: slices.Concat(
			clock("timeout-server"),
			unneeded(global, "timeout-client", "timeout-client-fin", "timeout-http-request", "timeout-http-keep-alive", "timeout-server-fin", "timeout-tunnel", "timeout-connect", "timeout-queue",
				"maxconn", "nbthread", "http-connection-mode", "http-keep-alive", "http-server-close", "hard-stop-after",
				"log-format", "logasap", "dontlognull", "proxy-protocol", "tls-alpn", "syslog-server", "client-ca", "client-crt-optional"),
			unneeded("gateways ask a Service's endpoints, which readiness probes make", "timeout-check", "check", "check-http", "check-interval"),
			each(haproxySSLRedirect, "ssl-redirect"),
			each(haproxySSLRedirectPart, "ssl-redirect-code", "ssl-redirect-port"),
			each(passthrough, "ssl-passthrough"),
			each(haproxyRequestRedirect, "request-redirect"),
			part("request-redirect", "request-redirect-code"),
			each(haproxyPathRewrite, "path-rewrite"),
			each(hostRewrite, "set-host"),
			each(haproxySetHeader, "request-set-header", "response-set-header"),
			each(haproxyCORS, "cors-enable"),
			part("cors-enable", "cors-allow-origin", "cors-allow-methods", "cors-allow-headers", "cors-allow-credentials", "cors-max-age"),
			each(allowFrom, "whitelist", "allow-list"),
			each(denyFrom, "blacklist", "deny-list"),
			each(basicAuth, "auth-type"),
			part("auth-type", "auth-secret", "auth-realm"),
			rateLimits("rate-limit-requests", "rate-limit-period", "rate-limit-size", "rate-limit-status-code", "rate-limit-whitelist", "pod-maxconn"),
			each(func(r *reading) {
				if !r.on() {
					r.notNeeded("it is switched off")
					return
				}
				r.backendTLS()
			}, "server-ssl"),
			each(backendProtocol, "server-proto"),
			gone("a gateway has no certificate for a Service unless the Gateway is given one", "see spec.tls.backend of the Gateway (Gateway API 1.5)", "server-ca", "server-crt"),
			each(func(r *reading) {
				if r.value == "roundrobin" {
					r.notNeeded("gateways take turns")
					return
				}
				r.lost("the standard does not say which pod is next", "see the policies of the Gateway's controller")
			}, "load-balance"),
			unneeded("gateways tell the address of callers (X-Forwarded-For)", "forwarded-for"),
			gone("which header tells the address of a caller is set for the whole gateway", "see the policies of the Gateway's controller", "src-ip-header"),
			gone("a gateway speaks no PROXY protocol to a Service unless a policy says so", "see the policies of the Gateway's controller", "send-proxy-protocol"),
			gone("it is configuration of HAProxy itself"+mayGuard, "find what it is for, and a filter or a policy that does it", "backend-config-snippet", "route-acl"),
			gone("the log of a gateway is set for the whole gateway", "see the telemetry of the Gateway's controller", "request-capture", "request-capture-len"),
			unneeded("it sizes HAProxy", "scale-server-slots", "standalone-backend"),
			gone("it is read on the Service only, and the standard has no session persistence that is not experimental",
				"a server that keeps no sessions needs none", "cookie-persistence", "cookie-persistence-no-dynamic"),
		),
	}
}

// haproxySettle: who has a certificate is redirected with 302, unless ssl-redirect says no.
func haproxySettle(_ *migration, s *site) {
	if s.annotation("ssl-redirect") != "" || !s.hasTLS() {
		return
	}
	s.want.https = redirectCodeOr302(s.annotation("ssl-redirect-code"))
	s.add(Entry{Field: "(default) ssl-redirect", Value: "true", Outcome: Translated, To: s.redirectPlaces(), Why: s.family.name + " redirects to HTTPS whoever has a certificate"})
}

// redirectCodeOr302: without a code that redirects HAProxy takes 302.
func redirectCodeOr302(value string) int {
	if n, err := strconv.Atoi(value); err == nil && redirectCode(n) {
		return n
	}
	return 302
}

func haproxySSLRedirect(r *reading) {
	if !r.on() {
		r.notNeeded("no redirect is made")
		return
	}
	if !r.site.hasTLS() {
		r.lost("the Ingress has no certificate, so TLS ends in front of it or with the controller's own one", "add spec.tls with a Secret to the Ingress, or redirect where TLS ends")
		return
	}
	r.site.want.https = redirectCodeOr302(r.peer("ssl-redirect-code"))
	r.translated(r.site.redirectPlaces()...)
}

// haproxySSLRedirectPart: who has a certificate is redirected without ssl-redirect, too.
func haproxySSLRedirectPart(r *reading) {
	if value := r.peer("ssl-redirect"); !r.site.hasTLS() || (value != "" && !truth(value)) {
		r.notNeeded("no redirect is made")
		return
	}
	if strings.HasSuffix(r.key, "-port") && r.value != "443" {
		r.lost("the redirect is to the port of the HTTPS listener, 443", "set the port in the redirect and in the listener")
		return
	}
	r.translated(r.site.redirectPlaces()...)
}

// haproxyRequestRedirect: a host, with or without a scheme; the path stays.
func haproxyRequestRedirect(r *reading) {
	text := r.value
	if !strings.Contains(text, "://") {
		text = "//" + text
	}
	to, ok := parseTarget(text)
	if !ok || strings.Trim(to.path, "/") != "" || to.rest != "" {
		r.lost("it is no host", "write one rule with a RequestRedirect for each address")
		return
	}
	f := redirectTo(to, redirectCodeOr302(r.peer("request-redirect-code")))
	f.Path = nil
	r.site.want.redirect = f
	r.translated(r.site.routes("spec.rules[].filters[].requestRedirect")...)
}

// haproxyPathRewrite: a path, or an expression and what replaces it.
func haproxyPathRewrite(r *reading) {
	lines := strings.Split(strings.TrimSpace(r.value), "\n")
	words := strings.Fields(lines[0])
	if len(lines) != 1 || len(words) == 0 || len(words) > 2 {
		r.lost("several rewritings one after the other are none of the standard's", "write a rule with a URLRewrite for each path")
		return
	}
	r.site.want.rewrite = func(m *migration, s *site, l *location) pathRule {
		rule := plainPath(l)
		if len(words) == 1 {
			rule.filter = fullPath(words[0])
			return rule
		}
		if filter, said := haproxyReplace(l, words[0], words[1]); said {
			rule.filter = filter
			return rule
		}
		rule.filter, rule.lost = nil, true
		if filter, said := m.regexRewrite(s, l, words[0], words[1]); said {
			rule.filter, rule.lost = filter, false
		}
		return rule
	}
	r.rewritten("write the rewriting into the server, or choose a controller that has it (--controller envoy-gateway or traefik)")
}

// haproxyReplace: the expression is searched in the whole path, so it says what a filter
// does if its literal is the path of the rule, or if it takes everything.
func haproxyReplace(l *location, expression, target string) (filter *gatewayv1.HTTPRouteFilter, said bool) {
	if l.pathType == networkingv1.PathTypeExact {
		return nil, false
	}
	if expression == "(.*)" {
		head, found := strings.CutSuffix(target, `\1`)
		if !found || strings.Contains(head, `\`) || strings.HasSuffix(head, "/") || !strings.HasPrefix(head, "/") {
			return nil, false
		}
		return prefixPath(trimmed(head + "/" + l.path)), true
	}
	c, ok := captureOf(expression)
	if !ok || c.tail.group == 0 || trimmed(c.literal) != trimmed(l.path) {
		return nil, false
	}
	return c.replaced(target)
}

// haproxySetHeader: a name and a value, one in a line.
func haproxySetHeader(r *reading) {
	set, where := r.site.want.requestHeader, "requestHeaderModifier"
	if strings.HasPrefix(r.key[strings.Index(r.key, "/")+1:], "response") {
		set, where = r.site.want.responseHeader, "responseHeaderModifier"
	}
	pairs := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSpace(r.value), "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		if !headerName(name) || value == "" || strings.Contains(value, "%") {
			r.lost("a filter sets fixed values of headers only", "set it in the server")
			return
		}
		pairs[name] = value
	}
	for _, name := range sortedKeys(pairs) {
		set(name, pairs[name])
	}
	r.translated(r.site.routes("spec.rules[].filters[]." + where)...)
}

func haproxyCORS(r *reading) {
	if !r.on() {
		r.notNeeded("it is switched off")
		return
	}
	wish := corsWish{
		origins:     listOr(r.peer("cors-allow-origin"), "*"),
		methods:     listOr(r.peer("cors-allow-methods"), "*"),
		headers:     listOr(r.peer("cors-allow-headers"), "*"),
		expose:      list(r.peer("cors-expose-headers")),
		credentials: truth(r.peer("cors-allow-credentials")),
		maxAge:      5,
	}
	if d, limited := streaming.Length(r.peer("cors-max-age")).Duration(); limited {
		wish.maxAge = int32(min(int64(d/streaming.Second), 1<<31-1)) //nolint:gosec // min keeps it in the range of an int32
	} else if n, ok := wholeNumber(r.peer("cors-max-age")); ok {
		age, _ := strconv.ParseInt(n, 10, 32)
		wish.maxAge = int32(age)
	}
	r.cors(wish)
}
