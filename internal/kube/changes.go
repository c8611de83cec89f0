package kube

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// Version of the API server, such as v1.36.3.
func (c *Client) Version(ctx context.Context) (string, error) {
	if err := context.Cause(ctx); err != nil {
		return "", fmt.Errorf("cannot ask %q: %w", c.host, err)
	}
	v, err := c.discovery.ServerVersion() // ends with the timeout of the client
	if err != nil {
		return "", fmt.Errorf("cannot read the version: %w", c.plain(err))
	}
	return v.GitVersion, nil
}

// Changes rings whenever an object of one of the kinds changes, in any namespace, until
// the context ends. Rings that nobody has heard are one. Of the versions of a kind one is
// watched; a kind that is not served, or that we may not watch, is passed over. Only the
// metadata of objects is read.
func (c *Client) Changes(ctx context.Context, kinds []schema.GroupVersionKind) <-chan struct{} {
	bell := make(chan struct{}, 1)
	seen := map[schema.GroupKind]bool{}
	for _, gvk := range kinds {
		mapping, err := c.client.RESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
		if err != nil || seen[gvk.GroupKind()] {
			continue
		}
		seen[gvk.GroupKind()] = true
		go ring(ctx, c.metadata, mapping, bell)
	}
	return bell
}

// ring watches one kind.
func ring(ctx context.Context, client metadata.Interface, mapping *meta.RESTMapping, bell chan<- struct{}) {
	silent := klog.Logger{} // a watch that fails is tried again; nobody can help
	resource := client.Resource(mapping.Resource)
	source := paged{&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return resource.List(ctx, o) },
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return resource.Watch(ctx, o)
		},
	}}
	cache.NewReflectorWithOptions(source, &metav1.PartialObjectMetadata{}, bellRope{bell}, cache.ReflectorOptions{
		Logger: &silent, Name: "kube", TypeDescription: mapping.GroupVersionKind.String(),
	}).RunWithContext(klog.NewContext(ctx, silent))
}

// bellRope rings for whatever the reflector reads, and keeps nothing.
type bellRope struct{ bell chan<- struct{} }

func (b bellRope) pull() error {
	select {
	case b.bell <- struct{}{}:
	default: // it rings already
	}
	return nil
}

func (b bellRope) Add(any) error               { return b.pull() }
func (b bellRope) Update(any) error            { return b.pull() }
func (b bellRope) Delete(any) error            { return b.pull() }
func (b bellRope) Replace([]any, string) error { return b.pull() }
func (bellRope) Resync() error                 { return nil }
