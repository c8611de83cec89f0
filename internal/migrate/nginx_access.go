package migrate

import (
	"slices"
	"strconv"
	"strings"
)

// nginxAccess is who may call, how often, and how much.
func nginxAccess() []annotation {
	const proxy = "put the authentication into the server or a proxy in front of it, or see the policies of the Gateway's controller"
	return slices.Concat(
		each(allowFrom, "whitelist-source-range", "allowlist-source-range"),
		each(denyFrom, "denylist-source-range"),
		each(basicAuth, "auth-type"),
		part("auth-type", "auth-secret", "auth-secret-type", "auth-realm"),
		each(externalAuth, "auth-url"),
		part("auth-url", "auth-method", "auth-signin", "auth-signin-redirect-param", "auth-response-headers", "auth-proxy-set-headers",
			"auth-request-redirect", "auth-cache-key", "auth-cache-duration", "auth-always-set-cookie", "auth-keepalive",
			"auth-keepalive-share-vars", "auth-keepalive-requests", "auth-keepalive-timeout"),
		each(clientCertificate, "auth-tls-secret"),
		part("auth-tls-secret", "auth-tls-verify-client", "auth-tls-verify-depth", "auth-tls-error-page", "auth-tls-pass-certificate-to-upstream", "auth-tls-match-cn"),
		unneeded("the Gateway API has no authentication for everything that would have to be switched off", "enable-global-auth"),
		gone("the standard has no authentication of which one is enough", proxy, "satisfy"),
		rateLimits("limit-rps", "limit-rpm", "limit-connections", "limit-rate", "limit-rate-after", "limit-whitelist", "limit-allowlist",
			"limit-burst-multiplier", "global-rate-limit", "global-rate-limit-window", "global-rate-limit-key", "global-rate-limit-ignored-cidrs"),
	)
}

func rateLimits(keys ...string) []annotation {
	return each(func(r *reading) {
		do := "limit in the server, or see the policies of the Gateway's controller"
		switch {
		case r.is("envoy-gateway"):
			do = "write a BackendTrafficPolicy with rateLimit.local (for each Envoy) or rateLimit.global"
		case r.is("traefik"):
			do = "write a Middleware with rateLimit or inFlightReq, and refer to it with an ExtensionRef"
		case r.is("nginx-gateway-fabric"):
			do = "write a RateLimitPolicy"
		}
		r.lost("the standard has no rate limits", do)
	}, keys...)
}

// allowFrom lets in some addresses only. The Gateway API has no such thing.
func allowFrom(r *reading) { r.addresses("Deny", "Allow", "ipAllowList") }

func denyFrom(r *reading) { r.addresses("Allow", "Deny", "") }

// addresses treats requests from some addresses otherwise than the rest.
func (r *reading) addresses(rest, listed, middleware string) {
	ranges, ok := networks(r.value)
	if !ok {
		r.lost("its value is not a list of addresses and ranges", "write the ranges out")
		return
	}
	const seen = "it is the address that the gateway sees: where a load balancer stands in front, tell the gateway how many proxies to trust"
	switch {
	case r.is("envoy-gateway"):
		// https://github.com/envoyproxy/gateway/blob/v1.7.0/api/v1alpha1/authorization_types.go
		r.translated(r.site.set(securityPolicy, map[string]any{
			"defaultAction": rest,
			"rules":         []any{map[string]any{"action": listed, "principal": map[string]any{"clientCIDRs": anyList(ranges)}}},
		}, "authorization")...)
		r.note(seen)
	case r.is("traefik") && middleware != "":
		filter, place := r.site.extension(traefikMiddlewareKind, "allow", map[string]any{middleware: map[string]any{"sourceRange": anyList(ranges)}})
		r.site.want.filter(filter)
		r.translated(append(r.site.routes("spec.rules[].filters[].extensionRef"), place)...)
		r.note(seen)
	default:
		r.lost("the standard knows no addresses of callers: after the move everybody gets in",
			"before anything else: a firewall rule of the load balancer, a NetworkPolicy, or a policy of the Gateway's controller")
	}
}

func basicAuth(r *reading) {
	if strings.EqualFold(r.value, "none") || r.value == "" {
		r.notNeeded("it is switched off")
		return
	}
	do := "let the server authenticate, or see the policies of the Gateway's controller"
	switch {
	case r.is("envoy-gateway"):
		do = "write a SecurityPolicy with basicAuth; its Secret has the key .htpasswd, with SHA hashes"
	case r.is("traefik"):
		do = "write a Middleware with basicAuth, whose Secret has the key users, and refer to it with an ExtensionRef"
	case r.is("kong"):
		do = "write a KongPlugin basic-auth, and refer to it with the annotation konghq.com/plugins of the HTTPRoute"
	}
	r.lost("the standard does not authenticate, and every controller wants another form of the Secret: after the move everybody gets in", do)
}

func externalAuth(r *reading) {
	do := "let the server ask, or see the policies of the Gateway's controller"
	switch {
	case r.is("envoy-gateway"):
		do = "write a SecurityPolicy with extAuth.http, which refers to the Service behind this address"
	case r.is("traefik"):
		do = "write a Middleware with forwardAuth, and refer to it with an ExtensionRef"
	}
	r.lost("the filter ExternalAuth is experimental: after the move nobody is asked", do)
}

func clientCertificate(r *reading) {
	do := "set spec.tls.frontend of the Gateway (Gateway API 1.5), with the certificate authority in a ConfigMap"
	if r.is("envoy-gateway") {
		do = "write a ClientTrafficPolicy with tls.clientValidation, which refers to this Secret"
	}
	r.lost("callers' certificates are checked by the Gateway as a whole: after the move nobody's is", do)
}

// nginxBodySize limits requests. 0 is no limit, which is what gateways have.
func nginxBodySize(r *reading) {
	size, ok := bytesOf(r.value)
	switch {
	case !ok:
		r.lost("its value is no size", "write a number with k, m or g")
	case r.is("nginx-gateway-fabric"):
		// Also 0, which is no limit: NGINX has one of 1m by itself.
		r.translated(r.site.set(clientSettingsPolicy, strings.ToLower(strings.TrimSpace(r.value)), "body", "maxSize")...)
	case size == 0:
		r.notNeeded("gateways take requests of any size")
	default:
		do := "limit it in the server"
		switch {
		case r.is("envoy-gateway"):
			do += "; a BackendTrafficPolicy with requestBuffer.limit does it too, but holds every request back until it is whole"
		case r.is("traefik"):
			do += "; a Middleware with buffering.maxRequestBodyBytes does it too, but holds responses back as well, which breaks streams"
		}
		r.lost("the standard limits no sizes: gateways take requests of any size", do)
	}
}

// bytesOf reads a size of NGINX. https://nginx.org/en/docs/syntax.html
func bytesOf(s string) (int64, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	digits := strings.TrimRight(s, "kmg")
	unit := map[string]int64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}[s[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 32)
	return n * unit, err == nil && n >= 0 && unit > 0
}
