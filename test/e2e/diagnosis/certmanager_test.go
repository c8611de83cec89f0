package diagnosis

import (
	"testing"

	"github.com/gatehouse-platform/gatehouse/test/e2e/certmanager"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestLiveCertManager is TestLive beside cert-manager, which issues what is missing, wrong
// or over. Clients verify what is shown to them then.
func TestLiveCertManager(t *testing.T) {
	t.Parallel()
	ctx, p, _ := suite.Start(t)
	if err := certmanager.Install(ctx, p); err != nil {
		t.Fatal(err)
	}
	b := newBackend(ctx, t, p)
	l := newLive(t, p)
	l.client = b.client(p)
	for name, s := range certManagerScenarios() {
		l.all = append(l.all, settle(t, name, s, ofCertManager(b)))
	}
	l.examine(ctx, t, func() {})
}

const (
	// letsencrypt is the issuer of the files.
	letsencrypt = "kind: ClusterIssuer\nmetadata: {name: letsencrypt}\nspec: {acme: {server: https://acme.example.com/directory, privateKeySecretRef: {name: account}}}"
	// issuer takes its place, with the key of the test's authority: one of the namespace, as
	// others would offer a ClusterIssuer, too.
	issuer = `kind: Issuer
metadata: {name: letsencrypt, namespace: infra}
spec: {ca: {secretName: authority}}
---
apiVersion: v1
kind: Secret
metadata: {name: authority, namespace: infra}
type: kubernetes.io/tls
`
)

// ofCertManager is ofTraefik with an issuer that works.
func ofCertManager(b backend) setup {
	s := ofTraefik(b)
	s.prefix = "cm-"
	s.replace = append(append(s.replace, ofClass("cm")...), letsencrypt, issuer, "kind: ClusterIssuer, name: lets-encrypt", "kind: Issuer, name: lets-encrypt")
	return s
}

// certManagerScenarios are those whose fix is to have cert-manager issue a certificate, or
// another one.
func certManagerScenarios() map[string]scenario {
	const certificates = `
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web-tls, namespace: infra}
spec: {secretName: web-tls, dnsNames: ["*.example.org"], issuerRef: {group: cert-manager.io, kind: Issuer, name: letsencrypt}}
`
	return map[string]scenario{
		"certificate-not-ready": {
			reason: "the name of the issuer is mistyped", more: web, replace: []string{"GATEWAY", "eg"}, ways: []string{overHTTPS},
		},
		"secret-missing": {
			reason: "the Secret that is named does not exist, and nothing fits", without: []string{"Secret/web-tls"},
			more: web, replace: []string{"GATEWAY", "eg"}, ways: []string{overHTTPS},
		},
		"secret-wrong-type": {
			reason: "what is in the Secret is no key", more: web, replace: []string{"GATEWAY", "eg"}, ways: []string{overHTTPS},
		},
		"certificate-expired": {
			reason: "the certificate of a Secret is over", more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.com", -1}}, ways: []string{overHTTPS},
		},
		"certificate-expiring": {
			reason: "the certificate of a Secret is nearly over", without: []string{"Secret/web-tls-2027"},
			more: web + "---\napiVersion: cert-manager.io/v1\n" + letsencrypt, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.com", soon}}, open: []string{overHTTPS},
		},
		"certificate-hostname": {
			reason: "the certificate of a Secret is for another name", more: web, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.org", month}}, ways: []string{overHTTPS},
		},
		"issued-hostname": {
			reason: "a Certificate does not ask for the hostname of its listener", of: "certificate-hostname",
			more: web + certificates, replace: []string{"GATEWAY", "eg"},
			certificates: map[string]certificate{"web-tls": {"*.example.org", month}}, ways: []string{overHTTPS},
		},
	}
}
