package main

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/internal/kube"
	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// cluster gives the tools what they need of the client.
type cluster struct{ live *kube.Client }

// Snapshot implements [mcpserver.Cluster].
func (c cluster) Snapshot(ctx context.Context, o topology.Options) (*topology.Snapshot, error) {
	return topology.Load(ctx, c.live.Reader(), o)
}

// Version implements [mcpserver.Cluster].
func (c cluster) Version(ctx context.Context) (string, error) { return c.live.Version(ctx) }

// Get implements [mcpserver.Cluster].
func (c cluster) Get(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error) {
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(kind)
	if err := c.live.Reader().Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, obj); err != nil {
		return nil, err
	}
	return obj, nil
}

// Watch implements [mcpserver.Cluster].
func (c cluster) Watch(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) (<-chan *unstructured.Unstructured, error) {
	return c.live.Watch(ctx, kind, namespace, name)
}

// Apply implements [mcpserver.Cluster].
func (c cluster) Apply(ctx context.Context, obj *unstructured.Unstructured, o mcpserver.ApplyOptions) (*unstructured.Unstructured, error) {
	return c.live.Apply(ctx, obj, kube.ApplyOptions(o))
}
