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

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/migrate"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// A question is a request, and an answer what is compared of the response: the status,
// some headers, and, where the backend has answered, what arrived there.
type question struct{ method, url, origin string }

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

// TestMigrated asks an Ingress, migrates it, takes it away, and asks the Gateway that has
// come of it the same questions: all answers are the same.
func TestMigrated(t *testing.T) {
	cases := map[string]struct {
		reason, source, controller string
		// lost is how much the report says is lost; what is asked is not among it.
		lost      int
		questions []question
	}{
		"Middlewares": {
			reason: "Traefik's own Ingress, by filters of the standard.", source: traefikSource, questions: traefikQuestions,
		},
		"MiddlewaresOfTraefik": {
			reason: "The same, where the route refers to the Middlewares.", source: traefikSource, controller: "traefik", questions: traefikQuestions,
		},
		"IngressNginx": {
			reason: "Annotations of ingress-nginx, which Traefik also reads: the default redirect, expressions, CORS.",
			source: nginxSource, controller: "traefik", lost: 1,
			questions: []question{
				{"GET", "http://nginx.example.test/api/things?x=1", ""},
				{"GET", "https://nginx.example.test/api/things?x=1", ""},
				{"GET", "https://nginx.example.test/item/42", ""},
				{"GET", "https://nginx.example.test/item/none", ""},
				{"OPTIONS", "https://nginx.example.test/api/things", "https://app.example.test"},
				{"GET", "https://nginx.example.test/api/things", "https://app.example.test"},
				{"GET", "http://nginx-plain.example.test/exactly", ""},
				{"GET", "http://nginx-plain.example.test/exactly/not", ""},
				{"POST", "http://nginx-plain.example.test/prefix/below", ""},
				{"GET", "http://nginx-plain.example.test/prefixes", ""},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, p, namespace := suite.Start(t)
			echo(ctx, t, p, namespace)
			source := strings.ReplaceAll(tc.source, "NAMESPACE", namespace)
			if err := p.ApplyYAML(ctx, source); err != nil {
				t.Fatal(err)
			}
			before := askAll(ctx, t, p, tc.questions)

			result := migrated(t, source, tc.controller, tc.lost)
			remove(ctx, t, p, namespace, tc.questions[0])
			serve(ctx, t, p, result)
			after := askAll(ctx, t, p, tc.questions)
			for i, q := range tc.questions {
				if diff := cmp.Diff(known(before[i]), after[i]); diff != "" {
					t.Errorf("\n%s\n%s %s: -Ingress, +Gateway:\n%s", tc.reason, q.method, q.url, diff)
				}
			}
			if before[0].Status == http.StatusNotFound || before[1].Arrived == nil {
				t.Errorf("the Ingress answers nothing: the test shows nothing: %+v", before)
			}
		})
	}
}

