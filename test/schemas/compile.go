package schemas

import (
	"context"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// A version is one served version of a CRD.
type version struct {
	compiled func() (*compiled, error)
}

// A compiled schema is what an API server keeps per served version.
type compiled struct {
	structural *structuralschema.Structural
	openAPI    validation.SchemaValidator
	cel        *cel.Validator
}

func compile(props *apiextensionsv1.JSONSchemaProps) (*compiled, error) {
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(props, internal, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		return nil, err
	}
	if err := defaulting.PruneDefaults(structural); err != nil {
		return nil, err
	}
	openAPI, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return nil, err
	}
	return &compiled{structural: structural, openAPI: openAPI, cel: cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// validate does what an API server does with a create request, in its order: prune, default, validate, run CEL. It
// changes obj.
//
// One difference is wanted: an API server drops a null where the field may not be null and has no default, here the
// null stays and is refused, because a rendering that emits nulls has a bug.
func (c *compiled) validate(ctx context.Context, obj map[string]any) field.ErrorList {
	var errs field.ErrorList

	unknown := pruning.PruneWithOptions(obj, c.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	malformed, unknownMeta := objectmeta.CoerceWithOptions(nil, obj, c.structural, true, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if malformed != nil {
		return append(errs, malformed)
	}
	for _, path := range append(unknown, unknownMeta...) {
		errs = append(errs, unknownField(path))
	}

	defaulting.Default(obj, c.structural)

	errs = append(errs, validation.ValidateCustomResource(nil, obj, c.openAPI)...)
	errs = append(errs, objectmeta.Validate(ctx, nil, obj, c.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, c.structural, obj)...)
	if blocksCEL(errs) {
		return errs
	}
	// No old object: transition rules, such as those for immutable fields, do not apply to a create request.
	ruleErrs, _ := c.cel.Validate(ctx, nil, c.structural, obj, nil, celconfig.RuntimeCELCostBudget)
	return append(errs, ruleErrs...)
}

// blocksCEL says whether CEL rules would only repeat what is known: the API server's own list of error types.
func blocksCEL(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		default:
		}
	}
	return false
}

func unknownField(path string) *field.Error {
	return field.Forbidden(field.NewPath(path), "unknown field")
}
