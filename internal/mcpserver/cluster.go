package mcpserver

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// Cluster is the cluster that tools look at and, where writes are allowed, change.
// Its errors are shown to callers: they say what was tried, and nothing secret.
type Cluster interface {
	// Snapshot reads what leads into the cluster.
	Snapshot(ctx context.Context, o topology.Options) (*topology.Snapshot, error)
	// Version of the API server, such as v1.36.3.
	Version(ctx context.Context) (string, error)
	// Get reads one object.
	Get(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error)
	// Watch hands out an object as it is now, nil if it does not exist, and again
	// whenever it changes; who reads late gets the newest only. The object is not
	// the reader's to change. The channel is closed when nothing more will come.
	Watch(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) (<-chan *unstructured.Unstructured, error)
	// Apply applies fields of an object on the server's side and returns the object
	// that it becomes. With a resourceVersion it fails if the object has changed.
	Apply(ctx context.Context, obj *unstructured.Unstructured, o ApplyOptions) (*unstructured.Unstructured, error)
}

// ApplyOptions of Cluster.Apply.
type ApplyOptions struct {
	// Owner of the fields from now on: the field manager.
	Owner string
	// DryRun lets the API server check everything and keep nothing.
	DryRun bool
	// Force takes fields that others own.
	Force bool
}

func clusterKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: v2.Group, Version: v2.Version, Kind: v2.Kind}
}
