// Package schema reads the schema of Cluster from the Go types in api/v2.
package schema

import (
	"errors"
	"fmt"

	"golang.org/x/tools/go/packages"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-tools/pkg/crd"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
	"sigs.k8s.io/controller-tools/pkg/loader"
	"sigs.k8s.io/controller-tools/pkg/markers"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
)

// Load gives the CustomResourceDefinition version that controller-gen makes of
// the types in api/v2 below root, the folder of the product's go.mod. It has
// everything the types and their markers say; nothing of Crossplane's.
func Load(root string) (*extv1.CustomResourceDefinitionVersion, error) {
	pkgs, err := loader.LoadRootsWithConfig(&packages.Config{Dir: root}, "./api/v2")
	if err != nil {
		return nil, fmt.Errorf("cannot load package %q in %q: %w", "./api/v2", root, err)
	}
	registry := &markers.Registry{}
	if err := crdmarkers.Register(registry); err != nil {
		return nil, fmt.Errorf("cannot register the markers of controller-gen: %w", err)
	}
	parser := &crd.Parser{
		Collector: &markers.Collector{Registry: registry},
		Checker:   &loader.TypeChecker{},
	}
	crd.AddKnownTypes(parser)
	for _, pkg := range pkgs {
		parser.NeedPackage(pkg)
	}
	kind := schema.GroupKind{Group: v2.Group, Kind: v2.Kind}
	parser.NeedCRDFor(kind, nil)
	// Errors in the types and markers do not stop the parser; it leaves out what
	// it cannot read, so a schema that was made in spite of them is not complete.
	if err := typeErrors(pkgs); err != nil {
		return nil, err
	}
	for i, version := range parser.CustomResourceDefinitions[kind].Spec.Versions {
		if version.Name == v2.Version {
			return &parser.CustomResourceDefinitions[kind].Spec.Versions[i], nil
		}
	}
	return nil, fmt.Errorf("cannot find version %q of %q in package %q", v2.Version, kind, "./api/v2")
}

func typeErrors(pkgs []*loader.Package) error {
	var errs []error
	for _, pkg := range pkgs {
		for _, err := range pkg.Errors {
			errs = append(errs, fmt.Errorf("cannot read the types of %q: %w", pkg.PkgPath, err))
		}
	}
	return errors.Join(errs...)
}
