package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/test/e2e/clusters"
	"github.com/gatehouse-platform/gatehouse/test/e2e/inventory"
)

// checkEnd deletes the Cluster: in which order it ends, and what is there afterwards.
func (d door) checkEnd(ctx context.Context, t *testing.T) {
	before := d.Take(ctx, t)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	deletions, err := d.Everything.WatchDeletions(watching, d.Namespace, clusters.Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Plane.Client().Delete(ctx, d.XR.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	end := d.endOf(t, before)
	err = d.Plane.Poll(ctx, "the end of the Cluster", func(ctx context.Context) error {
		if err := d.ReleaseApplication(ctx); err != nil {
			return err
		}
		return d.differs(ctx, before, end)
	})
	if err != nil {
		t.Fatal(err)
	}
	order, err := deletions.All()
	if err != nil {
		t.Fatal(err)
	}
	home := " " + d.Namespace + "/"
	for user, config := range map[string]string{
		"Release.helm.m.crossplane.io":      "ProviderConfig.helm.m.crossplane.io",
		"Object.kubernetes.m.crossplane.io": "ProviderConfig.kubernetes.m.crossplane.io",
	} {
		for _, mistake := range outOfOrder(order, user+home, config+home+"door") {
			t.Error(mistake)
		}
	}
	if _, err := clusters.StandIn(ctx, d.Plane, "traefik", "traefik"); err != nil {
		t.Errorf("Traefik went with the Cluster: %v", err)
	}
}

// outOfOrder says what was deleted before its time: nobody may even ask for the end of
// what is used before the last of its users is gone. users is the start of their
// identities, of at least one.
func outOfOrder(order map[string]inventory.Deletion, users, used string) []string {
	var mistakes []string
	asked, n := order[used].Asked, 0
	for id, deletion := range order {
		if !strings.HasPrefix(id, users) || id == used {
			continue
		}
		n++
		if deletion.Gone == 0 || asked == 0 || deletion.Gone > asked {
			mistakes = append(mistakes, fmt.Sprintf("%s was deleted at %d, before %s was gone at %d", used, asked, id, deletion.Gone))
		}
	}
	if n == 0 {
		mistakes = append(mistakes, fmt.Sprintf("nothing of %s... was deleted", users))
	}
	return mistakes
}

// endOf is everything that goes with the Cluster: all in its namespace that was not
// there for it, and what its Objects made. Charts stay, and so does the operator of
// vLLM, which has none; and namespaces, in which may be what others made.
func (d door) endOf(t *testing.T, before inventory.Inventory) map[string]string {
	t.Helper()
	gone := map[string]string{}
	for id := range before {
		kind, name, _ := strings.Cut(id, " ")
		if strings.HasPrefix(name, d.Namespace+"/") && kind != "Secret" && kind != "ConfigMap" && kind != "ServiceAccount" {
			gone[kind+" home/"+strings.TrimPrefix(name, d.Namespace+"/")] = "gone"
		}
	}
	for _, o := range manifestsOf(t, fmt.Sprintf(frontDoor, d.Namespace)) {
		if id := inventory.Identity(o); o.GetKind() != "Namespace" && !strings.Contains(id, "production-stack") {
			gone[id] = "gone"
		}
	}
	return gone
}

// manifestsOf are what the Objects of a Cluster keep in the cluster.
func manifestsOf(t *testing.T, xr string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for _, r := range planned(t, xr, func(plan *compose.Plan) []composed.Resource { return plan.All }) {
		if manifest, ok := composed.JSON(r.Object).Field("spec", "forProvider", "manifest").(map[string]any); ok {
			out = append(out, &unstructured.Unstructured{Object: manifest})
		}
	}
	return out
}
