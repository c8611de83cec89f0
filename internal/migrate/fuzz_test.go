package migrate_test

import (
	"errors"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/migrate"
)

// Whatever stands in a file, it is migrated or refused as wrong input: nothing panics,
// and the same input gives the same result.
func FuzzRun(f *testing.F) {
	for _, name := range cases(f) {
		for _, doc := range documents(f, readFile(f, filepath.Join("testdata", name, "in.yaml"))) {
			raw, err := yaml.Marshal(doc)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(raw), "envoy-gateway", "nginx.ingress.kubernetes.io/rewrite-target", "/$2")
		}
	}
	f.Add(anIngress, "traefik", "traefik.ingress.kubernetes.io/router.middlewares", "shop-a@kubernetescrd")
	f.Add("ingress: {enabled: true, host: a.b, tls: {enabled: true}}", "gke", "kubernetes.io/ingress.class", "gce")
	f.Fuzz(func(t *testing.T, text, controller, key, value string) {
		object := map[string]any{}
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			return
		}
		o := migrate.Options{Controller: controller, GatewayClass: "class"}
		if _, err := migrate.Values(object, "values.yaml", o); err != nil && !errors.Is(err, migrate.ErrInput) {
			t.Errorf("values: %v", err)
		}
		in, err := migrate.Read([]map[string]any{object})
		if err != nil {
			return
		}
		for _, i := range in.Ingresses {
			if i.Annotations == nil {
				i.Annotations = map[string]string{}
			}
			i.Annotations[key] = value
		}
		if _, err := migrate.Run(in, o); err != nil && !errors.Is(err, migrate.ErrInput) {
			t.Error(err)
		}
	})
}
