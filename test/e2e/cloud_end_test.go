package e2e

import (
	"context"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/clusters"
)

// checkCloudEnd deletes a Cluster on a cloud, with a Release and an Object in it that
// take their time to end: until they have, the control plane is not even asked to end.
func (d door) checkCloudEnd(ctx context.Context, t *testing.T, controlPlane schema.GroupVersionKind) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	deletions, err := d.Everything.WatchDeletions(watching, d.Namespace, append(clusters.Kinds(), controlPlane)...)
	if err != nil {
		t.Fatal(err)
	}
	release, object := d.slowToEnd(ctx, t, clusters.Kinds()[0]), d.slowToEnd(ctx, t, clusters.Kinds()[2])
	if err := d.Plane.Client().Delete(ctx, d.XR.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	used := &unstructured.Unstructured{}
	used.SetGroupVersionKind(controlPlane)
	used.SetNamespace(d.Namespace)
	used.SetName(d.XR.GetName())
	if err := d.Plane.WaitFor(ctx, used, refused); err != nil {
		t.Fatal(err)
	}
	for _, slow := range []*unstructured.Unstructured{release, object} {
		if err := d.Plane.Client().Patch(ctx, slow, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Ended(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Plane.WaitGone(ctx, used); err != nil {
		t.Fatal(err)
	}
	order, err := deletions.All()
	if err != nil {
		t.Fatal(err)
	}
	id, home := controlPlane.GroupKind().String()+" "+d.Namespace+"/"+d.XR.GetName(), " "+d.Namespace+"/"+d.XR.GetName()
	for _, kind := range clusters.Kinds() {
		for _, mistake := range outOfOrder(order, kind.GroupKind().String()+home, id) {
			t.Error(mistake)
		}
	}
}

// refused tells whether Crossplane's webhook has refused to delete an object, because
// it is in use: it writes that down there.
func refused(o *unstructured.Unstructured) error {
	if _, attempted := o.GetAnnotations()["usage.crossplane.io/deletion-attempt-with-policy"]; !attempted {
		return errors.New("nobody has tried to delete it")
	}
	return nil
}

// slowToEnd gives one of the Cluster's resources of a kind a finalizer, as one has that
// is being uninstalled.
func (d door) slowToEnd(ctx context.Context, t *testing.T, kind schema.GroupVersionKind) *unstructured.Unstructured {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind)
	if err := d.Plane.Client().List(ctx, list, client.InNamespace(d.Namespace), client.MatchingLabels{"crossplane.io/composite": d.XR.GetName()}); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) == 0 {
		t.Fatalf("Cluster %q has no %s", d.XR.GetName(), kind.Kind)
	}
	slow := &list.Items[0]
	held := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":["e2e.gatehouse.example.org/slow"]}}`))
	if err := d.Plane.Client().Patch(ctx, slow, held); err != nil {
		t.Fatal(err)
	}
	return slow
}
