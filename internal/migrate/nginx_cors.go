package migrate

import (
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// corsWish is what CORS annotations of any family say, with the defaults of the family.
type corsWish struct {
	origins, methods, headers, expose []string
	credentials                       bool
	maxAge                            int32
}

func nginxCORS() []annotation {
	keys := []string{"cors-allow-origin", "cors-allow-methods", "cors-allow-headers", "cors-expose-headers", "cors-allow-credentials", "cors-max-age"}
	return append(part("enable-cors", keys...), each(func(r *reading) {
		if !r.on() {
			r.notNeeded("it is switched off")
			return
		}
		// The defaults are those of the documentation.
		wish := corsWish{
			origins:     listOr(r.peer("cors-allow-origin"), "*"),
			methods:     listOr(r.peer("cors-allow-methods"), "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"),
			headers:     listOr(r.peer("cors-allow-headers"), "DNT", "Keep-Alive", "User-Agent", "X-Requested-With", "If-Modified-Since", "Cache-Control", "Content-Type", "Range", "Authorization"),
			expose:      list(r.peer("cors-expose-headers")),
			credentials: !strings.EqualFold(r.peer("cors-allow-credentials"), "false"),
			maxAge:      1728000,
		}
		if n, err := strconv.ParseInt(r.peer("cors-max-age"), 10, 32); err == nil && n > 0 {
			wish.maxAge = int32(n)
		}
		r.cors(wish)
	}, "enable-cors")...)
}

func listOr(value string, otherwise ...string) []string {
	if values := list(value); len(values) > 0 {
		return values
	}
	return otherwise
}

// cors puts a CORS filter on every rule. Traefik 3.6 refuses a route with one, and has a
// Middleware for it.
func (r *reading) cors(w corsWish) {
	if r.is("traefik") {
		filter, place := r.site.extension(traefikMiddlewareKind, "cors", map[string]any{"headers": w.traefik()})
		r.site.want.guard(rankCORS, filter)
		r.translated(append(r.site.extensionPlaces(), place)...)
		return
	}
	if i := slices.IndexFunc(w.origins, func(o string) bool { return !isOrigin(o) }); i >= 0 {
		r.lost("an origin of the Gateway API is *, or SCHEME://HOST[:PORT] with * for the first part of the host; this is not one: "+w.origins[i], "write the origins out")
		return
	}
	r.site.want.filter(gatewayv1.HTTPRouteFilter{Type: gatewayv1.HTTPRouteFilterCORS, CORS: w.filter()})
	r.translated(r.site.routes("spec.rules[].filters[].cors")...)
	var notes []string
	if w.credentials && w.anyOrigin() {
		notes = append(notes, "to any origin a browser sends no credentials, so none are allowed")
	}
	if !r.is("envoy-gateway", "istio", "kgateway") {
		notes = append(notes, "the controller has to know the filter CORS (Extended, since Gateway API 1.5)")
	}
	r.note(joinSentences(notes))
}

// anyOrigin tells whether everybody may ask. Ingress controllers say so to a browser with
// a star, and then it sends no credentials, whatever else they say. A gateway that is told
// to allow them answers with the origin instead, and the browser would send them.
// https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
// https://gateway-api.sigs.k8s.io/reference/spec/#httpcorsfilter
func (w corsWish) anyOrigin() bool { return slices.Contains(w.origins, "*") }

func (w corsWish) filter() *gatewayv1.HTTPCORSFilter {
	credentials := w.credentials && !w.anyOrigin()
	f := &gatewayv1.HTTPCORSFilter{AllowCredentials: &credentials, MaxAge: max(1, w.maxAge)}
	for _, o := range starOr(w.origins, 64) {
		f.AllowOrigins = append(f.AllowOrigins, gatewayv1.CORSOrigin(o))
	}
	for _, method := range starOr(w.methods, 9) {
		f.AllowMethods = append(f.AllowMethods, gatewayv1.HTTPMethodWithWildcard(strings.ToUpper(method)))
	}
	for _, h := range starOr(w.headers, 64) {
		f.AllowHeaders = append(f.AllowHeaders, gatewayv1.HTTPHeaderName(h))
	}
	for _, h := range starOr(w.expose, 64) {
		f.ExposeHeaders = append(f.ExposeHeaders, gatewayv1.HTTPHeaderName(h))
	}
	return f
}

// starOr are the values, each once, or a star alone where one of them is it, or where
// there are more than a filter takes.
func starOr(values []string, most int) []string {
	if slices.Contains(values, "*") {
		return []string{"*"}
	}
	var out []string
	for _, v := range values {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	if len(out) > most {
		return []string{"*"}
	}
	return out
}

// https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/headers/
func (w corsWish) traefik() map[string]any {
	out := map[string]any{
		"accessControlAllowCredentials": w.credentials,
		"accessControlMaxAge":           int64(w.maxAge),
		"addVaryHeader":                 true,
	}
	for field, values := range map[string][]string{
		"accessControlAllowMethods": w.methods, "accessControlAllowHeaders": w.headers, "accessControlExposeHeaders": w.expose,
	} {
		if len(values) > 0 {
			out[field] = anyList(values)
		}
	}
	var exactly, regex []string
	for _, o := range w.origins {
		if o != "*" && strings.Contains(o, "*") {
			regex = append(regex, "^"+strings.ReplaceAll(quoteMeta(o), `\*`, `[^.]+`)+"$")
			continue
		}
		exactly = append(exactly, o)
	}
	if len(exactly) > 0 {
		out["accessControlAllowOriginList"] = anyList(exactly)
	}
	if len(regex) > 0 {
		out["accessControlAllowOriginListRegex"] = anyList(regex)
	}
	return out
}

func anyList(values []string) []any {
	out := make([]any, 0, len(values))
	for _, v := range values {
		out = append(out, v)
	}
	return out
}
