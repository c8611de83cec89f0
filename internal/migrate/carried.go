package migrate

import (
	"slices"
	"strings"
)

// classAnnotation names the class of old Ingresses.
const classAnnotation = "kubernetes.io/ingress.class"

// external-dns changed its prefix in v0.22.0, and ignores the other one without a word:
// both are set. https://github.com/kubernetes-sigs/external-dns/blob/v0.22.0/source/annotations/annotations.go
const (
	dnsPrefix    = "external-dns.kubernetes.io/"
	oldDNSPrefix = "external-dns.alpha.kubernetes.io/"
)

// carry takes annotations along that other programs read; false if it is none of these.
func (m *migration) carry(r *reading) bool {
	switch {
	case r.key == classAnnotation:
		return true // readClass has said it
	case strings.HasPrefix(r.key, "cert-manager.io/"):
		r.toGateway()
	case strings.HasPrefix(r.key, "acme.cert-manager.io/"):
		r.lost("it is about challenges that an Ingress answers", "give the Issuer a solver http01.gatewayHTTPRoute whose parentRefs name the Gateway, or a DNS solver")
	case r.key == "kubernetes.io/tls-acme":
		if !r.on() {
			r.notNeeded("it is switched off")
			break
		}
		r.lost("which issuer it means is configuration of cert-manager", "annotate the Gateway with cert-manager.io/cluster-issuer")
	case strings.HasPrefix(r.key, dnsPrefix), strings.HasPrefix(r.key, oldDNSPrefix):
		r.toDNS()
	default:
		return r.quiet()
	}
	return true
}

// toGateway carries an annotation of cert-manager, which reads the same ones of Gateways.
// https://cert-manager.io/docs/usage/gateway/#supported-annotations
func (r *reading) toGateway() {
	if r.options.Gateway != nil {
		r.lost("the certificate of Gateway "+r.options.Gateway.String()+" is its owner's", "see that a listener has a certificate for the hosts")
		return
	}
	for _, s := range r.sites {
		other, found := s.want.onGateway[r.key]
		if s != r.site && found && other != r.value && r.gatewayName(s) == r.gatewayName(r.site) {
			r.lost("Ingress "+s.ingress.Name+" has another value, and both are served by one Gateway", "migrate one of them on its own, with another --gateway-class, or make its Certificate by hand")
			return
		}
	}
	if !r.site.hasTLS() {
		r.notNeeded("the Ingress has no spec.tls, so nothing is issued for it")
		return
	}
	r.site.want.carryGateway(r.key, r.value)
	r.translated(r.site.gatewayPlace("metadata.annotations"))
}

// toDNS carries an annotation of external-dns: the target is read of the Gateway,
// everything else of the route.
// https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/
func (r *reading) toDNS() {
	name := strings.TrimPrefix(strings.TrimPrefix(r.key, oldDNSPrefix), dnsPrefix)
	prefixes := []string{dnsPrefix, oldDNSPrefix}
	switch name {
	case "ingress-hostname-source":
		r.notNeeded("names of a route come of its hostnames")
	case "target":
		if r.options.Gateway != nil {
			r.lost("it is read of the Gateway, which is another's", "ask for it on Gateway "+r.options.Gateway.String())
			return
		}
		for _, prefix := range prefixes {
			r.site.want.carryGateway(prefix+name, r.value)
		}
		r.translated(r.site.gatewayPlace("metadata.annotations"))
		r.note("with both prefixes, that of external-dns before v0.22 and since; it holds for all hosts of the Gateway")
	default:
		for _, prefix := range prefixes {
			r.site.want.carryRoute(prefix+name, r.value)
		}
		r.translated(r.site.routes("metadata.annotations")...)
		r.note("with both prefixes, that of external-dns before v0.22 and since; external-dns needs --source=gateway-httproute")
	}
}

// quiet passes over annotations that tools write for themselves.
func (r *reading) quiet() bool {
	return slices.Contains([]string{"kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"}, r.key) ||
		strings.HasPrefix(r.key, "meta.helm.sh/") || strings.HasPrefix(r.key, "field.cattle.io/") || strings.HasPrefix(r.key, "argocd.argoproj.io/")
}
