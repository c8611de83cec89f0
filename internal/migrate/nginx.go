package migrate

import (
	"slices"
	"strconv"
)

const nginxPrefix = "nginx.ingress.kubernetes.io/"

// ingressNginx is the family of ingress-nginx 1.15, the last one.
// https://github.com/kubernetes/ingress-nginx/blob/main/docs/user-guide/nginx-configuration/annotations.md
func ingressNginx() *family {
	const snippet = "it is configuration of NGINX itself" + mayGuard
	return &family{
		name:       "ingress-nginx",
		controller: "ingress-nginx",
		prefixes:   []string{nginxPrefix},
		pathOf:     stringPrefix,
		settle:     nginxSettle,
		annotations: slices.Concat(
			clock("proxy-read-timeout"),
			each(nginxSendTimeout, "proxy-send-timeout"),
			each(nginxConnectTimeout, "proxy-connect-timeout"),
			each(nginxBuffering, "proxy-buffering"),
			unneeded("no gateway of the table holds requests back unless a policy says so", "proxy-request-buffering"),
			unneeded("it sizes the memory of NGINX", "proxy-buffers-number", "proxy-buffer-size", "proxy-busy-buffers-size",
				"proxy-max-temp-file-size", "client-body-buffer-size", "proxy-buffers"),
			each(nginxBodySize, "proxy-body-size"),
			each(nginxHTTPVersion, "proxy-http-version"),
			gone("the standard has no retries that are not experimental", "set rules[].retry, or the retry policy of the Gateway's controller",
				"proxy-next-upstream", "proxy-next-upstream-timeout", "proxy-next-upstream-tries"),
			gone("no filter changes cookies or the Location header of responses", "let the server write what callers see",
				"proxy-cookie-domain", "proxy-cookie-path", "proxy-redirect-from", "proxy-redirect-to"),

			each(nginxRewriteTarget, "rewrite-target"),
			each(nginxUseRegex, "use-regex"),
			each(nginxForwardedPrefix, "x-forwarded-prefix"),
			each(hostRewrite, "upstream-vhost"),
			each(nginxAppRoot, "app-root"),
			each(serverAlias, "server-alias"),
			each(nginxWWW, "from-to-www-redirect"),
			each(nginxSSLRedirect, "ssl-redirect", "force-ssl-redirect"),
			each(nginxRedirect, "permanent-redirect", "temporal-redirect"),
			part("permanent-redirect", "permanent-redirect-code"),
			part("temporal-redirect", "temporal-redirect-code"),
			unneeded("a redirect keeps the path as it is", "preserve-trailing-slash"),
			unneeded("redirects of a gateway name the host", "relative-redirects"),
			each(connectionHeader, "connection-proxy-header"),
			gone("the headers are in a ConfigMap that is not read here", "set them with a ResponseHeaderModifier on the route", "custom-headers"),

			nginxCORS(),
			nginxAccess(),
			nginxCanary(),
			nginxBackends(),

			gone(snippet, "find what it is for, and a filter or a policy that does it", "configuration-snippet", "server-snippet", "stream-snippet", "auth-snippet", "modsecurity-snippet"),
			gone("no gateway of the table has ModSecurity", "put a web application firewall in front", "enable-modsecurity", "enable-owasp-core-rules", "modsecurity-transaction-id"),
			gone("the log of a gateway is set for the whole gateway", "see the telemetry of the Gateway's controller", "enable-access-log", "enable-rewrite-log"),
			gone("tracing is set for the whole gateway", "see the telemetry of the Gateway's controller", "enable-opentelemetry", "opentelemetry-trust-incoming-span",
				"opentelemetry-operation-name", "enable-opentracing", "opentracing-trust-incoming-span", "enable-influxdb", "influxdb-measurement", "influxdb-port", "influxdb-host", "influxdb-server-name"),
			unneeded("browsers have taken HTTP/2 push out", "http2-push-preload"),
		),
	}
}

// nginxSettle is what holds without an annotation: whoever has a certificate is
// redirected to HTTPS, with 308.
// https://kubernetes.github.io/ingress-nginx/user-guide/tls/#server-side-https-enforcement-through-redirect
func nginxSettle(_ *migration, s *site) {
	if s.canary {
		return
	}
	if s.annotation("ssl-redirect") == "" && s.want.https == 0 && s.hasTLS() && !s.want.hideHTTP {
		s.want.https = 308
		s.add(Entry{
			Field: "(default) ssl-redirect", Value: "true", Outcome: Translated, To: s.redirectPlaces(),
			Why: "ingress-nginx redirects to HTTPS whoever has a certificate; " + newerCodes,
		})
	}
	if s.annotation("proxy-body-size") == "" && s.controller.Name != "" {
		why := "gateways take requests of any size"
		if s.controller.Name == "nginx-gateway-fabric" {
			why = "NGINX Gateway Fabric has the same limit"
		}
		s.add(Entry{Field: "(default) proxy-body-size", Value: "1m", Outcome: NotNeeded, Why: why})
	}
}

