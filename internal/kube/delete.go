package kube

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Delete deletes an object, and what it owns after it. With a UID only the object with
// that UID is deleted, not one that was made under its name meanwhile. It returns as soon
// as the API server has taken the order: finalizers may keep the object for longer.
func (c *Client) Delete(ctx context.Context, obj *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	gvk := obj.GroupVersionKind()
	resource, err := c.resource(ctx, gvk, obj.GetNamespace())
	if err != nil {
		return fmt.Errorf("cannot delete %s %q: %w", gvk.Kind, obj.GetName(), err)
	}
	opts := metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationBackground)}
	if uid := obj.GetUID(); uid != "" {
		opts.Preconditions = &metav1.Preconditions{UID: &uid}
	}
	if err := resource.Delete(ctx, obj.GetName(), opts); err != nil {
		return fmt.Errorf("cannot delete %s %q: %w", gvk.Kind, obj.GetName(), c.plain(err))
	}
	return nil
}
