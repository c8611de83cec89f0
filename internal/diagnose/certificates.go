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

func (x *scene) certificates(judge func(secretRef, *x509.Certificate) (problem, why string)) []Finding {
	var out []Finding
	for _, r := range x.secretRefs {
		cert := leaf(r.secret)
		if cert == nil {
			continue
		}
		if problem, why := judge(r, cert); problem != "" {
			out = append(out, Finding{Object: r.owner, Field: r.field(r.path() + ".name"), Problem: problem + ".", Why: why, Fix: x.fixCertificate(r, cert)})
		}
	}
	return out
}

// issuedBy is the Certificate by which cert-manager writes a Secret; nil if there is none.
func (x *scene) issuedBy(secret topology.Key) *unstructured.Unstructured {
	for _, c := range x.Objects.Other("Certificate") {
		if c.GetNamespace() == secret.Namespace && digText(c, "spec", "secretName") == secret.Name {
			return c
		}
	}
	return nil
}

func asks(c *unstructured.Unstructured, hostname string) bool {
	names, _ := dig(c, "spec", "dnsNames").([]any)
	return slices.Contains(names, any(hostname))
}

// fixCertificate mends what is in a Secret: where cert-manager writes it, by what it is told.
func (x *scene) fixCertificate(r secretRef, cert *x509.Certificate) Fix {
	c := x.issuedBy(r.key)
	if c == nil {
		return x.fixSecret(r, r.key.Name+"-renewed")
	}
	o := objectOfU(c)
	if !covered(cert, deref(r.Hostname)) && !asks(c, deref(r.Hostname)) {
		names, _ := dig(c, "spec", "dnsNames").([]any)
		return do(fmt.Sprintf("Let %s ask for the hostname, too.", o),
			merge(o, map[string]any{"spec": map[string]any{"dnsNames": append(slices.Clone(names), deref(r.Hostname))}}))
	}
	return byHand(fmt.Sprintf("See why %s is not renewed: cmctl status certificate %s -n %s; cmctl renew does it now.", o, o.Name, o.Namespace))
}
