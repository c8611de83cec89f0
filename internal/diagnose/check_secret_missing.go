package diagnose

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func secretMissing() Check {
	return Check{"secret-missing", "a listener whose TLS Secret does not exist", Error, func(x *scene) []Finding {
		var out []Finding
		for _, r := range x.secretRefs {
			told := r.told(gatewayv1.ListenerConditionResolvedRefs)
			missing := r.secret == nil && x.Sees("Secret", r.key.Namespace)
			invalid := told.State == topology.False && told.Reason == string(gatewayv1.ListenerReasonInvalidCertificateRef)
			// Where Secrets are not seen, the controller's word is all there is.
			if r.resolved() || x.issuedBy(r.key) != nil || x.OfFiles() && r.issued() || !missing && (!invalid || x.Sees("Secret", r.key.Namespace)) {
				continue
			}
			problem := fmt.Sprintf("Secret %q of listener %q does not exist%s", r.key, r.Name, whatDoes(r.key.Name, x.tlsSecrets(r.key.Namespace)))
			if !missing {
				problem = fmt.Sprintf("Secret %q of listener %q cannot be used", r.key, r.Name)
				told.Reason = string(gatewayv1.ListenerReasonInvalidCertificateRef)
			}
			out = append(out, Finding{Object: r.owner, Field: r.field(r.path()), Problem: saying(problem, told) + ".", Why: whyTLS, Fix: x.fixSecret(r, r.key.Name)})
		}
		return out
	}}
}

// issued says that cert-manager makes a Certificate, and by it the Secret, for each listener
// of a Gateway that asks for it.
// https://cert-manager.io/docs/usage/gateway/#supported-annotations
func (r secretRef) issued() bool {
	if r.gateway == nil {
		return false
	}
	_, byIssuer := r.gateway.Annotations["cert-manager.io/issuer"]
	_, byClusterIssuer := r.gateway.Annotations["cert-manager.io/cluster-issuer"]
	return byIssuer || byClusterIssuer
}

// tlsSecrets are the names of the Secrets of a namespace that hold a certificate.
func (x *scene) tlsSecrets(namespace string) []string {
	var out []string
	for _, s := range x.Objects.Secrets.All() {
		if s.Namespace == namespace && s.Type == string(corev1.SecretTypeTLS) {
			out = append(out, s.Name)
		}
	}
	return out
}
