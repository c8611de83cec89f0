package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Reader reads objects: it is a client.Reader of controller-runtime. Its errors are
// those of the API server, as k8s.io/apimachinery/pkg/api/errors tells them apart; they
// wrap ErrUnreachable if nothing answers.
type Reader struct{ c *Client }

var _ client.Reader = Reader{}

// Reader returns the reader of the client.
func (c *Client) Reader() Reader { return Reader{c} }

// Get reads one object.
func (r Reader) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if err := context.Cause(ctx); err != nil {
		// Discovery, which may come first, does not look at the context.
		return fmt.Errorf("cannot ask %q: %w", r.c.host, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.timeout)
	defer cancel()
	return r.c.plain(r.c.client.Get(ctx, key, obj, opts...))
}

// List reads one page of objects.
func (r Reader) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("cannot ask %q: %w", r.c.host, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.timeout)
	defer cancel()
	return r.c.plain(r.c.client.List(ctx, list, opts...))
}

// Get reads one object of any kind.
func (c *Client) Get(ctx context.Context, gvk schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error) {
	obj, err := Within(ctx, 0, func() (*unstructured.Unstructured, error) {
		obj := &unstructured.Unstructured{}
		obj.SetGroupVersionKind(gvk)
		return obj, c.Reader().Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, obj)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read %s %q: %w", gvk.Kind, name, err)
	}
	return obj, nil
}

// ApplyOptions of Apply.
type ApplyOptions struct {
	// Owner of the fields from now on: the field manager. It has to be given.
	Owner string
	// DryRun lets the API server check everything and keep nothing.
	DryRun bool
	// Force takes fields that others own.
	Force bool
}

// Apply applies an object on the server's side and returns what it becomes. Fields that
// the kind does not have are refused. With a resourceVersion it fails if the object
// has changed.
func (c *Client) Apply(ctx context.Context, obj *unstructured.Unstructured, o ApplyOptions) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	gvk := obj.GroupVersionKind()
	resource, err := c.resource(ctx, gvk, obj.GetNamespace())
	if err != nil {
		return nil, fmt.Errorf("cannot apply %s %q: %w", gvk.Kind, obj.GetName(), err)
	}
	raw, err := obj.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("cannot apply %s %q: %w", gvk.Kind, obj.GetName(), err)
	}
	opts := metav1.PatchOptions{FieldManager: o.Owner, Force: &o.Force, FieldValidation: metav1.FieldValidationStrict}
	if o.DryRun {
		opts.DryRun = []string{metav1.DryRunAll}
	}
	out, err := resource.Patch(ctx, obj.GetName(), types.ApplyPatchType, raw, opts)
	if err != nil {
		return nil, fmt.Errorf("cannot apply %s %q: %w", gvk.Kind, obj.GetName(), c.plain(err))
	}
	return out, nil
}

// mapping tells the resource of a kind, and its scope. Discovery, which may be needed to
// know, does not look at the context by itself.
func (c *Client) mapping(ctx context.Context, gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	return Within(ctx, 0, func() (*meta.RESTMapping, error) {
		return c.client.RESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	})
}

// resource is where objects of a kind are read, changed and watched.
func (c *Client) resource(ctx context.Context, gvk schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) { //nolint:ireturn // client-go has no type for it
	mapping, err := c.mapping(ctx, gvk)
	if err != nil {
		return nil, c.plain(err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot || namespace == "" {
		return c.dynamic.Resource(mapping.Resource), nil
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(namespace), nil
}

// Namespaced says whether objects of a kind are in namespaces; false for kinds that are
// not served.
func (c *Client) Namespaced(ctx context.Context, gvk schema.GroupVersionKind) (bool, error) {
	mapping, err := c.mapping(ctx, gvk)
	if meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot tell whether %s is in namespaces: %w", gvk.Kind, c.plain(err))
	}
	return mapping.Scope.Name() == meta.RESTScopeNameNamespace, nil
}

// plain says that nothing answers, where that is what happened. What the API server
// says itself, and the end of the caller's context, stay as they are.
func (c *Client) plain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || meta.IsNoMatchError(err) || apierrors.ReasonForError(err) != metav1.StatusReasonUnknown {
		return err
	}
	if !unanswered(err) {
		return fmt.Errorf("cannot ask %q: %w", c.host, err)
	}
	return fmt.Errorf("%w at %q: %w", ErrUnreachable, c.host, err)
}

// unanswered says that no answer came over the network: the name, the connection or
// the time failed. A url.Error is a net.Error whatever it holds, so what it holds
// counts: it may also be a credential plugin that does not run.
func unanswered(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	_, network := errors.AsType[net.Error](err)
	return network
}

func expired(err error) bool { return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) }
