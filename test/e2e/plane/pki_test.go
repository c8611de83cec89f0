package plane

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
)

func TestIssue(t *testing.T) {
	ours, err := newAuthority("ours")
	if err != nil {
		t.Fatal(err)
	}
	other, err := newAuthority("other")
	if err != nil {
		t.Fatal(err)
	}
	issued, err := ours.issue(identity{name: "server", groups: []string{"group"}, hosts: []string{"127.0.0.1", "localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(issued.cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason string
		roots  *x509.CertPool
		host   string
		fails  bool
	}{
		"Address":        {reason: "it serves at its IP address", roots: ours.pool(), host: "127.0.0.1"},
		"Name":           {reason: "it serves at its host name", roots: ours.pool(), host: "localhost"},
		"OtherHost":      {reason: "it serves nowhere else", roots: ours.pool(), host: "example.org", fails: true},
		"OtherAuthority": {reason: "only its own authority vouches for it", roots: other.pool(), host: "localhost", fails: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := cert.Verify(x509.VerifyOptions{Roots: tc.roots, DNSName: tc.host})
			if (err != nil) != tc.fails {
				t.Errorf("%s: error %v, want one: %t", tc.reason, err, tc.fails)
			}
		})
	}
	if cert.Subject.CommonName != "server" || len(cert.Subject.Organization) != 1 || cert.Subject.Organization[0] != "group" {
		t.Errorf("the certificate names %v, want server of group", cert.Subject)
	}
}
