// Package clusters holds what tests of the Clusters of a plane share.
package clusters

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/inventory"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// Door is a Cluster on a plane, and everything around it.
type Door struct {
	Plane      *plane.Plane
	Everything *inventory.Cluster // in the cluster of the plane
	Namespace  string
	XR         *unstructured.Unstructured
}

// New is a Cluster of this name in a namespace.
func New(t *testing.T, p *plane.Plane, namespace, name string) Door {
	t.Helper()
	cluster, err := inventory.Of(p.Config())
	if err != nil {
		t.Fatal(err)
	}
	return Door{Plane: p, Everything: cluster, Namespace: namespace, XR: plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, name)}
}

// Take lists everything in the cluster.
func (d Door) Take(ctx context.Context, t *testing.T) inventory.Inventory {
	t.Helper()
	all, err := d.Everything.Take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Clean removes everything that is new since an inventory.
func (d Door) Clean(ctx context.Context, before inventory.Inventory) error {
	return d.Plane.Poll(ctx, "a clean cluster", func(ctx context.Context) error { return d.Everything.RemoveSince(ctx, before) })
}

// Kinds are the kinds whose deletion has an order.
func Kinds() []schema.GroupVersionKind {
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

// Ended waits until nothing of the Cluster is left but what its charts installed.
func (d Door) Ended(ctx context.Context) error {
	return d.Plane.Poll(ctx, "the end of the Cluster", func(ctx context.Context) error {
		if err := d.ReleaseApplication(ctx); err != nil {
			return err
		}
		left := map[string]int{}
		for _, kind := range append(Kinds(), usageKind()) {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(kind)
			if err := d.Plane.Client().List(ctx, list, client.InNamespace(d.Namespace)); err != nil {
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
func (d Door) lookAt(ctx context.Context, usages []unstructured.Unstructured) error {
	const looked = "e2e.gatehouse.example.org/look"
	for i := range usages {
		if _, done := usages[i].GetAnnotations()[looked]; done {
			continue
		}
		err := d.Plane.Client().Patch(ctx, &usages[i], client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+looked+`":""}}}`)))
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// ReleaseApplication does what Argo CD would: no controller of it runs here, and its
// Application has a finalizer that only Argo CD takes away.
func (d Door) ReleaseApplication(ctx context.Context) error {
	application := plane.Reference("argoproj.io/v1alpha1", "Application", "argocd", "apps")
	err := d.Plane.Client().Get(ctx, client.ObjectKeyFromObject(application), application)
	if meta.IsNoMatchError(err) {
		return nil // nor is there anything else of Argo CD
	}
	if err != nil || application.GetDeletionTimestamp() == nil {
		return client.IgnoreNotFound(err)
	}
	err = d.Plane.Client().Patch(ctx, application, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))
	return client.IgnoreNotFound(err)
}

// Patch changes the Cluster by a merge patch.
func (d Door) Patch(ctx context.Context, t *testing.T, merge string) {
	t.Helper()
	if err := d.Plane.Client().Patch(ctx, d.XR.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(merge))); err != nil {
		t.Fatalf("cannot change the Cluster: %v", err)
	}
}

// StandIn is what the stand-in for a chart has installed.
func StandIn(ctx context.Context, p *plane.Plane, namespace, release string) (*corev1.ConfigMap, error) {
	installed := &corev1.ConfigMap{}
	err := p.Client().Get(ctx, client.ObjectKey{Namespace: namespace, Name: release + "-stand-in"}, installed)
	return installed, err
}
