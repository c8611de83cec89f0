package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/test/e2e/inventory"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// checkEnd deletes the Cluster: in which order it ends, and what is there afterwards.
func (d door) checkEnd(ctx context.Context, t *testing.T) {
	before := d.take(ctx, t)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	deletions, err := d.cluster.WatchDeletions(watching, d.namespace, composedKinds()...)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.plane.Client().Delete(ctx, d.xr.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	end := d.endOf(t, before)
	err = d.plane.Poll(ctx, "the end of the Cluster", func(ctx context.Context) error {
		if err := d.releaseApplication(ctx); err != nil {
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
	home := " " + d.namespace + "/"
	for user, config := range map[string]string{
		"Release.helm.m.crossplane.io":      "ProviderConfig.helm.m.crossplane.io",
		"Object.kubernetes.m.crossplane.io": "ProviderConfig.kubernetes.m.crossplane.io",
	} {
		for _, mistake := range outOfOrder(order, user+home, config+home+"door") {
			t.Error(mistake)
		}
	}
	if _, err := standInOf(ctx, d.plane, "traefik", "traefik"); err != nil {
		t.Errorf("Traefik went with the Cluster: %v", err)
	}
}

// composedKinds are the kinds whose deletion has an order.
func composedKinds() []schema.GroupVersionKind {
	helm := schema.GroupVersion{Group: "helm.m.crossplane.io", Version: "v1beta1"}
	kubernetes := schema.GroupVersion{Group: "kubernetes.m.crossplane.io", Version: "v1alpha1"}
	return []schema.GroupVersionKind{
		helm.WithKind("Release"), helm.WithKind("ProviderConfig"),
		kubernetes.WithKind("Object"), kubernetes.WithKind("ProviderConfig"),
	}
}

func usageKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "protection.crossplane.io", Version: "v1beta1", Kind: "Usage"}
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
		if strings.HasPrefix(name, d.namespace+"/") && kind != "Secret" && kind != "ConfigMap" && kind != "ServiceAccount" {
			gone[kind+" home/"+strings.TrimPrefix(name, d.namespace+"/")] = "gone"
		}
	}
	for _, o := range manifestsOf(t, fmt.Sprintf(frontDoor, d.namespace)) {
		if id := inventory.Identity(o); o.GetKind() != "Namespace" && !strings.Contains(id, "production-stack") {
			gone[id] = "gone"
		}
	}
	return gone
}

// ended waits until nothing of the Cluster is left but what its charts installed.
func (d door) ended(ctx context.Context) error {
	return d.plane.Poll(ctx, "the end of the Cluster", func(ctx context.Context) error {
		if err := d.releaseApplication(ctx); err != nil {
			return err
		}
		left := map[string]int{}
		for _, kind := range append(composedKinds(), usageKind()) {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(kind)
			if err := d.plane.Client().List(ctx, list, client.InNamespace(d.namespace)); err != nil {
				return err
			}
			if len(list.Items) > 0 {
				left[kind.Kind] += len(list.Items)
			}
			if kind == usageKind() && left["Release"]+left["Object"] == 0 {
				if err := d.lookAt(ctx, list.Items); err != nil {
					return err
				}
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("left are %v", left)
		}
		return nil
	})
}

// lookAt has Crossplane look at Usages whose user is gone. By itself it looks every
// 30 s (internal/controller/protection/usage/reconciler.go, waitPollInterval), which
// would be most of the time of a test that is not about that.
func (d door) lookAt(ctx context.Context, usages []unstructured.Unstructured) error {
	const looked = "e2e.gatehouse.example.org/look"
	for i := range usages {
		if _, done := usages[i].GetAnnotations()[looked]; done {
			continue
		}
		err := d.plane.Client().Patch(ctx, &usages[i], client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+looked+`":""}}}`)))
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// releaseApplication does what Argo CD would: no controller of it runs here, and its
// Application has a finalizer that only Argo CD takes away.
func (d door) releaseApplication(ctx context.Context) error {
	application := plane.Reference("argoproj.io/v1alpha1", "Application", "argocd", "apps")
	err := d.plane.Client().Get(ctx, client.ObjectKeyFromObject(application), application)
	if meta.IsNoMatchError(err) {
		return nil // nor is there anything else of Argo CD
	}
	if err != nil || application.GetDeletionTimestamp() == nil {
		return client.IgnoreNotFound(err)
	}
	err = d.plane.Client().Patch(ctx, application, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))
	return client.IgnoreNotFound(err)
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
