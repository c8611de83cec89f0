package schemas

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const manifestPath = "spec.forProvider.manifest"

// Validate reports everything an API server with the pinned CRDs would refuse or drop in obj, each with its field path.
// It does not change obj. The manifest inside a provider-kubernetes Object is validated too.
//
// An error of type field.ErrorTypeNotFound means that there is no schema here for the kind.
func (s *Set) Validate(obj map[string]any) field.ErrorList {
	// The round trip copies obj, which defaulting changes, and makes every number what an API server reads: int64 or
	// float64. CEL refuses other types.
	raw, err := utiljson.Marshal(obj)
	if err != nil {
		return field.ErrorList{field.Invalid(nil, nil, fmt.Sprintf("cannot encode the object: %v", err))}
	}
	var plain map[string]any
	if err := utiljson.Unmarshal(raw, &plain); err != nil {
		return field.ErrorList{field.Invalid(nil, nil, fmt.Sprintf("cannot decode the object: %v", err))}
	}

	apiVersion, _ := plain["apiVersion"].(string)
	kind, _ := plain["kind"].(string)
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil || gv.Version == "" {
		return field.ErrorList{field.Invalid(field.NewPath("apiVersion"), plain["apiVersion"], "must be group/version")}
	}
	if kind == "" {
		return field.ErrorList{field.Required(field.NewPath("kind"), "")}
	}
	gvk := gv.WithKind(kind)

	def := s.definitions[gvk.GroupKind()]
	if def == nil {
		return validateBuiltIn(gvk, raw)
	}
	versions, err := def.versions()
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	v := versions[gvk.Version]
	if v == nil {
		served := slices.Sorted(maps.Keys(versions))
		detail := fmt.Sprintf("%s is served only as %s", gvk.GroupKind(), strings.Join(served, ", "))
		return field.ErrorList{field.Invalid(field.NewPath("apiVersion"), apiVersion, detail)}
	}
	c, err := v.compiled()
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}

	errs := c.validate(context.Background(), plain)
	if gvk.Group == "kubernetes.m.crossplane.io" && kind == "Object" {
		errs = append(errs, s.validateManifest(plain)...)
	}
	return errs
}

// validateManifest validates the manifest of a provider-kubernetes Object. A manifest that is missing or does not say
// its type is left to the Object's own schema.
func (s *Set) validateManifest(object map[string]any) field.ErrorList {
	spec, _ := object["spec"].(map[string]any)
	forProvider, _ := spec["forProvider"].(map[string]any)
	manifest, _ := forProvider["manifest"].(map[string]any)
	if manifest["apiVersion"] == nil || manifest["kind"] == nil {
		return nil
	}
	patched := patchedFields(spec)

	var errs field.ErrorList
	for _, err := range s.Validate(manifest) {
		err.Field = strings.TrimSuffix(manifestPath+"."+err.Field, ".<nil>")
		// The provider fills the field in before it applies the manifest.
		if err.Type == field.ErrorTypeRequired && patched[err.Field] {
			continue
		}
		errs = append(errs, err)
	}
	return errs
}

// patchedFields are the paths which spec.references copies into an Object from other resources.
func patchedFields(spec map[string]any) map[string]bool {
	patched := map[string]bool{}
	references, _ := spec["references"].([]any)
	for _, r := range references {
		reference, _ := r.(map[string]any)
		from, _ := reference["patchesFrom"].(map[string]any)
		path, _ := reference["toFieldPath"].(string)
		if path == "" {
			path, _ = from["fieldPath"].(string)
		}
		patched[path] = true
	}
	return patched
}
