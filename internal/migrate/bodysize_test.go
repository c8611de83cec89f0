package migrate_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/migrate"
)

// TestNoBodySize: without a limit is a setting where NGINX is the gateway, too, which has
// one of 1m by itself; others have none.
// https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size
func TestNoBodySize(t *testing.T) {
	source := strings.Replace(anIngress, "namespace: shop}", `namespace: shop, annotations: {nginx.ingress.kubernetes.io/proxy-body-size: "0"}}`, 1)
	for controller, want := range map[string]string{"nginx-gateway-fabric": "0", "traefik": ""} {
		object := map[string]any{}
		if err := yaml.Unmarshal([]byte(source), &object); err != nil {
			t.Fatal(err)
		}
		in, err := migrate.Read([]map[string]any{object})
		if err != nil {
			t.Fatal(err)
		}
		result, err := migrate.Run(in, migrate.Options{Controller: controller, GatewayClass: "any"})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, o := range result.Objects {
			if o.GetKind() == "ClientSettingsPolicy" {
				got, _, _ = unstructured.NestedString(o.Object, "spec", "body", "maxSize")
			}
		}
		if got != want {
			t.Errorf("%s: want body.maxSize %q, got %q", controller, want, got)
		}
	}
}
