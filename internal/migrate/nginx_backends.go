package migrate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// nginxBackends is how Services are spoken to and chosen among.
func nginxBackends() []annotation {
	return slices.Concat(
		nginxBackendTLS(),
		each(stickiness, "affinity"),
		part("affinity", "session-cookie-name", "session-cookie-path", "session-cookie-domain", "session-cookie-secure", "session-cookie-samesite", "session-cookie-max-age"),
		partGone("affinity", "a cookie leads to the same pod as long as the pods are the same", "a server that keeps no sessions needs none",
			"affinity-mode", "affinity-canary-behavior", "session-cookie-change-on-failure"),
		partGone("affinity", "the cookie has Max-Age alone, and SameSite for every browser", "set session-cookie-max-age",
			"session-cookie-expires", "session-cookie-conditional-samesite-none"),
		gone("the standard does not hash", "see the policies of the Gateway's controller; a server that keeps no sessions needs none",
			"upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size"),
		each(func(r *reading) {
			if r.value == "round_robin" {
				r.notNeeded("gateways take turns")
				return
			}
			r.lost("the standard does not say which pod is next", "see the policies of the Gateway's controller")
		}, "load-balance"),
		gone("gateways choose among pods", "see the controller, if it can send to the Service's own address", "service-upstream"),
		gone("a Gateway shows what the Service answers, and 503 if nobody does", "let the server show its own pages", "custom-http-errors", "default-backend"),
		unneeded("a Gateway never replaces a Service's error pages", "disable-proxy-intercept-errors"),
		each(passthrough, "ssl-passthrough"),
		gone("ciphers are the Gateway's", "see the TLS settings of the Gateway's controller", "ssl-ciphers", "ssl-prefer-server-ciphers"),
		each(mirror, "mirror-target"),
		part("mirror-target", "mirror-request-body", "mirror-host"),
	)
}

// backendProtocol is how a Service is spoken to. The Gateway API reads that from the
// Service's appProtocol (h2c) and from a BackendTLSPolicy.
func backendProtocol(r *reading) {
	switch strings.ToUpper(r.value) {
	case "HTTP", "HTTP1", "H1", "AUTO_HTTP", "":
		r.notNeeded("it is what a gateway speaks")
	case "HTTPS", "H1-SSL", "H2-SSL", "GRPCS":
		r.backendTLS()
	case "GRPC", "H2", "HTTP2":
		r.h2c()
	default:
		r.lost("a gateway speaks HTTP to a Service", "put something in front of the server that does")
	}
}

func (r *reading) backendTLS() {
	do := "write a BackendTLSPolicy for the Service, with the certificate authority in a ConfigMap and the name in the certificate"
	switch {
	case r.is("envoy-gateway"):
		do += "; without checking: a Backend with tls.insecureSkipVerify"
	case r.is("traefik"):
		do += "; without checking: serversTransport.insecureSkipVerify in Traefik's own configuration, for all Services"
	}
	r.lost("a gateway always checks the certificate of a Service, and ingress controllers usually do not: what it is to be checked against is not in the Ingress", do)
}

const h2cProtocol = "kubernetes.io/h2c"

func (r *reading) h2c() {
	ports := 0
	for _, g := range r.site.groups {
		for _, l := range g.locations {
			if l.backend.Service == nil {
				continue
			}
			svc := r.service(Name{r.site.ingress.Namespace, l.backend.Service.Name})
			number := r.portOf(r.site.ingress.Namespace, l.backend.Service)
			if svc == nil || !slices.ContainsFunc(svc.Spec.Ports, func(p corev1.ServicePort) bool {
				return p.Port == number && p.AppProtocol != nil && *p.AppProtocol == h2cProtocol
			}) {
				r.lost("a gateway reads from the port of the Service that it speaks HTTP/2", "set appProtocol: "+h2cProtocol+" at the port of Service "+l.backend.Service.Name)
				return
			}
			ports++
		}
	}
	if ports == 0 {
		r.notNeeded("it leads to no Service")
		return
	}
	r.notNeeded("appProtocol of the Service says it")
}

// stickiness: Envoy makes the cookie only if it has a lifetime; 0 is that of a session.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-routeaction-hashpolicy-cookie
func stickiness(r *reading) {
	if r.value == "" {
		r.notNeeded("it is empty")
		return
	}
	if !r.is("envoy-gateway") || !strings.EqualFold(r.value, "cookie") {
		r.lost("session persistence of the standard is experimental (rules[].sessionPersistence)",
			"a server that keeps no sessions needs none; else see the policies of the Gateway's controller")
		return
	}
	age, err := strconv.ParseInt(r.peer("session-cookie-max-age"), 10, 32)
	if err != nil || age < 0 {
		age = 0
	}
	cookie := map[string]any{"name": cmp.Or(r.peer("session-cookie-name"), "INGRESSCOOKIE"), "ttl": shortSeconds(age)}
	attributes := map[string]any{"Path": cmp.Or(r.peer("session-cookie-path"), "/")} // Envoy adds HttpOnly itself
	if domain := r.peer("session-cookie-domain"); domain != "" {
		attributes["Domain"] = domain
	}
	if same := r.peer("session-cookie-samesite"); same != "" {
		attributes["SameSite"] = same
	}
	if truth(r.peer("session-cookie-secure")) {
		attributes["Secure"] = ""
	}
	if r.site.isNginx() {
		cookie["attributes"] = attributes
	}
	r.translated(r.site.set(backendTrafficPolicy, map[string]any{"type": "ConsistentHash", "consistentHash": map[string]any{"type": "Cookie", "cookie": cookie}}, "loadBalancer")...)
	r.note("callers are spread anew, once")
}

func passthrough(r *reading) {
	if !r.on() {
		r.notNeeded("TLS ends at the Gateway")
		return
	}
	r.lost("TLS that is passed on needs a TLSRoute and a listener of protocol TLS, and no rule of HTTP holds there",
		"write a listener with tls.mode Passthrough and a TLSRoute for the host")
}

// mirror copies requests to another Service. The target is an address; that of a Service
// of the same namespace can be said.
func mirror(r *reading) {
	r.lost("the filter RequestMirror takes a Service, and this is an address", "write a RequestMirror filter with the Service behind it")
}
