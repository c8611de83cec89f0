package traffic

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// as is a caller with a password.
func as(name, password string) map[string]string {
	return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))}
}

func withCookie(value string) map[string]string {
	return map[string]string{"Cookie": "session=" + value, "X-User": "somebody", "X-Original-Url": "http://asked.example.test/open"}
}

// passwords and asks are asked of every source: nobody, somebody with the wrong word, and
// who may. The first question of each host is one that is answered.
func passwords() []question {
	return []question{
		{"GET", "http://users.example.test/", nil},
		{"GET", "http://users.example.test/", as("ann", "secret")},
		{"GET", "http://users.example.test/", as("ann", "guess")},
		{"GET", "http://users.example.test/", as("#old", "secret")},
		{"POST", "http://users.example.test/below", as("ann", "secret")},
	}
}

func asks() []question {
	return []question{
		{"GET", "http://asked.example.test/", nil},
		{"GET", "http://asked.example.test/", withCookie("ann")},
		{"GET", "http://asked.example.test/", withCookie("eve")},
		{"POST", "http://asked.example.test/below?x=1", withCookie("ann")},
	}
}

// TestMigratedAccess asks as TestMigrated does, as callers who may and who may not.
func TestMigratedAccess(t *testing.T) {
	addresses := []question{
		{"GET", "http://inside.example.test/", nil},
		{"GET", "http://outside.example.test/", nil},
		{"GET", "http://paths.example.test/", nil},
		{"GET", "http://paths.example.test/admin", nil},
		{"GET", "http://paths.example.test/administrator", nil},
		{"GET", "http://paths.example.test/administrator", as("ann", "secret")},
	}
	cases := map[string]struct {
		reason, source string
		// lost is how much the report says is lost: what has to be looked at, here.
		lost      int
		questions []question
	}{
		"Traefik": {
			reason: "Traefik's own Ingress: the route refers to the same Middlewares.",
			source: traefikAccess, questions: append(passwords(), append(asks(), addresses...)...),
		},
		"IngressNginx": {
			reason: "Annotations of ingress-nginx, which Traefik also reads, become Middlewares.",
			source: nginxAccess, lost: 2, questions: append(passwords(), asks()...),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, p, namespace := suite.Start(t)
			echo(ctx, t, p, namespace)
			server := authServer(ctx, t, p)
			// Traefik forgets in turns, too: no case has the hosts of another.
			domain := "." + strings.ToLower(name) + ".test"
			source := strings.NewReplacer("NAMESPACE", namespace, "ASKED", server.address, "HOST", p.HostAddress(), ".example.test", domain).Replace(tc.source)
			for i := range tc.questions {
				tc.questions[i].url = strings.Replace(tc.questions[i].url, ".example.test", domain, 1)
			}
			if err := p.ApplyYAML(ctx, source); err != nil {
				t.Fatal(err)
			}
			before := askAll(ctx, t, p, tc.questions)

			result := migrated(t, source, "traefik", tc.lost)
			remove(ctx, t, p, namespace, tc.questions[0])
			serve(ctx, t, p, result)
			server.forget()
			after := askAll(ctx, t, p, tc.questions)
			for i, q := range tc.questions {
				if diff := cmp.Diff(before[i], after[i]); diff != "" {
					t.Errorf("\n%s\n%s %s %v: -Ingress, +Gateway:\n%s", tc.reason, q.method, q.url, q.headers, diff)
				}
			}
			want := []int{http.StatusUnauthorized, http.StatusOK, http.StatusUnauthorized, http.StatusUnauthorized, http.StatusOK, http.StatusUnauthorized, http.StatusOK, http.StatusForbidden, http.StatusOK}
			for i, status := range want {
				if after[i].Status != status {
					t.Errorf("%s %v: want %d, got %d", tc.questions[i].url, tc.questions[i].headers, status, after[i].Status)
				}
			}
			if told := server.told(); name == "IngressNginx" && (told == 0 || server.spoofed() > 0) {
				t.Errorf("the server was asked %d times, and %d times by who says himself what is asked for", told, server.spoofed())
			}
		})
	}
}

