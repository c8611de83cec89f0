package traffic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/certmanager"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

const secureHost = "secure.example.test"

// secureValues are those of examples/gateway-api/https-cert-manager, for the gateway and
// the issuer of this plane.
const secureValues = `{
  gateway: {enabled: true, className: traefik, controller: traefik, clusterIssuer: authority, httpsRedirect: true,
    listeners: {http: {hostname: secure.example.test}, https: {enabled: true, hostname: secure.example.test}}},
  server: {externalURL: "https://secure.example.test"}}`

// authorityYAML is a certificate authority of the cluster's own: cert-manager makes it,
// and signs with it from then on.
const authorityYAML = `
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: itself}
spec: {selfSigned: {}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: authority, namespace: cert-manager}
spec: {isCA: true, commonName: authority, secretName: authority, issuerRef: {kind: ClusterIssuer, name: itself}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: authority}
spec: {ca: {secretName: authority}}
`

// TestHTTPS: cert-manager issues the certificate of the chart's listener, callers verify
// it, and what is open while it is renewed goes on.
func TestHTTPS(t *testing.T) {
	_, p, namespace := suite.Start(t)
	// The pods of cert-manager start as well, so it takes longer than others.
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	if err := certmanager.Install(ctx, p); err != nil {
		t.Fatal(err)
	}
	roots := authority(ctx, t, p)
	objects := install(ctx, t, p, namespace, secureValues)
	certificate := plane.Reference("cert-manager.io/v1", "Certificate", namespace, "mcp-mcp-server-tls")
	if err := p.WaitCondition(ctx, certificate, "Ready"); err != nil {
		t.Fatal(err)
	}

	events := make(chan event, 100)
	who := caller(ctx, t, p, objects, "https://"+secureHost)
	who.Address, who.Roots = p.GatewayAddress()+":443", roots
	who.Progress = func(token any, message string) { events <- event{token, message, time.Now()} }
	session := connect(ctx, t, p, who)
	checkVerified(ctx, t, who)
	checkRedirect(ctx, t, p)

	lonely(ctx, t, p, namespace, "later")
	begun := time.Now()
	done := waiting(ctx, session, namespace, "later", "over TLS")
	next(ctx, t, events, begun)
	first, err := served(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	renew(ctx, t, p, certificate)
	err = p.Poll(ctx, "the renewed certificate at the gateway", func(ctx context.Context) error {
		second, err := served(ctx, who)
		if err == nil && second.SerialNumber.Cmp(first.SerialNumber) == 0 {
			err = fmt.Errorf("it serves the one with serial %s, as before", first.SerialNumber)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		t.Fatalf("the stream ends with the renewal: %v", err)
	default:
	}
	next(ctx, t, events, touch(ctx, t, p, namespace, "later", "AfterRenewal"))
	program(ctx, t, p, namespace, "later")
	if err := <-done; err != nil {
		t.Errorf("the stream that was open during the renewal has no result: %v", err)
	}
	again := connect(ctx, t, p, who)
	if _, err := agent.Call(ctx, again, &mcp.CallToolParams{Name: "list_gateways", Arguments: map[string]any{"namespace": namespace}}); err != nil {
		t.Errorf("a call that verifies the new certificate fails: %v", err)
	}
}

// authority makes the cluster's authority and returns what verifies its certificates.
func authority(ctx context.Context, t *testing.T, p *plane.Plane) *x509.CertPool {
	t.Helper()
	if err := p.ApplyYAML(ctx, authorityYAML); err != nil {
		t.Fatal(err)
	}
	if err := p.WaitCondition(ctx, plane.Reference("cert-manager.io/v1", "ClusterIssuer", "", "authority"), "Ready"); err != nil {
		t.Fatal(err)
	}
	secret := plane.Reference("v1", "Secret", certmanager.Namespace, "authority")
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(secret), secret); err != nil {
		t.Fatal(err)
	}
	encoded, _, _ := unstructured.NestedString(secret.Object, "data", "tls.crt")
	pem, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("the authority has no certificate: %q", pem)
	}
	return roots
}

// checkVerified: who does not know the authority does not get through, so those who do
// have verified something.
func checkVerified(ctx context.Context, t *testing.T, who agent.Options) {
	t.Helper()
	other := who
	other.Roots = x509.NewCertPool()
	_, err := served(ctx, other)
	unknown := &tls.CertificateVerificationError{}
	if !errors.As(err, &unknown) {
		t.Errorf("who trusts nobody is told %v, want that the authority is unknown", err)
	}
	wrong := who
	wrong.URL = "https://another.example.test"
	if _, err := agent.Connect(ctx, wrong); err == nil || !strings.Contains(err.Error(), "another.example.test") {
		t.Errorf("a caller of another name is told %v, want that the certificate is not for it", err)
	}
}

// checkRedirect: HTTP leads to HTTPS and to nothing else.
func checkRedirect(ctx context.Context, t *testing.T, p *plane.Plane) {
	t.Helper()
	insecure := agent.Options{Address: p.GatewayAddress() + ":80"}.Client()
	insecure.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+secureHost+"/mcp", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := insecure.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	location, err := response.Location()
	if err != nil || location.Scheme != "https" || location.Hostname() != secureHost || location.Path != "/mcp" {
		t.Errorf("HTTP is answered with %s, location %v (%v); want a redirect to https://%s/mcp", response.Status, location, err, secureHost)
	}
}

// served is the verified certificate that the gateway gives a new connection.
func served(ctx context.Context, who agent.Options) (*x509.Certificate, error) {
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: who.Roots, ServerName: secureHost, MinVersion: tls.VersionTLS12}}
	connection, err := dialer.DialContext(ctx, "tcp", who.Address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	secure, ok := connection.(*tls.Conn)
	if !ok {
		return nil, fmt.Errorf("the connection is a %T", connection)
	}
	return secure.ConnectionState().PeerCertificates[0], nil
}

// renew does what `cmctl renew` does: it says that the certificate is being issued.
// https://cert-manager.io/docs/reference/cmctl/#renew
func renew(ctx context.Context, t *testing.T, p *plane.Plane, certificate *unstructured.Unstructured) {
	t.Helper()
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(certificate), certificate); err != nil {
		t.Fatal(err)
	}
	conditions, _, err := unstructured.NestedSlice(certificate.Object, "status", "conditions")
	if err != nil {
		t.Fatal(err)
	}
	issuing := condition("Issuing", "True", "ManuallyTriggered", certificate.GetGeneration())
	if err := unstructured.SetNestedSlice(certificate.Object, append(conditions, issuing), "status", "conditions"); err != nil {
		t.Fatal(err)
	}
	if err := p.Client().Status().Update(ctx, certificate); err != nil {
		t.Fatal(err)
	}
}
