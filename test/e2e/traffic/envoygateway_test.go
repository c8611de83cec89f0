package traffic

import (
	"context"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// envoyGatewaySystem is the namespace that the product installs Envoy Gateway in.
const envoyGatewaySystem = "envoy-gateway-system"

// TestEnvoyGatewayTakesEverything runs Envoy Gateway's control plane in a pod of its own
// chart, and has it judge the product's GatewayClass and Gateway, everything that the
// chart renders for it, and what migrations make for it: all of it is accepted. No Envoy runs here, so nothing is
// Programmed and no request passes.
func TestEnvoyGatewayTakesEverything(t *testing.T) {
	ctx, p, _ := suite.Start(t)
	t.Cleanup(func() {
		// The proxies that it asked for wait for an image that is not here, and count on the node.
		err := p.Client().DeleteAllOf(context.WithoutCancel(ctx), &appsv1.Deployment{}, client.InNamespace(envoyGatewaySystem), client.PropagationPolicy(metav1.DeletePropagationBackground))
		if err != nil {
			t.Error(err)
		}
	})
	installReal(ctx, t, p, "gateway-helm", envoyGatewaySystem)
	if err := p.WaitCondition(ctx, plane.Reference("apps/v1", "Deployment", envoyGatewaySystem, "envoy-gateway"), "Available"); err != nil {
		t.Fatal(err)
	}
	class, gateway, err := product.Gateway("https.yaml")
	if err != nil {
		t.Fatal(err)
	}
	certificates(ctx, t, p, gateway)
	if err := p.Apply(ctx, class, gateway); err != nil {
		t.Fatal(err)
	}
	taken(ctx, t, p, class)
	taken(ctx, t, p, gateway)
	for name, c := range envoyGatewayCases(t) {
		t.Run(name, func(t *testing.T) {
			for _, object := range c.apply(ctx, t, p, "eg-"+name) {
				if object.GetKind() != "Service" && object.GetKind() != "ReferenceGrant" {
					taken(ctx, t, p, object)
				}
			}
		})
	}
	kinds := map[string]int{}
	for name, result := range migratedForEnvoyGateway(t, class.GetName()) {
		t.Run("migrated-"+name, func(t *testing.T) {
			for kind, n := range takenAsMigrated(ctx, t, p, result) {
				kinds[kind] += n
			}
		})
	}
	everyPolicyOf(t, kinds)
	t.Run("MissingService", func(t *testing.T) {
		route := plane.Reference("gateway.networking.k8s.io/v1", "HTTPRoute", envoyGatewaySystem, "astray")
		route.Object["spec"] = map[string]any{
			"parentRefs": []any{map[string]any{"name": gateway.GetName()}},
			"rules":      []any{map[string]any{"backendRefs": []any{map[string]any{"name": "nothing", "port": int64(80)}}}},
		}
		if err := p.Apply(ctx, route); err != nil {
			t.Fatal(err)
		}
		err := p.WaitFor(ctx, route, func(o *unstructured.Unstructured) error {
			if err := plane.Accepted(o); err == nil || !strings.Contains(err.Error(), "BackendNotFound") {
				return fmt.Errorf("a route to a Service that does not exist is not refused for that: %w", err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// installReal installs a third party's own chart, and removes it in the end.
func installReal(ctx context.Context, t *testing.T, p *plane.Plane, name, namespace string) {
	t.Helper()
	inNamespace(ctx, t, p, namespace)
	release, err := helm.InstallReal(ctx, p, name, namespace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release.Uninstall(); err != nil {
			t.Error(err)
		}
	})
}

// taken waits until Envoy Gateway has accepted an object.
func taken(ctx context.Context, t *testing.T, p *plane.Plane, object *unstructured.Unstructured) {
	t.Helper()
	if err := p.WaitFor(ctx, object.DeepCopy(), plane.Accepted); err != nil {
		t.Error(err)
	}
}
