package schemas

import (
	"fmt"
	"regexp"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"
)

// strictProblem is how the strict decoder words one problem, for example: unknown field "spec.replica".
var strictProblem = regexp.MustCompile(`^(unknown|duplicate) field "(.+)"$`)

// builtIn is the scheme of the kinds which every API server has, and a strict decoder for them.
var builtIn = sync.OnceValues(func() (*runtime.Scheme, runtime.Decoder) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, apiextensionsv1.AddToScheme} {
		if err := add(s); err != nil {
			// Only two types with one name can cause this: a fault of the pinned libraries.
			panic(fmt.Errorf("cannot build the scheme of the built-in kinds: %w", err))
		}
	}
	return s, json.NewSerializerWithOptions(json.DefaultMetaFactory, s, s, json.SerializerOptions{Strict: true})
})

func validateBuiltIn(gvk schema.GroupVersionKind, raw []byte) field.ErrorList {
	known, decoder := builtIn()
	if !known.Recognizes(gvk) {
		return field.ErrorList{unknownKind(known, gvk)}
	}
	_, _, err := decoder.Decode(raw, nil, nil)
	if err == nil {
		return nil
	}
	strict, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		return field.ErrorList{field.Invalid(nil, gvk.String(), err.Error())}
	}
	var errs field.ErrorList
	for _, problem := range strict.Errors() {
		if m := strictProblem.FindStringSubmatch(problem.Error()); m != nil {
			errs = append(errs, field.Forbidden(field.NewPath(m[2]), m[1]+" field"))
			continue
		}
		errs = append(errs, field.Invalid(nil, gvk.String(), problem.Error()))
	}
	return errs
}

// unknownKind tells a kind that exists in another version from one that nobody here knows.
func unknownKind(known *runtime.Scheme, gvk schema.GroupVersionKind) *field.Error {
	if versions := known.VersionsForGroupKind(gvk.GroupKind()); len(versions) > 0 {
		return field.Invalid(field.NewPath("apiVersion"), gvk.GroupVersion().String(), fmt.Sprintf("%s is served only as %v", gvk.GroupKind(), versions))
	}
	err := field.NotFound(field.NewPath("kind"), gvk.String())
	err.Detail = "no schema here for this kind"
	return err
}
