package inventory

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// RemoveSince deletes everything that is new since an inventory, and returns an error
// until all of it is gone: call it again then. What is in a new namespace goes with it.
// Definitions go last, and while they go nothing is listed: of a kind that is about to
// end the API server answers late or never.
func (c *Cluster) RemoveSince(ctx context.Context, before Inventory) error {
	list, err := c.metadata.Resource(definitions()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cannot list %s: %w", definitions(), err)
	}
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp != nil {
			return fmt.Errorf("definition %q is still there", list.Items[i].Name)
		}
	}
	now, err := c.Take(ctx)
	if err != nil {
		return err
	}
	left, kinds := Inventory{}, Inventory{}
	for id, item := range now {
		switch _, there := before[id]; {
		case there:
		case item.resource.GroupResource() == definitions().GroupResource():
			kinds[id] = item
		default:
			left[id] = item
		}
	}
	if len(left) == 0 {
		left = kinds
	}
	var errs []error
	for id, item := range left {
		errs = append(errs, fmt.Errorf("%q is still there", id), c.remove(ctx, item, before))
	}
	return errors.Join(errs...)
}

// remove deletes an object, unless it goes with its namespace.
func (c *Cluster) remove(ctx context.Context, item Item, before Inventory) error {
	var objects dynamic.ResourceInterface = c.dynamic.Resource(item.resource)
	if item.key.Namespace != "" {
		if _, stays := before["Namespace "+item.key.Namespace]; !stays {
			return nil
		}
		objects = c.dynamic.Resource(item.resource).Namespace(item.key.Namespace)
	}
	err := objects.Delete(ctx, item.key.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("cannot delete %s %q: %w", item.resource, item.key, err)
	}
	return nil
}

// definitions are those of kinds.
func definitions() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
}
