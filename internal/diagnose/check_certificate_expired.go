package diagnose

import (
	"crypto/x509"
	"fmt"
)

func certificateExpired() Check {
	return Check{"certificate-expired", "a listener with a certificate that has expired", Error, func(x *scene) []Finding {
		return x.certificates(func(r secretRef, cert *x509.Certificate) (problem, why string) {
			if !x.expired(cert) {
				return "", ""
			}
			return fmt.Sprintf("The certificate in Secret %q of listener %q expired on %s", r.key, r.Name, cert.NotAfter.UTC().Format(day)),
				"Clients refuse the connection."
		})
	}}
}
