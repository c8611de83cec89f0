package traffic

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// A question is a request, and an answer what is compared of the response: the status,
// some headers, and, where the backend has answered, what arrived there.
type question struct {
	method, url string
	headers     map[string]string
}

// fromApp is what a browser says on a page of another host.
func fromApp() map[string]string {
	return map[string]string{"Origin": "https://app.example.test", "Access-Control-Request-Method": "POST"}
}

type answer struct {
	Status  int
	Headers map[string]string
	Arrived *arrival
}

// arrival is what the echo server says of a request.
type arrival struct {
	Method  string            `json:"method"`
	Host    string            `json:"host"`
	Path    string            `json:"path"`
	Query   string            `json:"query"`
	Headers map[string]string `json:"headers"`
}

const echoService = `
---
apiVersion: v1
kind: Service
metadata: {name: echo}
spec: {ports: [{name: http, port: 80}]}
`

// echo starts a server that answers with what has arrived, and makes it a Service.
func echo(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(p.HostAddress(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := arrival{r.Method, r.Host, r.URL.Path, r.URL.RawQuery, map[string]string{}}
		for _, name := range []string{"X-Team", "X-Debug", "X-Kept", "X-Forwarded-Proto", "X-Forwarded-Host", "X-User"} {
			if value := r.Header.Get(name); value != "" {
				got.Headers[name] = value
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(got) //nolint:errchkjson // who asked sees what is missing
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })

	address, _ := listener.Addr().(*net.TCPAddr)
	port, ready, protocol := int32(address.Port), true, corev1.ProtocolTCP
	meta := metav1.ObjectMeta{Namespace: namespace, Name: "echo"}
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: "echo", Labels: map[string]string{discoveryv1.LabelServiceName: "echo"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{p.HostAddress()}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: &port, Protocol: &protocol}},
	}
	certificate, key := selfSigned(t, "app.example.test", "nginx.example.test")
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "migrated-tls"}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: certificate, corev1.TLSPrivateKeyKey: key},
	}
	if err := errors.Join(p.Client().Create(ctx, service), p.Client().Create(ctx, slice), p.Client().Create(ctx, secret)); err != nil {
		t.Fatal(err)
	}
}

func selfSigned(t *testing.T, hosts ...string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: hosts}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
}

// askAll asks until the first two questions are answered, which are those that show that
// the gateway has read everything, and then asks all of them.
func askAll(ctx context.Context, t *testing.T, p *plane.Plane, questions []question) []answer {
	t.Helper()
	err := p.Poll(ctx, "Traefik to answer", func(ctx context.Context) error {
		redirect, err := ask(ctx, p, questions[0])
		if err != nil {
			return err
		}
		arrived, err := ask(ctx, p, questions[1])
		if err != nil {
			return err
		}
		if redirect.Status == http.StatusNotFound || arrived.Arrived == nil {
			return fmt.Errorf("it answers %d and %d", redirect.Status, arrived.Status)
		}
		return hostsAreKnown(ctx, p, questions)
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []answer
	for _, q := range questions {
		got, err := ask(ctx, p, q)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, got)
	}
	return out
}

// hostsAreKnown returns an error as long as a host is not known: Traefik takes up what is
// applied in turns. The first question to each host is one that is answered.
func hostsAreKnown(ctx context.Context, p *plane.Plane, questions []question) error {
	seen := map[string]bool{}
	for _, q := range questions {
		host := strings.Split(q.url, "/")[2]
		if seen[host] {
			continue
		}
		seen[host] = true
		got, err := ask(ctx, p, q)
		if err != nil {
			return err
		}
		if got.Status == http.StatusNotFound {
			return fmt.Errorf("%q is not known", host)
		}
	}
	return nil
}

func ask(ctx context.Context, p *plane.Plane, q question) (answer, error) {
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			DialContext:       p.DialGateway,
		},
	}
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("X-Debug", "from the caller")
	r.Header.Set("X-Kept", "from the caller")
	for name, value := range q.headers {
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	out := answer{Status: response.StatusCode, Headers: map[string]string{}}
	for _, name := range []string{
		"Location", "X-Frame-Options", "WWW-Authenticate", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
		"Access-Control-Allow-Headers", "Access-Control-Allow-Credentials", "Access-Control-Max-Age",
	} {
		if value := response.Header.Get(name); value != "" {
			out.Headers[name] = value
		}
	}
	got := &arrival{}
	if json.Unmarshal(body, got) == nil && got.Method != "" {
		out.Arrived = got
	}
	maps.DeleteFunc(out.Headers, func(_, value string) bool { return value == "" })
	return out, nil
}
