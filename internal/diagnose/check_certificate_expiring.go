package diagnose

import (
	"crypto/x509"
	"fmt"
)

func certificateExpiring() Check {
	return Check{"certificate-expiring", "a listener with a certificate that expires soon and was not renewed", Warning, func(x *scene) []Finding {
		return x.certificates(func(r secretRef, cert *x509.Certificate) (problem, why string) {
			if !x.expiring(cert) {
				return "", ""
			}
			return fmt.Sprintf("The certificate in Secret %q of listener %q expires on %s", r.key, r.Name, cert.NotAfter.UTC().Format(day)),
				"From then on clients refuse the connection. Whatever renews it should have done so already."
		})
	}}
}
