package migrate

import (
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// haproxyIngress is the family of HAProxy Ingress 0.17, of another maker.
// https://haproxy-ingress.github.io/docs/configuration/keys/
func haproxyIngress() *family {
	const tuning = "it sizes HAProxy"
	return &family{
		name:       "HAProxy Ingress",
		controller: "haproxy",
		prefixes:   []string{"haproxy-ingress.github.io/"},
		pathOf:     haproxyIngressPath,
		settle:     haproxyIngressSettle,
		annotations: slices.Concat(
			clock("timeout-server"),
			unneeded("it is no clock of a response that has begun",
				"timeout-connect", "timeout-queue", "timeout-http-request", "timeout-keep-alive", "timeout-server-fin", "timeout-tunnel", "timeout-client", "timeout-client-fin"),
			each(haproxySSLRedirect, "ssl-redirect"),
			each(haproxySSLRedirectPart, "ssl-redirect-code"),
			each(haproxyIngressRewrite, "rewrite-target"),
			each(haproxyPathType, "path-type"),
			each(nginxAppRoot, "app-root"),
			each(serverAlias, "server-alias"),
			gone("the standard has no hostnames that are regular expressions", "write the names out", "server-alias-regex", "redirect-from-regex"),
			each(func(r *reading) { r.redirectAll(r.value, redirectCodeOr302(r.peer("redirect-to-code"))) }, "redirect-to"),
			part("redirect-to", "redirect-to-code"),
			gone("another host that is redirected here needs a route of its own", "write an HTTPRoute for it with a RequestRedirect", "redirect-from", "redirect-from-code"),
			each(haproxyCORS, "cors-enable"),
			part("cors-enable", "cors-allow-origin", "cors-allow-methods", "cors-allow-headers", "cors-allow-credentials", "cors-expose-headers", "cors-max-age"),
			each(haproxyHSTS, "hsts"),
			each(haproxyHSTSPart, "hsts-max-age", "hsts-include-subdomains", "hsts-preload"),
			each(haproxyHeaders, "headers"),
			each(nginxBodySize, "proxy-body-size"),
			each(allowFrom, "allowlist-source-range", "whitelist-source-range"),
			each(denyFrom, "denylist-source-range"),
			each(func(r *reading) { basicAuth(r) }, "auth-secret"),
			part("auth-secret", "auth-realm"),
			each(externalAuth, "auth-url", "oauth"),
			part("auth-url", "auth-headers-fail", "auth-headers-request", "auth-headers-succeed", "auth-method", "auth-signin"),
			part("oauth", "oauth-headers", "oauth-uri-prefix"),
			each(clientCertificate, "auth-tls-secret"),
			part("auth-tls-secret", "auth-tls-cert-header", "auth-tls-error-page", "auth-tls-strict", "auth-tls-verify-client", "ssl-fingerprint-lower"),
			each(backendProtocol, "backend-protocol"),
			each(func(r *reading) {
				if !r.on() {
					r.notNeeded("it is switched off")
					return
				}
				r.backendTLS()
			}, "secure-backends"),
			part("secure-backends", "secure-crt-secret", "secure-sni", "secure-verify-ca-secret", "secure-verify-hostname"),
			each(passthrough, "ssl-passthrough"),
			each(stickiness, "affinity"),
			part("affinity", "session-cookie-dynamic", "session-cookie-keywords", "session-cookie-name", "session-cookie-preserve", "session-cookie-shared",
				"session-cookie-strategy", "session-cookie-value-strategy", "session-cookie-domain", "session-cookie-same-site"),
			gone("pods of one Service are not weighted by a gateway", "make a Service for each version, and give their backendRefs weights",
				"blue-green-balance", "blue-green-deploy", "blue-green-cookie", "blue-green-header", "blue-green-mode", "initial-weight"),
			rateLimits("limit-rps", "limit-connections", "limit-whitelist", "maxconn-server", "maxqueue-server"),
			each(func(r *reading) {
				if r.value == "roundrobin" {
					r.notNeeded("gateways take turns")
					return
				}
				r.lost("the standard does not say which pod is next", "see the policies of the Gateway's controller")
			}, "balance-algorithm"),
			gone("gateways choose among pods", "see the controller, if it can send to the Service's own address", "service-upstream"),
			unneeded("gateways ask a Service's endpoints, which readiness probes make", "health-check-addr", "health-check-fall-count", "health-check-interval", "health-check-port",
				"health-check-rise-count", "health-check-uri", "agent-check-addr", "agent-check-interval", "agent-check-port", "agent-check-send", "backend-check-interval"),
			gone("a gateway speaks no PROXY protocol to a Service unless a policy says so", "see the policies of the Gateway's controller", "proxy-protocol"),
			gone("ciphers are the Gateway's", "see the TLS settings of the Gateway's controller",
				"ssl-ciphers", "ssl-cipher-suites", "ssl-ciphers-backend", "ssl-cipher-suites-backend", "ssl-options", "ssl-options-backend", "tls-alpn"),
			gone("HAProxy Ingress gets the certificate itself", "let cert-manager issue it: annotate the Gateway with cert-manager.io/cluster-issuer", "cert-signer"),
			gone("it is configuration of HAProxy itself"+mayGuard, "find what it is for, and a filter or a policy that does it",
				"config-backend", "config-tcp-service", "tcp-service-port", "tcp-service-log-format", "tcp-service-proxy-protocol", "waf", "waf-mode"),
			unneeded(tuning, "backend-server-naming", "backend-server-slots-increment", "dynamic-scaling", "slots-min-free", "source-address-intf", "use-resolver"),
			unneeded("the listeners say where HTTPS is served", "ssl-always-add-https"),
		),
	}
}

// haproxyIngressPath: without path-type a path is the beginning of a text.
func haproxyIngressPath(s *site, path string) implementationPath {
	switch strings.ToLower(s.annotation("path-type")) {
	case "exact":
		return implementationPath{match: exact(path)}
	case "prefix":
		return implementationPath{match: prefix(trimmed(path))}
	case "regex":
		return implementationPath{match: pathMatch(gatewayv1.PathMatchRegularExpression, searched(path)), note: "not every controller matches regular expressions"}
	}
	return stringPrefix(s, path)
}

func haproxyPathType(r *reading) {
	switch strings.ToLower(r.value) {
	case "exact", "prefix", "begin", "regex":
		r.translated(r.site.routes("spec.rules[].matches[].path")...)
	default:
		r.lost("it is none of the types that HAProxy Ingress knows", "see what the paths are to match")
	}
}

// haproxyIngressRewrite replaces the path of the rule, not the whole.
func haproxyIngressRewrite(r *reading) {
	if !strings.HasPrefix(r.value, "/") || strings.Contains(r.value, `\`) || strings.EqualFold(r.peer("path-type"), "regex") {
		r.lost("a filter of the standard replaces the path of the rule by a fixed one only", "write the rewriting into the server")
		return
	}
	target := r.value
	r.site.want.rewrite = func(_ *migration, s *site, l *location) pathRule {
		rule := plainPath(l)
		if l.pathType == networkingv1.PathTypeImplementationSpecific {
			meaning := haproxyIngressPath(s, l.path)
			rule.match, rule.note = meaning.match, meaning.note
		}
		rule.filter = prefixPath(trimmed(target))
		if *rule.match.Type == gatewayv1.PathMatchExact {
			rule.filter = fullPath(target)
		}
		return rule
	}
	r.rewritten("")
}

// haproxyIngressSettle: HAProxy Ingress also tells browsers to stay with HTTPS, for half
// a year, unless hsts says no.
func haproxyIngressSettle(m *migration, s *site) {
	haproxySettle(m, s)
	if !s.hasTLS() || s.annotation("hsts") != "" {
		return
	}
	s.setHSTS()
	s.add(Entry{Field: "(default) hsts", Value: "true", Outcome: Translated, To: s.routes("spec.rules[].filters[].responseHeaderModifier")})
}

func haproxyHSTS(r *reading) {
	if !r.on() {
		r.notNeeded("no gateway of the table sends the header by itself")
		return
	}
	r.site.setHSTS()
	r.translated(r.site.routes("spec.rules[].filters[].responseHeaderModifier")...)
}

func haproxyHSTSPart(r *reading) {
	if value := r.peer("hsts"); (value != "" && !truth(value)) || (value == "" && !r.site.hasTLS()) {
		r.notNeeded("the header is not sent")
		return
	}
	r.translated(r.site.routes("spec.rules[].filters[].responseHeaderModifier")...)
}

func (s *site) setHSTS() {
	age, ok := wholeNumber(s.annotation("hsts-max-age"))
	if !ok {
		age = "15768000"
	}
	value := "max-age=" + age
	if truth(s.annotation("hsts-include-subdomains")) {
		value += "; includeSubDomains"
	}
	if truth(s.annotation("hsts-preload")) {
		value += "; preload"
	}
	s.want.responseHeader("Strict-Transport-Security", value)
}

// haproxyHeaders sets headers of requests: NAME: VALUE in each line.
func haproxyHeaders(r *reading) {
	pairs := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSpace(r.value), "\n") {
		name, value, found := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found || !headerName(name) || value == "" || strings.Contains(value, "%") {
			r.lost("a filter sets fixed values of headers only", "set it in the server")
			return
		}
		pairs[name] = value
	}
	for _, name := range sortedKeys(pairs) {
		r.site.want.requestHeader(name, pairs[name])
	}
	r.translated(r.site.routes("spec.rules[].filters[].requestHeaderModifier")...)
}
