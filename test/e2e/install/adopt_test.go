package install

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
)

// isAdopted gives the same Cluster to Crossplane on the same plane.
func isAdopted(ctx context.Context, t *testing.T, i *installation, namespace string) {
	p := i.plane
	i.expect(ctx, t, 0, nil, "status")
	before := stateOf(ctx, t, p)
	give(ctx, t, i, on(namespace))
	after := stateOf(ctx, t, p)
	if diff := cmp.Diff(before.uids(), after.uids()); diff != "" {
		t.Errorf("Crossplane re-created something (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before.ofCharts(), after.ofCharts()); diff != "" {
		t.Errorf("Crossplane changed objects of charts that are as they should be (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(adopted(before.revisions()), after.revisions()); diff != "" {
		t.Errorf("revisions (-want +got):\n%s", diff)
	}
	i.expect(ctx, t, 1, []string{"Crossplane keeps Cluster " + namespace + "/door here already"}, "install")
	i.expect(ctx, t, 1, []string{"Crossplane keeps Cluster"}, "uninstall")
	i.expect(ctx, t, 0, nil, "status")

	// It is really Crossplane's now: it puts back what goes, and changes what changes.
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg")
	if err := p.Client().Delete(ctx, gateway); err != nil {
		t.Fatal(err)
	}
	give(ctx, t, i, fmt.Sprintf(cluster, namespace, "enabled: true, version: "+product.OtherKEDA, ""))
	err := p.Poll(ctx, "Crossplane to be at work", func(ctx context.Context) error {
		if err := p.Client().Get(ctx, client.ObjectKeyFromObject(gateway), gateway); err != nil {
			return err
		}
		if gateway.GetDeletionTimestamp() != nil {
			return errors.New("the Gateway is being deleted")
		}
		if got := standIn(ctx, t, p, "keda").Annotations[charts.StandInAnnotation]; got != "keda-"+product.OtherKEDA {
			return fmt.Errorf("KEDA is still %s", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	last := stateOf(ctx, t, p)
	delete(after, "Gateway envoy-gateway-system/eg")
	delete(last, "Gateway envoy-gateway-system/eg")
	if diff := cmp.Diff(after.uids(), last.uids()); diff != "" {
		t.Errorf("Crossplane re-created what it upgraded (-before +after):\n%s", diff)
	}
}

// give applies a Cluster for Crossplane and waits until it is ready.
func give(ctx context.Context, t *testing.T, i *installation, cluster string) {
	t.Helper()
	if err := i.plane.WriteKubeconfigSecret(ctx, namespaceOf(t, cluster), "plane", "kubeconfig"); err != nil {
		t.Fatal(err)
	}
	if err := i.plane.ApplyYAML(ctx, cluster); err != nil {
		t.Fatal(err)
	}
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespaceOf(t, cluster), "door")
	if err := i.plane.WaitCondition(ctx, xr, "AppsReady", "Synced", "Ready"); err != nil {
		t.Fatal(err)
	}
}

func namespaceOf(t *testing.T, cluster string) string {
	t.Helper()
	out := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(cluster), &out.Object); err != nil {
		t.Fatal(err)
	}
	return out.GetNamespace()
}

// adopted are the revisions that adoption leaves of those before it. OpenFunction's chart
// is pinned by its address, which tells provider-helm no version to compare: it upgrades
// once, to the same.
func adopted(before []string) []string {
	var out []string
	for _, revision := range before {
		if revision == "openfunction.v1 deployed" {
			out = append(out, "openfunction.v1 superseded")
			revision = "openfunction.v2 deployed"
		}
		out = append(out, revision)
	}
	return out
}

// isGivenBack ends the Cluster of Crossplane. As the plan has it, its charts and its
// namespaces stay, and can be worked on without Crossplane again.
func isGivenBack(ctx context.Context, t *testing.T, i *installation, namespace string) {
	p := i.plane
	before := stateOf(ctx, t, p)
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, "door")
	if err := p.Client().Delete(ctx, xr); err != nil {
		t.Fatal(err)
	}
	if err := p.WaitGone(ctx, xr); err != nil {
		t.Fatal(err)
	}
	for _, o := range objects()[1:] {
		if err := p.WaitGone(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	after := stateOf(ctx, t, p)
	if diff := cmp.Diff(before.ofCharts(), after.ofCharts()); diff != "" {
		t.Errorf("Crossplane's end changed the charts (-before +after):\n%s", diff)
	}
	i.write(t, fmt.Sprintf(cluster, namespace, "enabled: true, version: "+product.OtherKEDA, ""))
	i.expect(ctx, t, 0, []string{" 3 changed"}, "install")
	if diff := cmp.Diff(before.ofCharts(), stateOf(ctx, t, p).ofCharts()); diff != "" {
		t.Errorf("taking it back changed the charts (-before +after):\n%s", diff)
	}
	i.expect(ctx, t, 0, []string{"removed: chart gateway-helm", "left: Namespace team-a"}, "uninstall")
	if diff := cmp.Diff([]string{"Namespace /team-a"}, keys(stateOf(ctx, t, p))); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}
