package migrate

import (
	"slices"
	"strings"
)

// backendTLSPolicy is of the standard; that the authority may be in a Secret is up to the
// controller.
var backendTLSPolicy = policyKind{apiVersion: "gateway.networking.k8s.io/v1", kind: "BackendTLSPolicy", target: "Service", many: true}

// nginxBackendTLS is how a Service is spoken to by TLS.
// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#backend-certificate-authentication
func nginxBackendTLS() []annotation {
	return slices.Concat(
		each(func(r *reading) {
			if to := r.checkedBackend(); to != nil {
				r.translated(to...)
				return
			}
			backendProtocol(r)
		}, "backend-protocol"),
		each(func(r *reading) {
			if !r.on() {
				r.notNeeded("it is switched off")
				return
			}
			r.backendTLS()
		}, "secure-backends"),
		each(func(r *reading) {
			switch to := r.checkedBackend(); {
			case to != nil:
				r.translated(to...)
			case !r.on():
				r.notNeeded("it is switched off")
			default:
				r.backendTLS()
			}
		}, "proxy-ssl-verify"),
		backendDetail(func(r *reading, to []Place) { r.translated(to...) }, "proxy-ssl-name", "proxy-ssl-server-name"),
		backendDetail(func(r *reading, to []Place) {
			r.partly("Envoy checks the certificate of the Service with it, but does not show the Service the one that is in it",
				"if the Service asks for one: set backendTLS.clientCertificateRef of the EnvoyProxy", to...)
		}, "proxy-ssl-secret"),
		backendDetail(func(r *reading, _ []Place) {
			r.lost("a gateway speaks to all Services by the same ciphers and protocols, and takes chains of any length", "see backendTLS of the EnvoyProxy")
		}, "proxy-ssl-ciphers", "proxy-ssl-protocols", "proxy-ssl-verify-depth"),
	)
}

// backendDetail is of a Service that is spoken to by TLS, and whose certificate is checked.
func backendDetail(apply func(r *reading, to []Place), keys ...string) []annotation {
	return each(func(r *reading) {
		protocol := strings.ToUpper(r.peer("backend-protocol"))
		to := r.checkedBackend()
		switch {
		case protocol != "HTTPS" && protocol != "GRPCS":
			r.notNeeded("the Service is not spoken to by TLS")
		case to == nil:
			r.backendTLS()
		default:
			apply(r, to)
		}
	}, keys...)
}

// checkedBackend is the policy of Services whose certificate ingress-nginx checks as Envoy
// Gateway does: against the authority in a Secret of the namespace, for a name; nil if
// there is none. It holds for a Service, so everybody has to speak to it like that.
// https://github.com/envoyproxy/gateway/blob/v1.7.0/internal/gatewayapi/backendtlspolicy.go
func (r *reading) checkedBackend() []Place {
	secret, here := r.secretName(r.peer("proxy-ssl-secret"))
	name := strings.ToLower(r.peer("proxy-ssl-name"))
	if !r.is("envoy-gateway") || !strings.EqualFold(r.peer("backend-protocol"), "HTTPS") || !truth(r.peer("proxy-ssl-verify")) || !here || !isHostname(name) {
		return nil
	}
	for _, s := range r.sites {
		same := s.annotation("backend-protocol") == r.peer("backend-protocol") && s.annotation("proxy-ssl-secret") == r.peer("proxy-ssl-secret") &&
			s.annotation("proxy-ssl-name") == r.peer("proxy-ssl-name") && s.annotation("proxy-ssl-verify") == r.peer("proxy-ssl-verify")
		if s.ingress.Namespace == r.site.ingress.Namespace && !same && !s.canary &&
			slices.ContainsFunc(s.services(), func(name string) bool { return slices.Contains(r.site.services(), name) }) {
			return nil
		}
	}
	return r.site.set(backendTLSPolicy, map[string]any{
		"caCertificateRefs": []any{map[string]any{"group": "", "kind": "Secret", "name": secret}}, "hostname": name,
	}, "validation")
}
