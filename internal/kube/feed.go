package kube

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// run lists and watches until nobody waits any more. client-go's reflector does what is
// hard about it: pages, bookmarks, reconnecting with a growing delay, a new list when
// the API server has forgotten where we were (410).
func (f *feed) run(c *Client, resource dynamic.ResourceInterface) {
	silent := klog.Logger{} // who waits is told; a log of our own would only repeat it
	ctx := klog.NewContext(f.ctx, silent)
	cache.NewReflectorWithOptions(f.source(c, resource), &unstructured.Unstructured{}, sink{f}, cache.ReflectorOptions{
		Logger: &silent, Name: "kube", TypeDescription: f.key.gvk.String(),
	}).RunWithContext(ctx)
}

// paged makes the reflector begin with a list in pages, which every API server answers,
// also those that do not stream lists.
type paged struct{ *cache.ListWatch }

// IsWatchListSemanticsUnSupported is how client-go asks for that.
func (paged) IsWatchListSemanticsUnSupported() bool { return true }

// source lists and watches, and tells the feed which lists fail. How long a watch lasts
// at most is in its options; the context ends it earlier.
func (f *feed) source(c *Client, resource dynamic.ResourceInterface) paged {
	return paged{&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			limited, cancel := context.WithTimeout(ctx, c.timeout)
			defer cancel()
			list, err := resource.List(limited, o)
			if err == nil {
				return list, nil
			}
			err = c.plain(err)
			// After an expired page the reflector lists again, without pages.
			if ctx.Err() == nil && !expired(err) {
				f.failed(err)
			}
			return nil, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := resource.Watch(ctx, o)
			return w, c.plain(err)
		},
	}}
}

// sink takes what the reflector reads.
type sink struct{ feed *feed }

var errNotAnObject = errors.New("cannot take what is no object")

func (s sink) Add(obj any) error { return s.Update(obj) }

func (s sink) Update(obj any) error {
	u, err := object(obj)
	if err != nil {
		return err
	}
	s.feed.set(u.GetName(), u)
	return nil
}

func (s sink) Delete(obj any) error {
	u, err := object(obj)
	if err != nil {
		return err
	}
	s.feed.set(u.GetName(), nil)
	return nil
}

func (s sink) Replace(items []any, _ string) error {
	list := make([]*unstructured.Unstructured, 0, len(items))
	for _, item := range items {
		u, err := object(item)
		if err != nil {
			return err
		}
		list = append(list, u)
	}
	s.feed.replace(list)
	return nil
}

func (sink) Resync() error { return nil }

// object without what nobody reads and is often the largest part of it.
func object(obj any) (*unstructured.Unstructured, error) {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return nil, fmt.Errorf("%w: %T", errNotAnObject, obj)
	}
	u.SetManagedFields(nil)
	return u, nil
}
