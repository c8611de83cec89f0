package migrate

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func nginxForwardedPrefix(r *reading) {
	if r.annotationOff("rewrite-target") {
		r.notNeeded("it has no effect without rewrite-target")
		return
	}
	if strings.Contains(r.value, "$") {
		r.lost("a filter sets fixed values of headers only", "write the prefix itself")
		return
	}
	r.site.want.requestHeader("X-Forwarded-Prefix", r.value)
	r.translated(r.site.routes("spec.rules[].filters[].requestHeaderModifier")...)
}

func (r *reading) annotationOff(name string) bool {
	value := r.peer(name)
	return value == "" || strings.EqualFold(value, "false")
}

// hostRewrite gives the backend another Host.
func hostRewrite(r *reading) {
	host := strings.ToLower(strings.TrimSpace(r.value))
	if !isHostname(host) {
		r.lost("the standard replaces the Host by a fixed name only", "write the name that the Service expects")
		return
	}
	name := gatewayv1.PreciseHostname(host)
	f := r.site.want.ofType(gatewayv1.HTTPRouteFilterURLRewrite)
	f.URLRewrite = &gatewayv1.HTTPURLRewriteFilter{Hostname: &name}
	r.translated(r.site.routes("spec.rules[].filters[].urlRewrite.hostname")...)
}

func nginxAppRoot(r *reading) {
	if !strings.HasPrefix(r.value, "/") {
		r.lost("it is no path", "write a path that begins with /")
		return
	}
	r.site.want.root = redirectTo(target{path: r.value}, 302)
	r.translated(r.site.routes("spec.rules[].filters[].requestRedirect")...)
}

func serverAlias(r *reading) {
	var hosts []string
	for _, host := range list(r.value) {
		if isHostname(host) || isWildcard(host) {
			hosts = append(hosts, strings.ToLower(host))
			continue
		}
		r.lost("a hostname of the Gateway API is a name, or *. and a name", "write the names out")
		return
	}
	r.site.want.aliases = append(r.site.want.aliases, hosts...)
	r.translated(r.site.routes("spec.hostnames")...)
}

// nginxWWW: www.NAME and NAME, whichever the Ingress does not have, is redirected with 308.
func nginxWWW(r *reading) {
	if !r.on() {
		r.notNeeded("it is switched off")
		return
	}
	var to []Place
	for _, g := range r.site.groups {
		for _, host := range g.hosts {
			if host != "" && !strings.HasPrefix(host, "*") {
				to = append(to, Place{Ref{"HTTPRoute", r.site.ingress.Namespace, g.name + "-www"}, "spec.rules[].filters[].requestRedirect.hostname"})
				break
			}
		}
	}
	if len(to) == 0 {
		r.notNeeded("no rule has a host")
		return
	}
	r.site.want.www = true
	r.translated(to...)
	r.note(newerCodes)
}

// otherWWW is the name that is redirected to a host.
func otherWWW(host string) string {
	if bare, found := strings.CutPrefix(host, "www."); found {
		return bare
	}
	return "www." + host
}

func nginxRedirect(r *reading) {
	code, keyOfCode := 301, "permanent-redirect-code"
	if strings.HasSuffix(r.key, "temporal-redirect") {
		code, keyOfCode = 302, "temporal-redirect-code"
		if r.peer("permanent-redirect") != "" {
			r.notNeeded("permanent-redirect wins")
			return
		}
	}
	if value := r.peer(keyOfCode); value != "" {
		n, err := strconv.Atoi(value)
		if err != nil || !redirectCode(n) {
			r.lost("a Gateway redirects with 301, 302, 303, 307 or 308 only, not with "+value, "choose one of these")
			return
		}
		code = n
	}
	r.redirectAll(r.value, code)
}

// newerCodes: https://github.com/kubernetes-sigs/gateway-api/blob/v1.5.1/apis/v1/httproute_types.go (HTTPRequestRedirectFilter)
const newerCodes = "status 308 needs Gateway API 1.5; write 301 for an older one"

// redirectCode tells whether the Gateway API has a status for redirects.
func redirectCode(n int) bool { return slices.Contains([]int{301, 302, 303, 307, 308}, n) }

// redirectAll redirects every request to a fixed address.
func (r *reading) redirectAll(target string, code int) {
	to, ok := parseTarget(target)
	if !ok || strings.ContainsAny(target, "$%{}") {
		r.lost("it is no fixed address, and a Gateway's redirect knows no variables", "write one rule with a RequestRedirect for each address")
		return
	}
	if to.rest != "" {
		r.lost("a Gateway's redirect sets no query", "redirect in the server, or to an address without one")
		return
	}
	r.site.want.redirect = redirectTo(to, code)
	r.translated(r.site.routes("spec.rules[].filters[].requestRedirect")...)
	r.note("a gateway keeps the query of the request")
	if code != 301 && code != 302 {
		r.note("a gateway keeps the query of the request; status " + strconv.Itoa(code) + " needs Gateway API 1.5")
	}
}

// target of a redirect. Without a host it is on the host that was asked.
type target struct {
	scheme, host string
	port         int64
	path         string
	// rest is a query or a fragment.
	rest string
}

// address is what people redirect to: SCHEME://HOST:PORT/PATH, or only a part of it.
var address = regexp.MustCompile(`^(?:(?:(https?):)?//([^/:?#@]+)(?::([0-9]{1,5}))?)?(/[^?#]*)?([?#].*)?$`)

// parseTarget reads the target of a redirect; false if it is none.
func parseTarget(s string) (target, bool) {
	found := address.FindStringSubmatch(s)
	if found == nil || s == "" {
		return target{}, false
	}
	to := target{scheme: found[1], host: strings.ToLower(found[2]), path: found[4], rest: found[5]}
	if found[3] != "" {
		to.port, _ = strconv.ParseInt(found[3], 10, 32) // digits, and few
	}
	if (to.host == "" && to.path == "") || (to.host != "" && !isHostname(to.host)) || to.port >= 1<<16 || (found[3] != "" && to.port == 0) {
		return target{}, false
	}
	return to, true
}

func redirectTo(to target, code int) *gatewayv1.HTTPRequestRedirectFilter {
	f := &gatewayv1.HTTPRequestRedirectFilter{StatusCode: &code}
	if to.scheme != "" {
		f.Scheme = new(to.scheme)
	}
	path := to.path
	if to.host != "" {
		f.Hostname = new(gatewayv1.PreciseHostname(to.host))
		path = cmp.Or(path, "/")
	}
	if path != "" {
		f.Path = &gatewayv1.HTTPPathModifier{Type: gatewayv1.FullPathHTTPPathModifier, ReplaceFullPath: &path}
	}
	if to.port > 0 {
		f.Port = new(gatewayv1.PortNumber(to.port)) //nolint:gosec // parseTarget refuses what is no port
	}
	return f
}

func connectionHeader(r *reading) {
	r.lost("Connection is a header of one hop, which a gateway sets itself", "leave it out: gateways keep connections open")
}

// redirectPlaces are the routes that redirect to HTTPS.
func (s *site) redirectPlaces() []Place {
	var out []Place
	for _, g := range s.groups {
		out = append(out, Place{Ref{"HTTPRoute", s.ingress.Namespace, redirectName(g)}, "spec.rules[].filters[].requestRedirect"})
	}
	return out
}

func redirectName(g *group) string { return g.name + "-redirect" }
