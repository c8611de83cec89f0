package migrate

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const traefikPrefix = "traefik.ingress.kubernetes.io/"

// traefik is the family of Traefik 3.
// https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/#annotations
func traefik() *family {
	return &family{
		name:       "Traefik",
		controller: "traefik",
		prefixes:   []string{traefikPrefix},
		pathOf:     stringPrefix,
		// Unless it runs with strictPrefixMatching, which is off by default.
		// https://doc.traefik.io/traefik/reference/install-configuration/providers/kubernetes/kubernetes-ingress/
		anyPrefix: true,
		annotations: slices.Concat(
			each(traefikEntryPoints, "router.entrypoints"),
			each(traefikMiddlewares, "router.middlewares"),
			each(traefikTLS, "router.tls"),
			each(traefikPathMatcher, "router.pathmatcher"),
			gone("the standard has no priorities: the longest path wins", "see that no rule relies on it", "router.priority"),
			unneeded("it is about the syntax of rules that are written by hand", "router.rulesyntax"),
			gone("Traefik gets the certificate itself, and keeps it to itself", "let cert-manager issue it: annotate the Gateway with cert-manager.io/cluster-issuer", "router.tls.certresolver"),
			unneeded("the listeners have the hostnames", "router.tls.domains."),
			gone("TLS options, also which certificates callers have to have, are the Gateway's"+mayGuard, "see the TLS settings of the Gateway's controller", "router.tls.options"),
			gone("it is set for the whole gateway", "see the telemetry of the Gateway's controller", "router.observability.*"),
			each(func(r *reading) { backendProtocol(r) }, "service.serversscheme"),
			each(func(r *reading) {
				if truth(r.value) {
					r.notNeeded("a gateway passes the Host on")
					return
				}
				r.lost("a gateway passes the Host on, or replaces it by a fixed name", "add a URLRewrite with the hostname that the Service expects")
			}, "service.passhostheader"),
			// Of the annotations of a Service Traefik reads traefik.io/service.nativelb alone for routes.
			// https://github.com/traefik/traefik/blob/v3.6.12/pkg/provider/kubernetes/gateway/annotations.go
			each(func(r *reading) { r.backendTLS() }, "service.serverstransport"),
			gone("session persistence of the standard is experimental (rules[].sessionPersistence)", "a server that keeps no sessions needs none", "service.sticky.*"),
			each(func(r *reading) {
				switch {
				case !truth(r.value):
					r.notNeeded("it is switched off")
				case r.is("traefik"):
					r.lost("Traefik reads it under another name for routes",
						"kubectl annotate service "+strings.Join(r.site.services(), " ")+" --namespace "+r.site.ingress.Namespace+" traefik.io/service.nativelb=true")
				default:
					r.lost("gateways choose among pods", "see the controller, if it can send to the Service's own address")
				}
			}, "service.nativelb"),
			gone("gateways choose among pods", "leave it out", "service.nodeportlb"),
		),
	}
}

func traefikPathMatcher(r *reading) {
	switch strings.ToLower(r.value) {
	case "pathprefix":
		r.notNeeded("it is what a path means anyhow")
	case "path":
		r.site.want.rewrite = func(_ *migration, _ *site, l *location) pathRule { return pathRule{match: exact(l.path)} }
		r.translated(r.site.routes("spec.rules[].matches[].path")...)
	case "pathregexp":
		r.site.want.rewrite = func(_ *migration, _ *site, l *location) pathRule {
			return pathRule{match: pathMatch(gatewayv1.PathMatchRegularExpression, searched(l.path))}
		}
		r.translated(r.site.routes("spec.rules[].matches[].path")...)
		r.note("not every controller matches regular expressions (HTTPRouteMatch RegularExpression is implementation-specific)")
	default:
		r.lost("it is none of Traefik's matchers of paths", "see what the rule is to match")
	}
}

// traefikEntryPoints: web and websecure are the names of Traefik's chart.
func traefikEntryPoints(r *reading) {
	points := list(r.value)
	for _, p := range points {
		if p != "web" && p != "websecure" {
			r.lost("which port and protocol entry point "+p+" has is configuration of Traefik", "add a listener with its port to the Gateway")
			return
		}
	}
	web, secure := slices.Contains(points, "web"), slices.Contains(points, "websecure")
	r.site.want.hideHTTP = r.site.want.hideHTTP || !web && secure && r.site.hasTLS()
	r.site.want.hideHTTPS = web && !secure
	if !web && secure && !r.site.hasTLS() {
		r.lost("the Ingress is served on HTTPS only, and which certificate it gets is not in it", "add spec.tls with a Secret to the Ingress")
		return
	}
	r.translated(r.site.gatewayPlace("spec.listeners"))
}

// traefikTLS: a router with TLS answers nobody who speaks HTTP, whatever its entry points.
// https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/overview/
func traefikTLS(r *reading) {
	switch {
	case !truth(r.value):
		r.notNeeded("it is switched off")
	case r.site.hasTLS():
		r.site.want.hideHTTP = true
		r.translated(r.site.gatewayPlace("spec.listeners"))
	default:
		r.lost("Traefik's default certificate is not in the Ingress", "add spec.tls with a Secret to the Ingress")
	}
}
