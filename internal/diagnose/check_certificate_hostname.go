package diagnose

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func certificateHostname() Check {
	return Check{"certificate-hostname", "a listener with a certificate for other hostnames", Error, func(x *scene) []Finding {
		return x.certificates(func(r secretRef, cert *x509.Certificate) (problem, why string) {
			if covered(cert, deref(r.Hostname)) || x.coveredByAnother(r) || x.onItsWay(r) {
				return "", ""
			}
			names := "no hostname"
			if len(cert.DNSNames) > 0 {
				names = list(cert.DNSNames)
			}
			return fmt.Sprintf("The certificate in Secret %q is for %s, listener %q answers to %q", r.key, names, r.Name, deref(r.Hostname)),
				"Clients refuse the connection: the name is not the one they asked for."
		})
	}}
}

// coveredByAnother says that another certificate of the same listener has the hostname.
func (x *scene) coveredByAnother(r secretRef) bool {
	return slices.ContainsFunc(x.secretRefs, func(o secretRef) bool {
		cert := leaf(o.secret)
		return o.owner == r.owner && o.index == r.index && o.at != r.at && cert != nil && covered(cert, deref(r.Hostname))
	})
}

// onItsWay says that cert-manager has been told to issue for the hostname, and has not said
// that it did.
func (x *scene) onItsWay(r secretRef) bool {
	c := x.issuedBy(r.key)
	return c != nil && asks(c, deref(r.Hostname)) && topology.ConditionOf(conditionsOf(c), "Ready", c.GetGeneration()).State != topology.True
}
