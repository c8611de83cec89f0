package schemas

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/migrate"
)

// migratedByHand are kinds that migrate makes and no Go module here has a schema of. The
// fields are those that charts/mcp-server sets, or of the documentation named beside them.
var migratedByHand = []string{
	"ClientSettingsPolicy", "GCPBackendPolicy", "GCPGatewayPolicy", "HealthCheckPolicy", "Middleware", "ProxySettingsPolicy", "RoutePolicy",
}

// TestMigrated validates what every case of internal/migrate becomes, for every
// controller: all of it is valid where the product's Gateway API is, and where a newer one is.
func TestMigrated(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "internal", "migrate", "testdata", "*", "in.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find cases: %v", err)
	}
	newer, err := ahead()
	if err != nil {
		t.Fatal(err)
	}
	controllers, err := catalog.LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	validated, seen := map[string]int{}, map[string]bool{}
	for _, file := range files {
		in := migrateInput(t, file)
		for _, controller := range migrate.Controllers(controllers) {
			for _, gateway := range []*migrate.Name{nil, {Namespace: "gateways", Name: "shared"}} {
				result, err := migrate.Run(in, migrate.Options{Controller: controller, GatewayClass: "class", Gateway: gateway})
				if err != nil {
					t.Fatalf("%s for %s: %v", file, controller, err)
				}
				for _, u := range result.Objects {
					validated[u.GetKind()]++
					raw, err := u.MarshalJSON()
					if err != nil {
						t.Fatal(err)
					}
					if seen[string(raw)] {
						continue
					}
					seen[string(raw)] = true
					for _, set := range []*Set{loadSet(t), newer} {
						for _, problem := range set.Validate(u.Object) {
							if problem.Type == field.ErrorTypeNotFound && slices.Contains(migratedByHand, u.GetKind()) {
								continue
							}
							t.Errorf("%s for %s: %s %s: %v", filepath.Base(filepath.Dir(file)), controller, u.GetKind(), u.GetName(), problem)
						}
					}
				}
			}
		}
	}
	known := []string{
		"Gateway", "HTTPRoute", "BackendTLSPolicy", "BackendTrafficPolicy", "ClientTrafficPolicy", "SecurityPolicy", "HTTPRouteFilter",
		"TrafficPolicy", "LoadBalancerConfiguration", "TargetGroupConfiguration",
	}
	for _, kind := range append(known, migratedByHand...) {
		if validated[kind] == 0 {
			t.Errorf("no case makes a %s", kind)
		}
	}
}

func migrateInput(t *testing.T, file string) migrate.Input {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var objects []map[string]any
	for _, doc := range documentSeparator.Split(string(raw), -1) {
		obj := map[string]any{}
		if err := yaml.Unmarshal([]byte(doc), &obj); err != nil {
			t.Fatal(err)
		}
		if len(obj) > 0 {
			objects = append(objects, obj)
		}
	}
	in, err := migrate.Read(objects)
	if err != nil {
		t.Fatal(err)
	}
	return in
}
