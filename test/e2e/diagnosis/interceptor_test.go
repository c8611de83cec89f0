package diagnosis

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/schemas"
)

// interceptors are the definitions of KEDA's HTTP add-on, of which there is no Go module:
// they stand beside the repository. None where they do not; in CI that is a failure.
func interceptors(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	shared, err := schemas.SharedFolder()
	if err != nil && os.Getenv("CI") != "true" {
		t.Logf("nothing is judged of KEDA's HTTP add-on: %v", err)
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := plane.ReadObjects(filepath.Join(shared, "crds", "http.keda.sh_*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return definitions
}

// ofInterceptor are scenarios that need them. The add-on itself cannot be had: what is
// scaled is not, and a server of the product takes its place behind the routes.
func ofInterceptor() map[string]scenario {
	return map[string]scenario{
		// The first interceptor of the cluster by name is the one that is sent to.
		"bypassed": {reason: "the route leads to the Service itself, and no grant to the interceptor", of: "scaler-bypassed"},
		"interceptor-not-serving": {
			reason: "its Deployment is scaled to zero", pods: true,
		},
		"scaler-request-rate": {reason: "both kinds of the add-on ask for a rate, behind routes for streams"},
	}
}
