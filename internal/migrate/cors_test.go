package migrate_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/migrate"
)

// TestCredentialsOfAnyOrigin: a page of anybody must not read with the credentials of who
// looks at it, which browsers have refused because ingress-nginx answered with a star.
func TestCredentialsOfAnyOrigin(t *testing.T) {
	for origin, want := range map[string]bool{"": false, "*": false, "https://app.example.com, *": false, "https://app.example.com": true} {
		annotations := map[string]string{"enable-cors": "true"}
		if origin != "" {
			annotations["cors-allow-origin"] = origin
		}
		result, err := migrate.Run(anAnnotated(t, annotations, ""), migrate.Options{Controller: "envoy-gateway"})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, u := range result.Objects {
			rules, _, _ := unstructured.NestedSlice(u.Object, "spec", "rules")
			for _, rule := range rules {
				filters, _, _ := unstructured.NestedSlice(rule.(map[string]any), "filters")
				for _, f := range filters {
					found = true
					if got, _, _ := unstructured.NestedBool(f.(map[string]any), "cors", "allowCredentials"); got != want {
						t.Errorf("origin %q: want credentials allowed: %t, got %t", origin, want, got)
					}
				}
			}
		}
		if !found {
			t.Errorf("origin %q: no rule has a filter", origin)
		}
	}
}
