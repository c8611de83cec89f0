package migrate

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// externalAuth is a server that is asked whether a request may pass, of a family that
// asks it otherwise than any gateway does.
func externalAuth(r *reading) {
	do := "let the server ask, or see the policies of the Gateway's controller"
	switch {
	case r.is("envoy-gateway"):
		do = "write a SecurityPolicy with extAuth.http, which refers to the Service behind this address"
	case r.is("traefik"):
		do = "write a Middleware with forwardAuth, and refer to it with an ExtensionRef"
	}
	r.lost("the filter ExternalAuth is experimental: after the move nobody is asked, and everybody gets in", do)
}

// asked is a server that is asked whether a request may pass.
type asked struct {
	address string
	// told are the headers of a request that it is told, got those that the Service gets
	// of its answer.
	told, got []string
}

// defaultTold are what such servers decide by. Envoy tells an HTTP server the method, the
// path, the Host and Authorization unless more are named.
func defaultTold() []string {
	return []string{"authorization", "cookie", "x-forwarded-for", "x-forwarded-proto"}
}

// nginxExternalAuth asks a server for every request.
// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#external-authentication
func nginxExternalAuth(r *reading) {
	to := asked{address: r.value, told: defaultTold(), got: list(r.peer("auth-response-headers"))}
	for _, name := range to.got {
		if !headerName(name) {
			externalAuth(r)
			return
		}
	}
	if strings.Contains(r.value, "$") {
		externalAuth(r)
		return
	}
	switch {
	case r.is("traefik"):
		r.traefikExternalAuth(to)
	case r.is("envoy-gateway"):
		r.envoyExternalAuth(to)
	default:
		externalAuth(r)
	}
}

// untold are the headers by which ingress-nginx tells the server what is asked for.
// Nobody else may say them in its place.
// https://github.com/kubernetes/ingress-nginx/blob/controller-v1.11.1/rootfs/etc/nginx/template/nginx.tmpl (auth location)
func untold() map[string]any {
	return map[string]any{"X-Original-Url": "", "X-Original-Method": "", "X-Auth-Request-Redirect": "", "X-Sent-From": ""}
}

// traefikExternalAuth: the server is asked by GET, as ingress-nginx does, and every answer
// but 2xx goes to the caller. Headers of its answer replace those of the request, also
// where it has none.
// https://github.com/traefik/traefik/blob/v3.6.12/pkg/middlewares/auth/forward.go
func (r *reading) traefikExternalAuth(to asked) {
	if !serverAddress.MatchString(to.address) {
		externalAuth(r)
		return
	}
	spec := map[string]any{"address": to.address}
	if len(to.got) > 0 {
		spec["authResponseHeaders"] = anyList(to.got)
	}
	without, _ := r.site.extension(traefikMiddlewareKind, "untold", map[string]any{"headers": map[string]any{"customRequestHeaders": untold()}})
	r.site.want.guard(rankUntold, without)
	filter, place := r.site.extension(traefikMiddlewareKind, "ask", map[string]any{"forwardAuth": spec})
	r.site.want.guard(rankExternal, filter)
	why := "the same server is asked, but told what is asked for by X-Forwarded-Method, -Proto, -Host and -Uri, in place of X-Original-URL and X-Original-Method, which nobody can send"
	if method := r.peer("auth-method"); method != "" && !strings.EqualFold(method, "GET") {
		why += "; it is asked by GET"
	}
	r.partly(why, "see that the server does not decide by X-Original-URL or X-Original-Method: then nothing is missing",
		append(r.site.extensionPlaces(), place)...)
}

// envoyExternalAuth: Envoy asks for the path of the server with that of the request behind
// it, by the method of the request, and takes 200 only.
// https://github.com/envoyproxy/gateway/blob/v1.7.0/internal/xds/translator/extauth.go (httpService: PathPrefix)
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ext_authz/v3/ext_authz.proto
func (r *reading) envoyExternalAuth(to asked) {
	name, port, path, ok := r.serviceAt(to.address)
	if !ok {
		externalAuth(r)
		return
	}
	http := map[string]any{"backendRefs": []any{map[string]any{"name": name, "port": port}}}
	if path != "" {
		http["path"] = path
	}
	if len(to.got) > 0 {
		http["headersToBackend"] = anyList(to.got)
	}
	places := r.site.set(securityPolicy, map[string]any{"headersToExtAuth": anyList(to.told), "http": http}, "extAuth")
	why := "Service " + name + " is asked otherwise: for " + strings.TrimSuffix(path, "/") + "/... with the path of the request behind it, by the method of the request, and only 200 lets it pass"
	do := "let the server answer 200 for who may pass, and 401 or 403 for everybody else, whatever is behind that path"
	if len(to.got) > 0 {
		do += "; let it always send " + joinWords(to.got) + ": what it does not send stays as the caller has sent it"
	}
	r.partly(why, do, places...)
}

// serverAddress is SCHEME://HOST:PORT/PATH?QUERY.
var serverAddress = regexp.MustCompile(`^(https?)://([^/:?#@\s\[\]]+)(?::([0-9]{1,5}))?(/[^?#\s]*)?(\?[^#\s]*)?$`)

// serviceAt is the Service of the namespace of the Ingress that an address leads to:
// NAME.NAMESPACE.svc, with or without the domain of the cluster, by HTTP.
func (r *reading) serviceAt(address string) (name string, port int64, path string, ok bool) {
	found := serverAddress.FindStringSubmatch(address)
	if found == nil || found[1] != "http" || found[5] != "" {
		return "", 0, "", false
	}
	port, err := strconv.ParseInt(cmp.Or(found[3], "80"), 10, 32)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, "", false
	}
	labels := strings.Split(strings.TrimSuffix(found[2], ".cluster.local"), ".")
	if len(labels) == 3 && labels[2] == "svc" {
		labels = labels[:2]
	}
	if len(labels) != 2 || labels[1] != r.site.ingress.Namespace || !isHostname(labels[0]) {
		return "", 0, "", false
	}
	return labels[0], port, found[4], true
}
