package diagnose

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// leaf is the first certificate of a Secret, which the listener shows; nil if it cannot
// be read.
func leaf(s *topology.Secret) *x509.Certificate {
	if s == nil {
		return nil
	}
	block, _ := pem.Decode(s.Certificate)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return cert
}

// serves says that a Secret holds a certificate that is good now, for a hostname.
func (x *scene) serves(s *topology.Secret, hostname string) bool {
	cert := leaf(s)
	return s.Type == string(corev1.SecretTypeTLS) && cert != nil && !x.expired(cert) && !x.expiring(cert) && covered(cert, hostname)
}

func (x *scene) expired(cert *x509.Certificate) bool {
	return !x.options.Now.IsZero() && x.options.Now.After(cert.NotAfter)
}

// expiring says that a certificate ends within two weeks and has used up four fifths of
// its life. cert-manager renews after two thirds, so a certificate that it renews is never
// here: https://cert-manager.io/docs/usage/certificate/#renewal
func (x *scene) expiring(cert *x509.Certificate) bool {
	if x.options.Now.IsZero() {
		return false
	}
	left, life := cert.NotAfter.Sub(x.options.Now.Time), cert.NotAfter.Sub(cert.NotBefore)
	return left > 0 && left.Hours() < 14*24 && left < life/5
}

// covered says that a certificate is good for a hostname of a listener; for an empty one
// every certificate is. A wildcard is covered by the same one.
func covered(cert *x509.Certificate, hostname string) bool {
	if hostname == "" {
		return true
	}
	// A name below a wildcard is covered by exactly the certificates that cover all of it.
	return cert.VerifyHostname(strings.Replace(hostname, "*", "any-name-below", 1)) == nil
}

const day = "2 January 2006"

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

func certificateHostname() Check {
	return Check{"certificate-hostname", "a listener with a certificate for other hostnames", Error, func(x *scene) []Finding {
		return x.certificates(func(r secretRef, cert *x509.Certificate) (problem, why string) {
			if covered(cert, deref(r.Hostname)) || x.coveredByAnother(r) {
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

func (x *scene) certificates(judge func(secretRef, *x509.Certificate) (problem, why string)) []Finding {
	var out []Finding
	for _, r := range x.secretRefs {
		cert := leaf(r.secret)
		if cert == nil {
			continue
		}
		if problem, why := judge(r, cert); problem != "" {
			out = append(out, Finding{Object: r.owner, Field: r.field(r.path() + ".name"), Problem: problem + ".", Why: why, Fix: x.fixSecret(r, r.key.Name+"-renewed")})
		}
	}
	return out
}

// A Certificate of cert-manager for a listener, which is not issued.
func certificateNotReady() Check {
	return Check{"certificate-not-ready", "a certificate of a listener that cert-manager has not issued", Warning, func(x *scene) []Finding {
		wanted := map[topology.Key]bool{}
		for _, r := range x.secretRefs {
			wanted[r.key] = true
		}
		var out []Finding
		for _, c := range x.Objects.Other("Certificate") {
			key := topology.Key{Namespace: c.GetNamespace(), Name: digText(c, "spec", "secretName")}
			told := topology.ConditionOf(conditionsOf(c), "Ready", c.GetGeneration())
			if !wanted[key] || told.State != topology.False {
				continue
			}
			f := Finding{
				Object:  objectOfU(c),
				Problem: saying(fmt.Sprintf("cert-manager has not issued the certificate for Secret %q", key), told) + ".",
				Why:     "The listener that names the Secret shows the old certificate, or none.",
				Fix:     byHand(fmt.Sprintf("See what holds it up: cmctl status certificate %s -n %s.", c.GetName(), c.GetNamespace())),
			}
			if x.Objects.Secrets.Get(key.Namespace, key.Name) == nil && x.Sees("Secret", key.Namespace) {
				f.Severity = Error
			}
			x.explainIssuer(c, &f)
			out = append(out, f)
		}
		return out
	}}
}

// explainIssuer says that the issuer does not exist, if so.
func (x *scene) explainIssuer(c *unstructured.Unstructured, f *Finding) {
	kind, name := digText(c, "spec", "issuerRef", "kind"), digText(c, "spec", "issuerRef", "name")
	if kind == "" {
		kind = "Issuer"
	}
	namespace := c.GetNamespace()
	if kind == "ClusterIssuer" {
		namespace = ""
	}
	exists := slices.ContainsFunc(x.Objects.Other(kind), func(i *unstructured.Unstructured) bool { return i.GetName() == name && i.GetNamespace() == namespace })
	if exists || kind != "Issuer" && kind != "ClusterIssuer" || !x.Sees(kind, namespace) && x.OfFiles() && x.issuer(c.GetNamespace()) == nil {
		return
	}
	f.Field = "spec.issuerRef"
	f.Problem += fmt.Sprintf(" %s %q does not exist.", kind, name)
	if to := x.issuer(c.GetNamespace()); to != nil {
		f.Fix = do(fmt.Sprintf("Use %s %q.", text(to["kind"]), text(to["name"])), merge(f.Object, map[string]any{"spec": map[string]any{"issuerRef": to}}))
	}
}
