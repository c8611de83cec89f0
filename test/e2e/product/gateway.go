package product

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

// Gateway returns the GatewayClass and the shared Gateway that a Cluster with Envoy Gateway
// is composed of. The Cluster is an example's, a file of examples/valid.
func Gateway(example string) (class, gateway *unstructured.Unstructured, err error) {
	root, err := Root()
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(filepath.Join(root, "examples", "valid", example))
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read example %q: %w", example, err)
	}
	defer func() { _ = file.Close() }()
	documents, err := render.Read(example, file)
	if err != nil {
		return nil, nil, err
	}
	charts, err := catalog.Load()
	if err != nil {
		return nil, nil, err
	}
	rendered, err := render.New(compose.NewPlanner(charts)).Render(documents, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, item := range rendered[0].Items() {
		manifest, _, err := unstructured.NestedMap(item.Object, "spec", "forProvider", "manifest")
		if err != nil {
			return nil, nil, fmt.Errorf("cannot read the manifest of %q: %w", item.Key, err)
		}
		switch manifest["kind"] {
		case "GatewayClass":
			class = &unstructured.Unstructured{Object: manifest}
		case "Gateway":
			gateway = &unstructured.Unstructured{Object: manifest}
		}
	}
	if class == nil || gateway == nil {
		return nil, nil, fmt.Errorf("cannot find the Gateway of example %q: it is not composed of one", example)
	}
	return class, gateway, nil
}
