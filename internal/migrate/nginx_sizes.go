package migrate

import (
	"strconv"
	"strings"
)

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
