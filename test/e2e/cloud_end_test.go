package e2e

import (
	"context"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// checkCloudEnd deletes a Cluster on a cloud, with a Release and an Object in it that
// take their time to end: until they have, the control plane is not even asked to end.
func (d door) checkCloudEnd(ctx context.Context, t *testing.T, controlPlane schema.GroupVersionKind) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	deletions, err := d.cluster.WatchDeletions(watching, d.namespace, append(composedKinds(), controlPlane)...)
	if err != nil {
		t.Fatal(err)
	}
	release, object := d.slowToEnd(ctx, t, composedKinds()[0]), d.slowToEnd(ctx, t, composedKinds()[2])
	if err := d.plane.Client().Delete(ctx, d.xr.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	used := &unstructured.Unstructured{}
	used.SetGroupVersionKind(controlPlane)
	used.SetNamespace(d.namespace)
	used.SetName(d.xr.GetName())
	if err := d.plane.WaitFor(ctx, used, refused); err != nil {
		t.Fatal(err)
	}
	for _, slow := range []*unstructured.Unstructured{release, object} {
		if err := d.plane.Client().Patch(ctx, slow, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.ended(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.plane.WaitGone(ctx, used); err != nil {
		t.Fatal(err)
	}
	order, err := deletions.All()
	if err != nil {
		t.Fatal(err)
	}
	id, home := controlPlane.GroupKind().String()+" "+d.namespace+"/"+d.xr.GetName(), " "+d.namespace+"/"+d.xr.GetName()
	for _, kind := range composedKinds() {
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
	if err := d.plane.Client().List(ctx, list, client.InNamespace(d.namespace), client.MatchingLabels{"crossplane.io/composite": d.xr.GetName()}); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) == 0 {
		t.Fatalf("Cluster %q has no %s", d.xr.GetName(), kind.Kind)
	}
	slow := &list.Items[0]
	held := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":["e2e.gatehouse.example.org/slow"]}}`))
	if err := d.plane.Client().Patch(ctx, slow, held); err != nil {
		t.Fatal(err)
	}
	return slow
}
