package e2e

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// settle is how long a test waits for the control plane to do something that
// takes it seconds when the machine is idle.
const settle = 2 * time.Minute

// composedByKey are the resources that a Cluster is composed of, by their keys.
type composedByKey map[string]*unstructured.Unstructured

// composedOf lists what Crossplane says that a Cluster is composed of.
func composedOf(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string) composedByKey {
	t.Helper()
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, name)
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(xr), xr); err != nil {
		t.Fatal(err)
	}
	refs, _, err := unstructured.NestedSlice(xr.Object, "spec", "crossplane", "resourceRefs")
	if err != nil {
		t.Fatal(err)
	}
	out := composedByKey{}
	for _, item := range refs {
		ref := item.(map[string]any)
		o := plane.Reference(ref["apiVersion"].(string), ref["kind"].(string), namespace, ref["name"].(string))
		err := p.Client().Get(ctx, client.ObjectKeyFromObject(o), o)
		if apierrors.IsNotFound(err) {
			continue // named before it is created
		}
		if err != nil {
			t.Fatal(err)
		}
		out[o.GetAnnotations()["crossplane.io/composition-resource-name"]] = o
	}
	return out
}

// change is what has happened to a resource between two looks.
func changes(before, after composedByKey) map[string]string {
	out := map[string]string{}
	for key, was := range before {
		is := after[key]
		switch {
		case is == nil:
			out[key] = "gone"
		case is.GetUID() != was.GetUID():
			out[key] = "re-created"
		case is.GetGeneration() != was.GetGeneration():
			out[key] = "changed"
		}
	}
	for key := range after {
		if before[key] == nil {
			out[key] = "new"
		}
	}
	return out
}

// awaitChanges waits until the resources have changed as wanted, and no others.
func awaitChanges(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string, before composedByKey, want map[string]string) composedByKey {
	t.Helper()
	var after composedByKey
	err := p.Poll(ctx, "the change of Cluster "+name, func(ctx context.Context) error {
		after = composedOf(ctx, t, p, namespace, name)
		if diff := cmp.Diff(want, changes(before, after)); diff != "" {
			return errors.New("changes (-want +got):\n" + diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return after
}

func conditionMessage(o *unstructured.Unstructured, kind, status string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range conditions {
		c := item.(map[string]any)
		if c["type"] == kind && c["status"] == status {
			message, _ := c["message"].(string)
			return message
		}
	}
	return ""
}
