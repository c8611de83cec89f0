package traffic

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/internal/migrate"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

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
				{"GET", "http://nginx.example.test/api/things?x=1", nil},
				{"GET", "https://nginx.example.test/api/things?x=1", nil},
				{"GET", "https://nginx.example.test/item/42", nil},
				{"GET", "https://nginx.example.test/item/none", nil},
				{"OPTIONS", "https://nginx.example.test/api/things", fromApp()},
				{"GET", "https://nginx.example.test/api/things", fromApp()},
				{"GET", "http://nginx-plain.example.test/exactly", nil},
				{"GET", "http://nginx-plain.example.test/exactly/not", nil},
				{"POST", "http://nginx-plain.example.test/prefix/below", nil},
				{"GET", "http://nginx-plain.example.test/prefixes", nil},
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
				redirect, _ := f.(map[string]any)["requestRedirect"].(map[string]any)
				if older, newer := olderCodes()[redirect["statusCode"]]; newer {
					redirect["statusCode"] = older
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

// olderCodes are the statuses of redirects that Gateway API 1.4 has, by those that came after.
func olderCodes() map[any]int64 {
	return map[any]int64{int64(http.StatusPermanentRedirect): http.StatusMovedPermanently, int64(http.StatusTemporaryRedirect): http.StatusFound}
}

// known is an answer as Gateway API 1.4 can give it: see serve.
func known(a answer) answer {
	if a.Status == http.StatusPermanentRedirect {
		a.Status = http.StatusMovedPermanently
	}
	return a
}

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
	if strings.Contains(source, "path: /old") && controller != "traefik" && !strings.Contains(text.String(), "/oldx was matched too") {
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
	if err := p.Client().DeleteAllOf(ctx, &networkingv1.Ingress{}, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
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