// serve applies the result, and takes it away when the test ends: the next one has the
// same hosts. The plane's Gateway API is 1.4, which knows 301 and 302 only.
func serve(ctx context.Context, t *testing.T, p *plane.Plane, result *migrate.Result) {
	t.Helper()
	for _, u := range result.Objects {
		rules, _, _ := unstructured.NestedSlice(u.Object, "spec", "rules")
		for _, rule := range rules {
			filters, _, _ := unstructured.NestedSlice(rule.(map[string]any), "filters")
			for _, f := range filters {
				if redirect, ok := f.(map[string]any)["requestRedirect"].(map[string]any); ok && redirect["statusCode"] == int64(http.StatusPermanentRedirect) {
					redirect["statusCode"] = int64(http.StatusMovedPermanently)
					rule.(map[string]any)["filters"] = filters
					if err := unstructured.SetNestedSlice(u.Object, rules, "spec", "rules"); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if err := p.Apply(ctx, result.Objects...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range result.Objects {
			if err := p.Client().Delete(context.WithoutCancel(ctx), u); err != nil {
				t.Error(err)
			}
		}
	})
}

// known is an answer as Gateway API 1.4 can give it: see serve.
func known(a answer) answer {
	if a.Status == http.StatusPermanentRedirect {
		a.Status = http.StatusMovedPermanently
	}
	return a
}

// traefikQuestions begin with the redirect from HTTP. They do not ask for /older, which
// Traefik takes for a path below /old at an Ingress and not at a route: the report says so.
var traefikQuestions = []question{
	{"GET", "http://app.example.test/old/page?x=1", ""},
	{"GET", "https://app.example.test/old/page?x=1", ""},
	{"GET", "https://app.example.test/old", ""},
	{"POST", "https://app.example.test/old/deep/er", ""},
	{"GET", "https://app.example.test/", ""},
}

const traefikSource = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app
  namespace: NAMESPACE
  annotations:
    traefik.ingress.kubernetes.io/router.entrypoints: websecure
    traefik.ingress.kubernetes.io/router.tls: "true"
    traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-strip@kubernetescrd,NAMESPACE-headers@kubernetescrd
spec:
  ingressClassName: traefik
  tls: [{hosts: [app.example.test], secretName: migrated-tls}]
  rules:
    - host: app.example.test
      http: {paths: [{path: /old, pathType: Prefix, backend: {service: {name: echo, port: {name: http}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app-http
  namespace: NAMESPACE
  annotations:
    traefik.ingress.kubernetes.io/router.entrypoints: web
    traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-https@kubernetescrd
spec:
  ingressClassName: traefik
  rules:
    - host: app.example.test
      http: {paths: [{path: /old, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip, namespace: NAMESPACE}
spec: {stripPrefix: {prefixes: [/old]}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: headers, namespace: NAMESPACE}
spec: {headers: {customRequestHeaders: {X-Team: shop, X-Debug: ""}, customResponseHeaders: {X-Frame-Options: DENY}}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: https, namespace: NAMESPACE}
spec: {redirectScheme: {scheme: https, permanent: true}}
`

const nginxSource = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: nginx
  namespace: NAMESPACE
  annotations:
    nginx.ingress.kubernetes.io/use-regex: "true"
    nginx.ingress.kubernetes.io/enable-cors: "true"
    nginx.ingress.kubernetes.io/cors-allow-origin: https://app.example.test
    nginx.ingress.kubernetes.io/cors-allow-methods: GET, POST
    nginx.ingress.kubernetes.io/cors-allow-headers: X-Token
    nginx.ingress.kubernetes.io/cors-max-age: "600"
    nginx.ingress.kubernetes.io/limit-rps: "100"
spec:
  ingressClassName: nginx
  tls: [{hosts: [nginx.example.test], secretName: migrated-tls}]
  rules:
    - host: nginx.example.test
      http:
        paths:
          - {path: '/api/.*', pathType: ImplementationSpecific, backend: {service: {name: echo, port: {number: 80}}}}
          - {path: '/item/[0-9]+', pathType: ImplementationSpecific, backend: {service: {name: echo, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: plain, namespace: NAMESPACE}
spec:
  ingressClassName: nginx
  rules:
    - host: nginx-plain.example.test
      http:
        paths:
          - {path: /exactly, pathType: Exact, backend: {service: {name: echo, port: {number: 80}}}}
          - {path: /prefix, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}
`

// migrated is what comes of a source; the report says as much as is expected.
func migrated(t *testing.T, source, controller string, lost int) *migrate.Result {
	t.Helper()
	objects, err := plane.ParseObjects([]byte(source + echoService))
	if err != nil {
		t.Fatal(err)
	}
	var fields []map[string]any
	for _, o := range objects {
		if o.GetNamespace() == "" {
			o.SetNamespace(objects[0].GetNamespace())
		}
		fields = append(fields, o.Object)
	}
	in, err := migrate.Read(fields)
	if err != nil {
		t.Fatal(err)
	}
	result, err := migrate.Run(in, migrate.Options{Controller: controller, GatewayClass: plane.GatewayClass})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := result.Report.Text(&text); err != nil {
		t.Fatal(err)
	}
	if controller != "traefik" && !strings.Contains(text.String(), "/oldx was matched too") {
		t.Errorf("the report does not say what Traefik's prefixes match:\n%s", text.String())
	}
	if result.Report.Summary.Lost != lost {
		t.Errorf("want %d settings lost, the report says:\n%s", lost, text.String())
	}
	return result
}

// remove takes the Ingresses away, and waits until nobody answers for them.
func remove(ctx context.Context, t *testing.T, p *plane.Plane, namespace string, q question) {
	t.Helper()
	for _, name := range []string{"app", "app-http", "nginx", "plain"} {
		ingress := plane.Reference("networking.k8s.io/v1", "Ingress", namespace, name)
		if err := p.Client().Delete(ctx, ingress); err != nil && !strings.Contains(err.Error(), "not found") {
			t.Fatal(err)
		}
	}
	err := p.Poll(ctx, "Traefik to forget the Ingress", func(ctx context.Context) error {
		got, err := ask(ctx, p, q)
		if err == nil && got.Status != http.StatusNotFound {
			return fmt.Errorf("it still answers %d", got.Status)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
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
		for _, name := range []string{"X-Team", "X-Debug", "X-Kept", "X-Forwarded-Proto", "X-Forwarded-Host"} {
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
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(p.GatewayAddress(), port))
			},
		},
	}
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("X-Debug", "from the caller")
	r.Header.Set("X-Kept", "from the caller")
	if q.origin != "" {
		r.Header.Set("Origin", q.origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
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
		"Location", "X-Frame-Options", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
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