// TestMigratedLimits asks what has come of annotations that Traefik does not read at an
// Ingress: who is not let in is not, and who calls too often is told so.
func TestMigratedLimits(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	echo(ctx, t, p, namespace)
	source := strings.NewReplacer("NAMESPACE", namespace, "HOST", p.HostAddress(), ".example.test", ".limits.test").Replace(nginxLimits)
	serve(ctx, t, p, migrated(t, source, "traefik", 0))
	inside := question{"GET", "http://inside.limits.test/", nil}
	askAll(ctx, t, p, []question{inside, inside, {"GET", "http://outside.limits.test/", nil}})
	statusOf := func(url string) int {
		got, err := ask(ctx, p, question{"GET", url, nil})
		if err != nil {
			t.Fatal(err)
		}
		return got.Status
	}
	if got := statusOf("http://outside.limits.test/"); got != http.StatusForbidden {
		t.Errorf("who is not among those who are let in gets %d", got)
	}
	// One a minute, and two more at once: the third has used up what there is.
	var got []int
	err := p.Poll(ctx, "the limited host", func(context.Context) error {
		if status := statusOf("http://limited.limits.test/"); status != http.StatusNotFound {
			got = append(got, status)
			return nil
		}
		return errors.New("it is not known")
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		got = append(got, statusOf("http://limited.limits.test/"))
	}
	if diff := cmp.Diff([]int{200, 200, 200, 429, 429}, got); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
}

// asking is a server that is asked whether a request may pass.
type asking struct {
	address string

	mu           sync.Mutex
	asked, spoof int
}

func (a *asking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.asked++
	if r.Header.Get("X-Original-Url") != "" {
		a.spoof++
	}
	a.mu.Unlock()
	cookie, err := r.Cookie("session")
	switch {
	case err != nil:
		w.Header().Set("WWW-Authenticate", "Session")
		w.WriteHeader(http.StatusUnauthorized)
	case cookie.Value != "ann":
		w.WriteHeader(http.StatusForbidden)
	default:
		w.Header().Set("X-User", cookie.Value)
		w.WriteHeader(http.StatusAccepted)
	}
}

func (a *asking) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked, a.spoof = 0, 0
}

func (a *asking) told() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

func (a *asking) spoofed() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.spoof
}

func authServer(ctx context.Context, t *testing.T, p *plane.Plane) *asking {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(p.HostAddress(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	a := &asking{address: listener.Addr().String()}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: a}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return a
}

// The password of ann is "secret". It stands before the Ingresses: as long as it is not
// there Traefik asks nobody for one.
const users = `
apiVersion: v1
kind: Secret
metadata: {name: users, namespace: NAMESPACE}
stringData: {auth: "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="}
---
`

const traefikAccess = users + `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: users
  namespace: NAMESPACE
  annotations: {traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-users@kubernetescrd}
spec:
  ingressClassName: traefik
  rules:
    - host: users.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: asked
  namespace: NAMESPACE
  annotations: {traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-asked@kubernetescrd}
spec:
  ingressClassName: traefik
  rules:
    - host: asked.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: inside
  namespace: NAMESPACE
  annotations: {traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-inside@kubernetescrd}
spec:
  ingressClassName: traefik
  rules:
    - host: inside.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: outside
  namespace: NAMESPACE
  annotations: {traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-outside@kubernetescrd}
spec:
  ingressClassName: traefik
  rules:
    - host: outside.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: paths, namespace: NAMESPACE}
spec:
  ingressClassName: traefik
  rules:
    - host: paths.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: paths-admin
  namespace: NAMESPACE
  annotations: {traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-users@kubernetescrd}
spec:
  ingressClassName: traefik
  rules:
    - host: paths.example.test
      http: {paths: [{path: /admin, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: users, namespace: NAMESPACE}
spec: {basicAuth: {secret: users, realm: shop}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: asked, namespace: NAMESPACE}
spec: {forwardAuth: {address: 'http://ASKED/check', authResponseHeaders: [X-User]}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: inside, namespace: NAMESPACE}
spec: {ipAllowList: {sourceRange: [HOST/32]}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: outside, namespace: NAMESPACE}
spec: {ipAllowList: {sourceRange: [192.0.2.0/24]}}
`

const nginxAccess = users + `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: users
  namespace: NAMESPACE
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: users
    nginx.ingress.kubernetes.io/auth-realm: shop
spec:
  ingressClassName: nginx
  rules:
    - host: users.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: asked
  namespace: NAMESPACE
  annotations:
    nginx.ingress.kubernetes.io/auth-url: http://ASKED/check
    nginx.ingress.kubernetes.io/auth-response-headers: X-User
spec:
  ingressClassName: nginx
  rules:
    - host: asked.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
`

const nginxLimits = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: inside
  namespace: NAMESPACE
  annotations: {nginx.ingress.kubernetes.io/whitelist-source-range: HOST}
spec:
  ingressClassName: nginx
  rules:
    - host: inside.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: outside
  namespace: NAMESPACE
  annotations: {nginx.ingress.kubernetes.io/whitelist-source-range: 192.0.2.0/24}
spec:
  ingressClassName: nginx
  rules:
    - host: outside.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: limited
  namespace: NAMESPACE
  annotations:
    nginx.ingress.kubernetes.io/limit-rpm: "1"
    nginx.ingress.kubernetes.io/limit-burst-multiplier: "2"
spec:
  ingressClassName: nginx
  rules:
    - host: limited.example.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
`
