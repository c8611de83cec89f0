package diagnose

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func secretWrongType() Check {
	return Check{"secret-wrong-type", "a Secret of a listener that is not of type kubernetes.io/tls", Error, func(x *scene) []Finding {
		var out []Finding
		for _, r := range x.secretRefs {
			if r.secret == nil || r.resolved() || r.secret.Type == string(corev1.SecretTypeTLS) {
				continue
			}
			kind := "type " + r.secret.Type
			if r.secret.Type == "" {
				kind = "another type"
			}
			out = append(out, Finding{
				Object: r.owner, Field: r.field(r.path() + ".name"),
				Problem: saying(fmt.Sprintf("Secret %q is of %s; a listener needs %s", r.key, kind, corev1.SecretTypeTLS), r.told(gatewayv1.ListenerConditionResolvedRefs)) + ".",
				Why:     whyTLS,
				Fix:     x.fixSecret(r, r.key.Name+"-tls"),
			})
		}
		return out
	}}
}
