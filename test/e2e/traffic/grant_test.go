package traffic

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// interceptorYAML is where KEDA's HTTP add-on would be: its Service, with the name and
// the port of its chart, leads to a server of ours instead.
const interceptorYAML = `
apiVersion: v1
kind: Service
metadata: {name: keda-add-ons-http-interceptor-proxy, namespace: keda}
spec:
  selector: {app.kubernetes.io/name: mcp-server, app.kubernetes.io/instance: mcp}
  ports: [{port: 8080, targetPort: http}]
`

// scaledValues are those of a server that scales to zero: its route leads to the
// add-on's Service, in another namespace.
const scaledValues = `{
  gateway: {enabled: true, className: traefik, controller: traefik, listeners: {http: {hostname: grant.example.test}}},
  autoscaling: {keda: {enabled: true, minReplicas: 0, http: {referenceGrant: %t}}}}`

// TestReferenceGrant: a route of a team's namespace leads to a Service in another one
// only with a grant, and both grants that the product renders are such.
func TestReferenceGrant(t *testing.T) {
	ctx, p, team := suite.Start(t)
	if err := p.ApplyYAML(ctx, "{apiVersion: v1, kind: Namespace, metadata: {name: keda}}"); err != nil {
		t.Fatal(err)
	}
	behind := install(ctx, t, p, "keda", "{}")
	if err := p.ApplyYAML(ctx, interceptorYAML); err != nil {
		t.Fatal(err)
	}
	without := rendered(ctx, t, team, false)
	if grants := only(without, "ReferenceGrant"); len(grants) > 0 {
		t.Fatalf("a grant is rendered although none was asked for: %v", helm.Identities(grants))
	}
	if err := p.Apply(ctx, append(only(without, "Gateway"), only(without, "HTTPRoute")...)...); err != nil {
		t.Fatal(err)
	}
	who := caller(ctx, t, p, behind, "http://grant.example.test")
	refused(ctx, t, p, team, who)
	grants := map[string][]*unstructured.Unstructured{
		"the Cluster's": clusterGrants(t, team),
		"the chart's":   only(rendered(ctx, t, team, true), "ReferenceGrant"),
	}
	for whose, grant := range grants {
		if len(grant) != 1 {
			t.Fatalf("%s: %d grants are rendered, want one", whose, len(grant))
		}
		if err := p.Apply(ctx, grant...); err != nil {
			t.Fatal(err)
		}
		if err := p.WaitFor(ctx, route(team), resolved("True", "ResolvedRefs")); err != nil {
			t.Errorf("with %s grant: %v", whose, err)
		}
		connect(ctx, t, p, who)
		if err := p.Client().Delete(ctx, grant[0]); err != nil {
			t.Fatal(err)
		}
		refused(ctx, t, p, team, who)
	}
}

// rendered is what the chart would install for a server that scales to zero.
func rendered(ctx context.Context, t *testing.T, namespace string, grant bool) []*unstructured.Unstructured {
	t.Helper()
	values := map[string]any{}
	if err := yaml.UnmarshalStrict(fmt.Appendf(nil, scaledValues, grant), &values); err != nil {
		t.Fatal(err)
	}
	made, err := helm.Render(ctx, root, namespace, values)
	if err != nil {
		t.Fatal(err)
	}
	return made.Objects
}

// only are the objects of one kind.
func only(objects []*unstructured.Unstructured, kind string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, o := range objects {
		if o.GetKind() == kind {
			out = append(out, o)
		}
	}
	return out
}

// clusterGrants are what a Cluster with a namespace for routes composes for it.
func clusterGrants(t *testing.T, namespace string) []*unstructured.Unstructured {
	t.Helper()
	pinned, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	documents, err := render.Read("test", strings.NewReader(fmt.Sprintf(`
apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: door, namespace: default}
spec:
  crossplane: {compositionSelector: {matchLabels: {provider: existing}}}
  parameters:
    namespaces: [%s]
    apps: {envoyGateway: {enabled: true}, keda: {enabled: true}}
`, namespace)))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := compose.NewPlanner(pinned).Plan(documents[0].Object, composed.Observed{})
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for _, r := range plan.All {
		manifest, found, err := unstructured.NestedMap(r.Object, "spec", "forProvider", "manifest")
		if err != nil {
			t.Fatal(err)
		}
		if found {
			out = append(out, &unstructured.Unstructured{Object: manifest})
		}
	}
	return only(out, "ReferenceGrant")
}

// refused waits until the controller says that the route may not lead where it leads,
// and has the caller told the same.
func refused(ctx context.Context, t *testing.T, p *plane.Plane, namespace string, who agent.Options) {
	t.Helper()
	if err := p.WaitFor(ctx, route(namespace), resolved("False", "RefNotPermitted")); err != nil {
		t.Fatal(err)
	}
	// The status and the traffic are not changed in the same moment.
	err := p.Poll(ctx, "a refusal by the gateway", func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, who.URL+"/healthz", http.NoBody)
		if err != nil {
			return err
		}
		response, err := who.Client().Do(req)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusInternalServerError {
			return fmt.Errorf("the gateway says %s, want 500", response.Status)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// route is the route of a release.
func route(namespace string) *unstructured.Unstructured {
	return plane.Reference("gateway.networking.k8s.io/v1", "HTTPRoute", namespace, "mcp-mcp-server")
}

// resolved checks what the controller says about the references of a route.
func resolved(status, reason string) func(*unstructured.Unstructured) error {
	return func(o *unstructured.Unstructured) error {
		parents, _, err := unstructured.NestedSlice(o.Object, "status", "parents")
		if err != nil {
			return err
		}
		for _, parent := range parents {
			conditions, _, err := unstructured.NestedSlice(parent.(map[string]any), "conditions")
			if err != nil {
				return err
			}
			for _, c := range conditions {
				said := c.(map[string]any)
				if said["type"] == "ResolvedRefs" && said["status"] == status && said["reason"] == reason {
					return nil
				}
			}
		}
		return fmt.Errorf("condition ResolvedRefs is not %s with reason %s: %v", status, reason, parents)
	}
}
