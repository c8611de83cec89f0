package migrate

import (
	"slices"
	"strconv"
)

// rateLimits are limits of families that count otherwise than any gateway does.
func rateLimits(keys ...string) []annotation { return each(rateLimit, keys...) }

func rateLimit(r *reading) {
	do := "limit in the server, or see the policies of the Gateway's controller"
	switch {
	case r.is("envoy-gateway"):
		do = "write a BackendTrafficPolicy with rateLimit.local (for each Envoy) or rateLimit.global, and sourceCIDR of type Distinct; it knows no bursts"
	case r.is("traefik"):
		do = "write a Middleware with rateLimit or inFlightReq, and refer to it with an ExtensionRef"
	case r.is("nginx-gateway-fabric"):
		do = "write a RateLimitPolicy"
	}
	r.lost("the standard has no rate limits", do)
}

// nginxLimits count requests and connections by the address of the caller.
// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#rate-limiting
func nginxLimits() []annotation {
	return slices.Concat(
		each(func(r *reading) { r.traefikRate("rate", "1s") }, "limit-rps"),
		each(func(r *reading) { r.traefikRate("rate-minute", "1m") }, "limit-rpm"),
		each(traefikConnections, "limit-connections"),
		each(func(r *reading) {
			if r.is("traefik") && (r.peer("limit-rps") != "" || r.peer("limit-rpm") != "") && !r.exempts() {
				r.notNeeded("limit-rps and limit-rpm have it in their burst")
				return
			}
			rateLimit(r)
		}, "limit-burst-multiplier"),
		rateLimits("limit-rate", "limit-rate-after", "limit-whitelist", "limit-allowlist",
			"global-rate-limit", "global-rate-limit-window", "global-rate-limit-key", "global-rate-limit-ignored-cidrs"),
	)
}

// exempts tells whether some addresses are not counted, which Traefik cannot say.
func (r *reading) exempts() bool {
	return r.peer("limit-whitelist") != "" || r.peer("limit-allowlist") != ""
}

// defaultBurst is how many times the rate may come at once.
const defaultBurst = 5

// traefikLimit is the number of a limit that Traefik can set. Of any other it says what
// becomes of it.
func (r *reading) traefikLimit() (n int64, ok bool) {
	n, err := strconv.ParseInt(r.value, 10, 32)
	if err == nil && n <= 0 {
		r.notNeeded("it limits nothing")
		return 0, false
	}
	if err != nil || !r.is("traefik") || r.exempts() {
		rateLimit(r)
		return 0, false
	}
	return n, true
}

// traefikRate: a bucket that NGINX lets run over by the burst holds one request more in
// Traefik, where the one that is served is in it.
// https://nginx.org/en/docs/http/ngx_http_limit_req_module.html
// https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ratelimit/
func (r *reading) traefikRate(suffix, period string) {
	n, ok := r.traefikLimit()
	if !ok {
		return
	}
	factor, err := strconv.ParseInt(r.peer("limit-burst-multiplier"), 10, 16)
	if err != nil || factor < 1 {
		factor = defaultBurst
	}
	filter, place := r.site.extension(traefikMiddlewareKind, suffix, map[string]any{"rateLimit": map[string]any{
		"average": n, "period": period, "burst": n*factor + 1, "sourceCriterion": byAddress(),
	}})
	r.site.want.guard(rankRate, filter)
	r.counted(append(r.site.extensionPlaces(), place))
}

// byAddress counts each address on its own: of inFlightReq this is not the default.
func byAddress() map[string]any {
	return map[string]any{"ipStrategy": map[string]any{"depth": int64(0)}}
}

func traefikConnections(r *reading) {
	n, ok := r.traefikLimit()
	if !ok {
		return
	}
	filter, place := r.site.extension(traefikMiddlewareKind, "connections", map[string]any{"inFlightReq": map[string]any{"amount": n, "sourceCriterion": byAddress()}})
	r.site.want.guard(rankConnections, filter)
	r.counted(append(r.site.extensionPlaces(), place))
}

// counted reports a limit: Traefik counts at each rule and listener on its own.
func (r *reading) counted(to []Place) {
	paths := 0
	for _, g := range r.site.groups {
		paths += len(g.hosts) * len(g.locations)
		for _, l := range g.locations {
			if l.path != "/" && r.keepsOut(r.site) {
				paths++ // it has more than one match
			}
		}
	}
	if paths > 1 || len(r.site.want.aliases) > 0 || (r.site.hasTLS() && !r.site.redirectsToHTTPS()) {
		r.partly("Traefik counts at each host, path and listener on its own: a caller may do that much at each of them",
			"set average, burst and amount of the Middleware to what one path may take", to...)
		return
	}
	r.translated(to...)
	r.note("who calls too often is answered 429, not 503; each Traefik counts for itself, as each NGINX did")
}
