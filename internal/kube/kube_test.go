package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func kubeconfig(t *testing.T, server string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c,
  clusters: [{name: c, cluster: {server: %q}}], contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {}}]}`, server)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConnect(t *testing.T) {
	s := serve(t, gateways)
	s.put(gateways, "a", "g", nil)
	file := kubeconfig(t, s.URL)
	c, err := Connect(Config{Kubeconfig: file, UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if n := s.asked(""); n != 0 {
		t.Errorf("want connecting to ask nothing, got %d requests", n)
	}
	if _, err := c.Get(t.Context(), gateways.GroupVersionKind, "a", "g"); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), gateways.GroupVersionKind, "a", "h"); !apierrors.IsNotFound(err) {
		t.Errorf("want an object that does not exist to be told, got %v", err)
	}
}

func TestConnectRefuses(t *testing.T) {
	file := kubeconfig(t, "https://localhost")
	cases := map[string]struct {
		reason string
		config Config
		env    string
		want   string
		none   bool
	}{
		"Nothing":      {"Neither a file nor a pod", Config{}, "/nowhere", "service account of a pod", true},
		"NoFile":       {"A file that was asked for has to be there", Config{Kubeconfig: "/nowhere/config"}, "", `"/nowhere/config"`, false},
		"NoContext":    {"A context that was asked for has to be there", Config{Kubeconfig: file, Context: "prod"}, "", `"prod"`, false},
		"Empty":        {"An empty file is no configuration", Config{Kubeconfig: os.DevNull}, "", os.DevNull, true},
		"ContextAlone": {"A context of no file", Config{Context: "prod"}, "/nowhere", `"prod"`, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", tc.env)
			t.Setenv("HOME", t.TempDir())
			t.Setenv("KUBERNETES_SERVICE_HOST", "")
			_, err := Connect(tc.config)
			if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, ErrNoConfig) != tc.none {
				t.Errorf("%s: want an error with %q (ErrNoConfig %t), got %v", tc.reason, tc.want, tc.none, err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	s := serve(t, gateways)
	c := s.client(t, Config{Timeout: 2 * time.Second})
	s.Close()
	_, err := c.Get(t.Context(), gateways.GroupVersionKind, "a", "g")
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), s.URL) {
		t.Errorf("want ErrUnreachable with the address, got %v", err)
	}
	if _, err := topology.Load(t.Context(), c.Reader(), topology.Options{}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("want a snapshot to say it too, got %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Get(ended, gateways.GroupVersionKind, "a", "g"); errors.Is(err, ErrUnreachable) {
		t.Errorf("want the end of the caller not to be taken for that, got %v", err)
	}
}

func TestTimeout(t *testing.T) {
	s := serve(t, gateways)
	c := s.client(t, Config{Timeout: 200 * time.Millisecond})
	if _, err := c.resource(t.Context(), gateways.GroupVersionKind, "a"); err != nil {
		t.Fatal(err)
	}
	stuck := make(chan struct{})
	s.patch = func(http.ResponseWriter, *http.Request) { <-stuck }
	defer close(stuck)
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(gateways.GroupVersionKind)
	obj.SetName("g")
	if _, err := c.Apply(context.Background(), obj, ApplyOptions{Owner: "test"}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("want a call to end by itself, got %v", err)
	}
}

func TestApply(t *testing.T) {
	clusters := servedKind{schema.GroupVersionKind{Group: "devopstoolkit.ai", Version: "v2", Kind: "Cluster"}, "clusters", false}
	s := serve(t, clusters)
	var asked []string
	s.patch = func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String()+" "+r.Header.Get("Content-Type"))
		if strings.Contains(string(body(r)), "taken") {
			fail(w, apierrors.NewConflict(schema.GroupResource{Resource: "clusters"}, "c", errors.New("somebody owns it")))
			return
		}
		reply(w, map[string]any{"apiVersion": "devopstoolkit.ai/v2", "kind": "Cluster", "metadata": map[string]any{"name": "c", "resourceVersion": "7"}})
	}
	c := s.client(t, Config{})
	obj := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"a": "b"}}}
	obj.SetGroupVersionKind(clusters.GroupVersionKind)
	obj.SetNamespace("a")
	obj.SetName("c")
	for _, o := range []ApplyOptions{{Owner: "test", DryRun: true}, {Owner: "test", Force: true}} {
		got, err := c.Apply(t.Context(), obj, o)
		if err != nil {
			t.Fatal(err)
		}
		if got.GetResourceVersion() != "7" {
			t.Errorf("want what it becomes, got %v", got)
		}
	}
	const url = "/apis/devopstoolkit.ai/v2/namespaces/a/clusters/c?"
	want := []string{
		url + "dryRun=All&fieldManager=test&fieldValidation=Strict&force=false application/apply-patch+yaml",
		url + "fieldManager=test&fieldValidation=Strict&force=true application/apply-patch+yaml",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	obj.Object["spec"] = "taken"
	if _, err := c.Apply(t.Context(), obj, ApplyOptions{Owner: "test"}); !apierrors.IsConflict(err) {
		t.Errorf("want a conflict to be told, got %v", err)
	}
}

func TestReview(t *testing.T) {
	user := authenticationv1.UserInfo{Username: "jane", UID: "1", Groups: []string{"dev"}, Extra: map[string]authenticationv1.ExtraValue{"k": {"v"}}}
	cases := map[string]struct {
		reason    string
		audiences []string
		token     authenticationv1.TokenReviewStatus
		access    authorizationv1.SubjectAccessReviewStatus
		user      string
		allowed   bool
		err       string
	}{
		"Allowed": {
			"Known and allowed",
			nil,
			authenticationv1.TokenReviewStatus{Authenticated: true, User: user},
			authorizationv1.SubjectAccessReviewStatus{Allowed: true},
			"jane",
			true,
			"",
		},
		"Denied": {"Known and not allowed", nil, authenticationv1.TokenReviewStatus{Authenticated: true, User: user}, authorizationv1.SubjectAccessReviewStatus{}, "jane", false, ""},
		"Nobody": {"A bad token is nobody's", nil, authenticationv1.TokenReviewStatus{Error: "expired"}, authorizationv1.SubjectAccessReviewStatus{Allowed: true}, "", false, ""},
		"Audience": {
			"Meant for us",
			[]string{"mcp", "x"},
			authenticationv1.TokenReviewStatus{Authenticated: true, User: user, Audiences: []string{"x"}},
			authorizationv1.SubjectAccessReviewStatus{Allowed: true},
			"jane",
			true,
			"",
		},
		"OtherAudience": {
			"Meant for somebody else",
			[]string{"mcp"},
			authenticationv1.TokenReviewStatus{Authenticated: true, User: user, Audiences: []string{"x"}},
			authorizationv1.SubjectAccessReviewStatus{Allowed: true},
			"",
			false,
			"",
		},
		"NoAudience": {
			"An authenticator that knows none has not checked",
			[]string{"mcp"},
			authenticationv1.TokenReviewStatus{Authenticated: true, User: user},
			authorizationv1.SubjectAccessReviewStatus{Allowed: true},
			"",
			false,
			"",
		},
		"Failed": {
			"A no that is none",
			nil,
			authenticationv1.TokenReviewStatus{Authenticated: true, User: user},
			authorizationv1.SubjectAccessReviewStatus{EvaluationError: "webhook down"},
			"jane",
			false,
			"webhook down",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t,
				servedKind{schema.GroupVersionKind{Group: "authentication.k8s.io", Version: "v1", Kind: "TokenReview"}, "tokenreviews", true},
				servedKind{schema.GroupVersionKind{Group: "authorization.k8s.io", Version: "v1", Kind: "SubjectAccessReview"}, "subjectaccessreviews", true})
			var asked authorizationv1.SubjectAccessReviewSpec
			decode := serializer.NewCodecFactory(newScheme()).UniversalDeserializer()
			s.post = func(w http.ResponseWriter, r *http.Request) {
				obj, _, err := decode.Decode(body(r), nil, nil)
				if err != nil {
					t.Error(err)
				}
				switch review := obj.(type) {
				case *authenticationv1.TokenReview:
					if diff := cmp.Diff(authenticationv1.TokenReviewSpec{Token: "secret", Audiences: tc.audiences}, review.Spec); diff != "" {
						t.Errorf("TokenReview (-want +got):\n%s", diff)
					}
					review.Status = tc.token
					review.SetGroupVersionKind(authenticationv1.SchemeGroupVersion.WithKind("TokenReview"))
					reply(w, review)
				case *authorizationv1.SubjectAccessReview:
					asked = review.Spec
					review.Status = tc.access
					review.SetGroupVersionKind(authorizationv1.SchemeGroupVersion.WithKind("SubjectAccessReview"))
					reply(w, review)
				}
			}
			got, allowed, err := s.client(t, Config{}).Review(t.Context(), ReviewRequest{Token: "secret", Path: "/mcp", Verb: "post", Audiences: tc.audiences})
			if got != tc.user || allowed != tc.allowed || (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: want %q %t %q, got %q %t %v", tc.reason, tc.user, tc.allowed, tc.err, got, allowed, err)
			}
			if tc.user == "" {
				return
			}
			want := authorizationv1.SubjectAccessReviewSpec{
				User: "jane", UID: "1", Groups: []string{"dev"}, Extra: map[string]authorizationv1.ExtraValue{"k": {"v"}},
				NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/mcp", Verb: "post"},
			}
			if diff := cmp.Diff(want, asked); diff != "" {
				t.Errorf("SubjectAccessReview (-want +got):\n%s", diff)
			}
		})
	}
}

// The token is a secret, also when the API server does not answer or refuses.
func TestReviewTellsNoToken(t *testing.T) {
	s := serve(t, servedKind{schema.GroupVersionKind{Group: "authentication.k8s.io", Version: "v1", Kind: "TokenReview"}, "tokenreviews", true})
	s.post = func(w http.ResponseWriter, _ *http.Request) {
		fail(w, apierrors.NewInternalError(errors.New("broken")))
	}
	c := s.client(t, Config{})
	_, _, refused := c.Review(t.Context(), ReviewRequest{Token: "very-secret", Path: "/mcp", Verb: "post"})
	s.Close()
	_, _, lost := c.Review(t.Context(), ReviewRequest{Token: "very-secret", Path: "/mcp", Verb: "post"})
	for _, err := range []error{refused, lost} {
		if err == nil || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("want an error without the token, got %v", err)
		}
	}
}

// A snapshot by a real client: pages, a continue token that expires, kinds that are
// forbidden or not installed.
func TestLoadSnapshot(t *testing.T) {
	routes := servedKind{schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}, "httproutes", false}
	grants := servedKind{schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1beta1", Kind: "ReferenceGrant"}, "referencegrants", false}
	ingresses := servedKind{schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"}, "ingresses", false}
	s := serve(t, routes, gateways, grants, ingresses,
		servedKind{schema.GroupVersionKind{Version: "v1", Kind: "Service"}, "services", false},
		servedKind{schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, "secrets", false})
	for i := range 1203 {
		s.put(routes, "a", fmt.Sprintf("r%04d", i), map[string]any{"parentRefs": []any{map[string]any{"name": "g"}}})
	}
	s.put(gateways, "a", "g", map[string]any{"gatewayClassName": "eg", "listeners": []any{}})
	s.put(grants, "a", "x", map[string]any{})
	s.set(func() { s.forbidden["ingresses"], s.expire = true, 1 })
	snapshot, err := topology.Load(t.Context(), s.client(t, Config{}).Reader(), topology.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(snapshot.Routes()); got != 1203 {
		t.Errorf("want every route of every page, got %d", got)
	}
	if got := len(snapshot.Objects.ReferenceGrants.All()); got != 1 {
		t.Errorf("want the grants of v1beta1, got %d", got)
	}
	unseen := map[string]string{}
	for _, u := range snapshot.Unseen {
		unseen[u.Kind] = u.Reason
	}
	if unseen["Ingress"] != topology.Forbidden || unseen["GRPCRoute"] != topology.NotInstalled || unseen["HTTPRoute"] != "" {
		t.Errorf("want what is missing and why, got %v", unseen)
	}
	// One page, its expired continuation, and the list without pages.
	if got := s.asked("GET /apis/gateway.networking.k8s.io/v1/httproutes"); got != 3 {
		t.Errorf("want 3 calls for the routes, got %d", got)
	}
	if s.asked("GET /api/v1/secrets") != 0 {
		t.Error("want no Secret to be read")
	}
	if s.asked("GET /apis/gateway.networking.k8s.io/v1/gateways") != 1 {
		t.Error("want one call for a kind that fits into a page")
	}
	s.set(func() { s.down = true })
	if _, err := topology.Load(t.Context(), s.client(t, Config{}).Reader(), topology.Options{}); err == nil {
		t.Error("want a failing API server to be an error, not an empty cluster")
	}
}
