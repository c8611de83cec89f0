package plane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fieldOwner is the manager of every field that the harness applies.
const fieldOwner = client.FieldOwner("gatehouse-e2e")

// ParseObjects reads a YAML stream of Kubernetes objects.
func ParseObjects(data []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot parse document %d: %w", len(objects)+1, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// ReadObjects reads the Kubernetes objects of the files that the patterns (see
// filepath.Glob) match. A pattern that matches nothing is an error.
func ReadObjects(patterns ...string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("cannot read %q: %w", pattern, err)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("cannot read %q: no such file", pattern)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("cannot read %q: %w", file, err)
			}
			found, err := ParseObjects(data)
			if err != nil {
				return nil, fmt.Errorf("cannot read %q: %w", file, err)
			}
			objects = append(objects, found...)
		}
	}
	return objects, nil
}

// Apply applies the objects in order with server-side apply. A kind that the
// API server does not know yet is waited for until ctx ends, as a definition
// may have been applied a moment ago.
func (p *Plane) Apply(ctx context.Context, objects ...*unstructured.Unstructured) error {
	for _, object := range objects {
		what := describe(object)
		var refused error
		err := p.Poll(ctx, "the kind of "+what, func(ctx context.Context) error {
			wanted := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
			err := p.Client().Apply(ctx, wanted, fieldOwner, client.ForceOwnership)
			if meta.IsNoMatchError(err) || isUnknownPath(err) {
				return err
			}
			refused = err
			return nil
		})
		if err := errors.Join(err, refused); err != nil {
			return fmt.Errorf("cannot apply %s: %w", what, err)
		}
	}
	return nil
}

// isUnknownPath reports whether the API server answered that it has no such
// resource at all, as it does while a new definition reaches its routes.
func isUnknownPath(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && apierrors.IsNotFound(err) && (status.Status().Details == nil || status.Status().Details.Name == "")
}

// ApplyYAML applies a YAML stream of objects.
func (p *Plane) ApplyYAML(ctx context.Context, data string) error {
	objects, err := ParseObjects([]byte(data))
	if err != nil {
		return err
	}
	return p.Apply(ctx, objects...)
}

// Reference is an object by its identity only, for the functions that look.
func Reference(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(apiVersion)
	object.SetKind(kind)
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

// WaitFor looks at the object until check returns nil, and leaves the last
// version seen in it.
func (p *Plane) WaitFor(ctx context.Context, object *unstructured.Unstructured, check func(*unstructured.Unstructured) error) error {
	key := client.ObjectKeyFromObject(object)
	return p.Poll(ctx, describe(object), func(ctx context.Context) error {
		if err := p.Client().Get(ctx, key, object); err != nil {
			return err
		}
		return check(object)
	})
}

// WaitCondition waits until every named condition of the object is True.
func (p *Plane) WaitCondition(ctx context.Context, object *unstructured.Unstructured, types ...string) error {
	return p.WaitFor(ctx, object, func(o *unstructured.Unstructured) error { return conditionsTrue(o, types) })
}

// WaitGone waits until the object no longer exists.
func (p *Plane) WaitGone(ctx context.Context, object *unstructured.Unstructured) error {
	key := client.ObjectKeyFromObject(object)
	return p.Poll(ctx, "the end of "+describe(object), func(ctx context.Context) error {
		err := p.Client().Get(ctx, key, object)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("it is still there"), err)
	})
}

// conditionsTrue returns nil when all named conditions are True, and otherwise
// an error with everything the object says about itself.
func conditionsTrue(object *unstructured.Unstructured, types []string) error {
	conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	if err != nil {
		return err
	}
	missing := slices.Clone(types)
	for _, entry := range conditions {
		condition, ok := entry.(map[string]any)
		if ok && condition["status"] == "True" {
			missing = slices.DeleteFunc(missing, func(t string) bool { return t == condition["type"] })
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("conditions %q are not True: %v", missing, conditions)
}

// describe names an object in messages.
func describe(object *unstructured.Unstructured) string {
	name := object.GetName()
	if object.GetNamespace() != "" {
		name = object.GetNamespace() + "/" + name
	}
	return fmt.Sprintf("%s %q", object.GetKind(), name)
}

// InstallDefinitions applies CustomResourceDefinitions and waits until the API
// server serves them.
func (p *Plane) InstallDefinitions(ctx context.Context, definitions ...*unstructured.Unstructured) error {
	if err := p.Apply(ctx, definitions...); err != nil {
		return err
	}
	for _, definition := range definitions {
		if err := p.WaitCondition(ctx, definition, "Established"); err != nil {
			return err
		}
	}
	return nil
}
