package plane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity covers every run; backdate allows for clocks set back meanwhile.
const (
	validity = 24 * time.Hour
	backdate = time.Hour
)

// authority is a certificate authority that lives as long as one plane.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// pair is a certificate with its private key, both in PEM.
type pair struct {
	cert, key []byte
}

// newAuthority makes a certificate authority of its own key.
func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cannot make the key of authority %q: %w", name, err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-backdate),
		NotAfter:              time.Now().Add(validity),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("cannot sign authority %q: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("cannot read back authority %q: %w", name, err)
	}
	return &authority{cert: cert, key: key, pem: pemBlock("CERTIFICATE", der)}, nil
}

// identity says whom a certificate names: its subject, and the host names and
// IP addresses at which it serves. A client has no hosts.
type identity struct {
	name   string
	groups []string
	hosts  []string
}

// issue signs a certificate for serving and for client authentication alike.
func (a *authority) issue(who identity) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cannot make the key of %q: %w", who.name, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("cannot draw a serial number for %q: %w", who.name, err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: who.name, Organization: who.groups},
		NotBefore:             time.Now().Add(-backdate),
		NotAfter:              time.Now().Add(validity),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range who.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("cannot sign the certificate of %q: %w", who.name, err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the key of %q: %w", who.name, err)
	}
	return &pair{cert: pemBlock("CERTIFICATE", der), key: keyPEM}, nil
}

// keyPair is the authority's own certificate and key.
func (a *authority) keyPair() (*pair, error) {
	key, err := encodeKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the key of authority %q: %w", a.cert.Subject.CommonName, err)
	}
	return &pair{cert: a.pem, key: key}, nil
}

// pool trusts this authority and nothing else.
func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// write puts the pair into dir as tls.crt and tls.key, with the authority that
// signed it as ca.crt: the layout that Crossplane and its functions read.
func (k *pair) write(dir string, ca *authority) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the certificate folder %q: %w", dir, err)
	}
	for name, data := range map[string][]byte{"tls.crt": k.cert, "tls.key": k.key, "ca.crt": ca.pem} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return fmt.Errorf("cannot write %q: %w", filepath.Join(dir, name), err)
		}
	}
	return nil
}

// tlsCertificate is the pair as crypto/tls wants it.
func (k *pair) tlsCertificate() (tls.Certificate, error) {
	return tls.X509KeyPair(k.cert, k.key)
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pemBlock("EC PRIVATE KEY", der), nil
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
