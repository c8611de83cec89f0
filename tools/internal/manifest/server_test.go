package manifest

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/crossplane/crossplane-runtime/v2/pkg/xcrd"
	xpv1 "github.com/crossplane/crossplane/apis/v2/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/tools/internal/schema"
)

// root of the repository, from this package.
const root = "../../.."

// loaded reads the types once: it is what takes the time of these tests.
var loaded = sync.OnceValues(func() (*extv1.CustomResourceDefinitionVersion, error) { return schema.Load(root) })

func options(t *testing.T) Options {
	t.Helper()
	version, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Version: "v0.1.0", Providers: CommunityProviders, Schema: version}
}

// crd gives the CustomResourceDefinition that Crossplane makes of the XRD, by
// Crossplane's own code.
func crd(t *testing.T) *extv1.CustomResourceDefinition {
	t.Helper()
	xrd, err := definition(options(t).Schema)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(xrd)
	if err != nil {
		t.Fatal(err)
	}
	// The first version of the API has every field of the second.
	v1 := &xpv1.CompositeResourceDefinition{}
	if err := json.Unmarshal(raw, v1); err != nil {
		t.Fatal(err)
	}
	v1.UID = "uid" // every object in an API server has one
	out, err := xcrd.ForCompositeResource(v1)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A server does to objects what the API server does with that definition.
type server struct {
	props  *apiextensions.JSONSchemaProps
	schema *structural.Structural
	types  validation.SchemaValidator
	rules  *cel.Validator
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{props: &apiextensions.JSONSchemaProps{}}
	if err := extv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd(t).Spec.Versions[0].Schema.OpenAPIV3Schema, s.props, nil); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.schema, err = structural.NewStructural(s.props); err != nil {
		t.Fatal(err)
	}
	if s.types, _, err = validation.NewSchemaValidator(s.props); err != nil {
		t.Fatal(err)
	}
	s.rules = cel.NewValidator(s.schema, true, celconfig.PerCallLimit)
	return s
}

// admit changes obj as the API server would and gives what it would refuse, and
// the unknown fields that it would drop.
func (s *server) admit(obj map[string]any) (refused field.ErrorList, dropped []string) {
	dropped = pruning.PruneWithOptions(obj, s.schema, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, s.schema)
	defaulting.Default(obj, s.schema)
	refused = validation.ValidateCustomResource(nil, obj, s.types)
	broken, _ := s.rules.Validate(context.Background(), nil, s.schema, obj, nil, celconfig.RuntimeCELCostBudget)
	return append(refused, broken...), dropped
}

// object reads YAML as the API server does: whole numbers are integers.
func object(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	inJSON, err := yaml.YAMLToJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	var obj map[string]any
	if err := utiljson.Unmarshal(inJSON, &obj); err != nil {
		t.Fatal(err)
	}
	return obj
}

// cluster makes a Cluster of its parameters in YAML.
func cluster(t *testing.T, parameters string) map[string]any {
	t.Helper()
	p := object(t, []byte(parameters))
	spec := map[string]any{
		"crossplane": map[string]any{"compositionSelector": map[string]any{"matchLabels": map[string]any{"provider": "aws"}}},
	}
	if p != nil {
		spec["parameters"] = p
	}
	return map[string]any{
		"apiVersion": "devopstoolkit.ai/v2",
		"kind":       "Cluster",
		"metadata":   map[string]any{"name": "demo", "namespace": "team-a"},
		"spec":       spec,
	}
}

// TestDefinitionIsAccepted has the API server's own checks for definitions: the
// schema is structural, the rules compile and stay within the cost that one
// rule, and all of them together, may have for the worst object there can be.
func TestDefinitionIsAccepted(t *testing.T) {
	v1 := crd(t)
	extv1.SetDefaults_CustomResourceDefinition(v1)
	extv1.SetDefaults_CustomResourceDefinitionSpec(&v1.Spec)
	v1.Status.StoredVersions = []string{"v2"}
	internal := &apiextensions.CustomResourceDefinition{}
	if err := extv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(v1, internal, nil); err != nil {
		t.Fatal(err)
	}
	for _, err := range crdvalidation.ValidateCustomResourceDefinition(context.Background(), internal) {
		t.Error(err)
	}
}
