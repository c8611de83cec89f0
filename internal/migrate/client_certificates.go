package migrate

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// clientCertificate is a certificate that callers have to have.
func clientCertificate(r *reading) {
	do := "set spec.tls.frontend of the Gateway (Gateway API 1.5), with the certificate authority in a ConfigMap"
	if r.is("envoy-gateway") {
		do = "write a ClientTrafficPolicy with tls.clientValidation, which refers to this Secret"
	}
	r.lost("callers' certificates are checked by the Gateway: after the move nobody's is, and everybody gets in", do)
}

// nginxClientCertificate: the certificate is asked for by the host, which is what a
// listener is here. Envoy Gateway reads the authority in the same key of the same Secret.
// https://github.com/envoyproxy/gateway/blob/v1.7.0/api/v1alpha1/tls_types.go (ClientValidationContext)
func nginxClientCertificate(r *reading) {
	verify := strings.ToLower(strings.TrimSpace(r.peer("auth-tls-verify-client")))
	if verify == "off" {
		r.notNeeded("no certificate is asked for")
		return
	}
	name, here := r.secretName(r.value)
	if !r.is("envoy-gateway") || r.options.Gateway != nil || !here || !r.site.servesTLS() || verify == "optional_no_ca" {
		clientCertificate(r)
		return
	}
	r.site.want.clientCA, r.site.want.clientCAOptional = name, verify == "optional"
	for _, header := range []string{"ssl-client-cert", "ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn"} {
		r.site.want.requestHeader(header, "") // nobody may say what ingress-nginx has said
	}
	r.partly("Envoy asks for a certificate of the same authority, but takes chains of any length, and the server is not told whose it is (ssl-client-verify, ssl-client-subject-dn)",
		"see that every authority below this one issues certificates to those only who may call, and that the server reads none of these headers: then nothing is missing",
		Place{Ref{clientTrafficPolicy.kind, r.site.ingress.Namespace, r.site.ingress.Name}, "spec.tls.clientValidation"})
}

// servesTLS tells whether a host of the Ingress has a certificate in a Secret.
func (s *site) servesTLS() bool {
	return slices.ContainsFunc(s.groups, func(g *group) bool {
		return slices.ContainsFunc(g.hosts, func(host string) bool { return s.secretOf(host) != "" })
	})
}

// mostTargets of a policy of Envoy Gateway.
const mostTargets = 16

// clientPolicies ask for certificates at the listeners of an Ingress, unless another
// Ingress has asked there already: a listener has one such policy.
func (s *site) clientPolicies(l *listeners) []*unstructured.Unstructured {
	if s.want.clientCA == "" {
		return nil
	}
	var sections []string
	for _, g := range s.groups {
		for _, host := range s.hostsOf(g) {
			for _, section := range s.https(l, host) {
				switch other := l.asked[section]; {
				case other == nil:
					l.asked[section] = s
					sections = append(sections, section)
				case other.want.clientCA != s.want.clientCA || other.want.clientCAOptional != s.want.clientCAOptional:
					s.lostOnce("spec.rules[].host", host, "Ingress "+other.name().String()+" asks for another certificate at this host, and a listener asks for one",
						"let both name the same Secret, as ingress-nginx takes one of them only, too")
				}
			}
		}
	}
	validation := map[string]any{"caCertificateRefs": []any{map[string]any{"group": "", "kind": "Secret", "name": s.want.clientCA}}}
	if s.want.clientCAOptional {
		validation["optional"] = true
	}
	var out []*unstructured.Unstructured
	taken := names{}
	for some := range slices.Chunk(sections, mostTargets) {
		var refs []any
		for _, section := range some {
			refs = append(refs, map[string]any{"group": gatewayv1.GroupName, "kind": "Gateway", "name": s.gateway.Name, "sectionName": section})
		}
		out = append(out, newObject(clientTrafficPolicy, Name{s.ingress.Namespace, taken.free(s.ingress.Name)}, map[string]any{
			"targetRefs": refs, "tls": map[string]any{"clientValidation": validation},
		}))
	}
	return out
}