func nginxSSLRedirect(r *reading) {
	s := r.site
	if !r.on() {
		r.notNeeded("no redirect is made")
		return
	}
	if !s.hasTLS() {
		if r.key == nginxPrefix+"ssl-redirect" {
			r.notNeeded("it has no effect without a certificate (spec.tls)")
			return
		}
		r.lost("the Ingress has no certificate, so TLS ends in front of it; a redirect by the Gateway, which does not see that, would never end",
			"redirect where TLS ends")
		return
	}
	s.want.https = 308
	r.translated(s.redirectPlaces()...)
	r.note(newerCodes)
}

// redirectsToHTTPS tells whether an Ingress of ingress-nginx does, before its annotations
// are read.
func (s *site) redirectsToHTTPS() bool {
	value := s.annotation("ssl-redirect")
	return s.hasTLS() && (value == "" || truth(value) || truth(s.annotation("force-ssl-redirect")))
}

func nginxSendTimeout(r *reading) {
	if r.is("nginx-gateway-fabric") && r.site.plan.timeouts == nil && len(r.site.plan.places) > 0 {
		r.translated(r.site.plan.places[1])
		return
	}
	r.notNeeded("it is about sending a request; no gateway of the table cuts that")
}

func nginxConnectTimeout(r *reading) {
	if n, err := strconv.ParseInt(r.value, 10, 32); err == nil && n > 0 && r.is("envoy-gateway") {
		r.translated(r.site.set(backendTrafficPolicy, shortSeconds(n), "timeout", "tcp", "connectTimeout")...)
		return
	}
	r.lost("the standard has no timeout for connecting: the gateway's own holds", "see the policies of the Gateway's controller, if the Service is slow to accept connections")
}

func nginxBuffering(r *reading) {
	if r.on() {
		r.notNeeded("gateways of the table pass on what arrives; a server that is faster than its callers waits for them")
		return
	}
	if r.is("nginx-gateway-fabric") && len(r.site.plan.places) > 0 {
		r.translated(r.site.set(proxySettingsPolicy, true, "buffering", "disable")...)
		return
	}
	r.notNeeded("gateways of the table pass on what arrives")
}

func nginxHTTPVersion(r *reading) {
	if r.value == "1.0" {
		r.lost("gateways speak HTTP/1.1 to a Service", "let the server speak HTTP/1.1")
		return
	}
	r.notNeeded("gateways speak HTTP/1.1 to a Service")
}

func nginxRewriteTarget(r *reading) {
	if r.value == "" {
		r.notNeeded("it is empty")
		return
	}
	r.site.want.rewrite = nginxRewrite(r.value)
	r.rewritten("write the rewriting into the server, or choose a controller that has it (--controller envoy-gateway or traefik)")
}

// rewritten reports a rewriting of paths: lost as soon as one path cannot have it.
func (r *reading) rewritten(do string) {
	var bad []string
	shadow := *r.site
	shadow.want.made = nil
	for _, g := range r.site.groups {
		for _, l := range g.locations {
			if !l.isDefault && r.site.want.rewrite(r.migration, &shadow, l).lost {
				bad = append(bad, l.path)
			}
		}
	}
	if len(bad) > 0 {
		r.lost("no filter of the standard replaces parts of a path by an expression: "+joinWords(slices.Compact(bad)), do)
		return
	}
	r.translated(r.site.routes("spec.rules[].filters[].urlRewrite.path")...)
	if len(shadow.want.made) > 0 {
		r.translated(r.site.extensionPlaces()...)
	}
}

func nginxUseRegex(r *reading) {
	if !r.on() {
		r.notNeeded("it is switched off")
		return
	}
	if r.site.want.rewrite == nil {
		r.site.want.rewrite = nginxRegexPaths
	}
	if r.is("gke") && r.site.regexStays() {
		r.lost("GKE's Gateway matches no regular expressions", "write the paths out as prefixes")
		return
	}
	r.translated(r.site.routes("spec.rules[].matches[].path")...)
	if r.site.regexStays() {
		r.note("not every controller matches regular expressions (HTTPRouteMatch RegularExpression is implementation-specific)")
	}
}

// regexStays tells whether a path stays a regular expression.
func (s *site) regexStays() bool {
	for _, g := range s.groups {
		for _, l := range g.locations {
			if c, ok := captureOf(l.path); !l.isDefault && l.path != "/" && (!ok || c.tail.text == "") {
				return true
			}
		}
	}
	return false
}
