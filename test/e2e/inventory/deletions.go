package inventory

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// Deletion is when an object was deleted, in resource versions: those of one API
// server are in order over all kinds
// (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
type Deletion struct {
	// Asked is when somebody was allowed to delete it. It may stay a while, for its
	// finalizers.
	Asked uint64
	// Gone is when it was no longer there.
	Gone uint64
}

// Deletions records how objects are deleted.
type Deletions struct {
	mu   sync.Mutex
	seen map[string]Deletion
	err  error
}

// WatchDeletions records the deletions of what is in a namespace, of the given kinds,
// until the context ends.
func (c *Cluster) WatchDeletions(ctx context.Context, namespace string, kinds ...schema.GroupVersionKind) (*Deletions, error) {
	d := &Deletions{seen: map[string]Deletion{}}
	for _, kind := range kinds {
		resource, _ := meta.UnsafeGuessKindToResource(kind)
		objects := c.dynamic.Resource(resource).Namespace(namespace)
		list, err := objects.List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", resource, err)
		}
		events, err := objects.Watch(ctx, metav1.ListOptions{ResourceVersion: list.GetResourceVersion()})
		if err != nil {
			return nil, fmt.Errorf("cannot watch %s: %w", resource, err)
		}
		go d.record(ctx, resource, events)
	}
	return d, nil
}

func (d *Deletions) record(ctx context.Context, resource schema.GroupVersionResource, events watch.Interface) {
	defer events.Stop()
	for event := range events.ResultChan() {
		o, ok := event.Object.(*unstructured.Unstructured)
		if !ok || event.Type == watch.Error {
			d.fail(fmt.Errorf("cannot watch %s: %w", resource, apierrors.FromObject(event.Object)))
			return
		}
		d.note(event.Type, o)
	}
	if ctx.Err() == nil {
		d.fail(fmt.Errorf("cannot watch %s to its end", resource))
	}
}

func (d *Deletions) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *Deletions) note(what watch.EventType, o *unstructured.Unstructured) {
	if o.GetDeletionTimestamp() == nil && what != watch.Deleted {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if err != nil {
		d.err = fmt.Errorf("cannot order the deletions: %w", err)
		return
	}
	id := Identity(o)
	seen := d.seen[id]
	if seen.Asked == 0 {
		seen.Asked = at
	}
	if what == watch.Deleted {
		seen.Gone = at
	}
	d.seen[id] = seen
}

// All returns what was deleted so far, by identity as in an Inventory.
func (d *Deletions) All() (map[string]Deletion, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.seen), d.err
}
