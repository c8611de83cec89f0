package manifest

import (
	"encoding/json"
	"fmt"
	"strings"

	xpv1 "github.com/crossplane/crossplane/apis/v2/apiextensions/v1"
	xpv2 "github.com/crossplane/crossplane/apis/v2/apiextensions/v2"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// The names that users' objects carry already: they never change.
const (
	plural             = "clusters"
	defaultComposition = v2.CompositionPrefix + string(v2.ProviderAWS)
	readyStep          = "automatically-detect-ready-composed-resources"
)

func definition(version *extv1.CustomResourceDefinitionVersion) (*xpv2.CompositeResourceDefinition, error) {
	raw, err := json.Marshal(Schema(version))
	if err != nil {
		return nil, fmt.Errorf("cannot write the schema of %q: %w", v2.Kind, err)
	}
	return &xpv2.CompositeResourceDefinition{
		TypeMeta: metav1.TypeMeta{APIVersion: xpv2.SchemeGroupVersion.String(), Kind: xpv2.CompositeResourceDefinitionKind},
		ObjectMeta: metav1.ObjectMeta{
			Name:   plural + "." + v2.Group,
			Labels: map[string]string{"idp": "true"},
		},
		Spec: xpv2.CompositeResourceDefinitionSpec{
			Group:                 v2.Group,
			Names:                 extv1.CustomResourceDefinitionNames{Kind: v2.Kind, Plural: plural},
			Scope:                 xpv2.CompositeResourceScopeNamespaced,
			DefaultCompositionRef: &xpv2.CompositionReference{Name: defaultComposition},
			Versions: []xpv2.CompositeResourceDefinitionVersion{{
				Name:                     v2.Version,
				Served:                   true,
				Referenceable:            true,
				Schema:                   &xpv2.CompositeResourceValidation{OpenAPIV3Schema: runtime.RawExtension{Raw: raw}},
				AdditionalPrinterColumns: version.AdditionalPrinterColumns,
			}},
		},
	}, nil
}

// Schema gives what the XRD says of the schema: spec and status. The rest, and
// spec.crossplane, is added by Crossplane itself.
func Schema(version *extv1.CustomResourceDefinitionVersion) *extv1.JSONSchemaProps {
	root := version.Schema.OpenAPIV3Schema.DeepCopy()
	for name := range root.Properties {
		if name != "spec" && name != "status" {
			delete(root.Properties, name)
		}
	}
	spec := root.Properties["spec"]
	delete(spec.Properties, "crossplane")
	root.Required = nil
	for name, field := range root.Properties {
		field.Description = forUsers(field.Description)
		root.Properties[name] = field
	}
	describeOnce(root)
	return root
}

// forUsers takes the name of the Go type, which only programmers see, out of its
// comment.
func forUsers(comment string) string {
	_, is, ok := strings.Cut(comment, " is ")
	if !ok || !strings.HasPrefix(comment, v2.Kind) {
		return comment
	}
	return strings.ToUpper(is[:1]) + is[1:]
}

// describeOnce drops the descriptions of the items of lists and maps. They are
// the comments of Go types; the list or map says the same for users.
func describeOnce(s *extv1.JSONSchemaProps) {
	for name, field := range s.Properties {
		describeOnce(&field)
		s.Properties[name] = field
	}
	if s.Items != nil && s.Items.Schema != nil {
		s.Items.Schema.Description = ""
		describeOnce(s.Items.Schema)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		s.AdditionalProperties.Schema.Description = ""
		describeOnce(s.AdditionalProperties.Schema)
	}
}

func composition(c composed.Cloud) *xpv1.Composition {
	return &xpv1.Composition{
		TypeMeta: metav1.TypeMeta{APIVersion: xpv1.SchemeGroupVersion.String(), Kind: xpv1.CompositionKind},
		ObjectMeta: metav1.ObjectMeta{
			Name:   v2.CompositionPrefix + string(c.Provider),
			Labels: map[string]string{"provider": string(c.Provider), "cluster": c.Flavor},
		},
		Spec: xpv1.CompositionSpec{
			CompositeTypeRef: xpv1.TypeReference{APIVersion: v2.APIVersion, Kind: v2.Kind},
			Mode:             xpv1.CompositionModePipeline,
			Pipeline: []xpv1.PipelineStep{
				{Step: "compose", FunctionRef: xpv1.FunctionReference{Name: InstalledName(FunctionPackage)}},
				{Step: readyStep, FunctionRef: xpv1.FunctionReference{Name: InstalledName(autoReadyPackage)}},
			},
		},
	}
}
