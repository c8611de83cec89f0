package manifest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// contract is every field of the API that clusters use already, as the contract
// lists them: type and default, and a star where the field is required. There
// may be more fields, never fewer.
const contract = `
version                                       string
nodeSize                                      string  small *
minNodeCount                                  integer 1
namespaces                                    array   ["dev","production"]
gpu.enabled                                   boolean false
gpu.nodeSize                                  string  small
gpu.minNodeCount                              integer 1
gpu.maxNodeCount                              integer 10
creds.name                                    string  - *
creds.namespace                               string  crossplane-system *
creds.keys                                    array   - *
apps.crossplane.enabled                       boolean false
apps.argocd.enabled                           boolean false
apps.openfunction.enabled                     boolean false
apps.dapr.enabled                             boolean false
apps.traefik.enabled                          boolean false
apps.nvidia.enabled                           boolean false
apps.vllm.enabled                             boolean false
apps.keda.enabled                             boolean false
apps.envoyGateway.enabled                     boolean false
apps.prometheus.enabled                       boolean false
apps.externalSecrets.enabled                  boolean false
apps.argocd.host                              string  acme.com
apps.argocd.repoURL                           string  https://github.com/vfarcic/SOMETHING
apps.argocd.destinationNamespace              string  argo-cd
apps.argocd.sourcePath                        string  .
apps.externalSecrets.store                    boolean
apps.externalSecrets.googleCredentialsKey     string
apps.externalSecrets.azureVaultUrl            string
apps.externalSecrets.awsAccessKeyIDKey        string  accessKeyID
apps.externalSecrets.awsSecretAccessKeyKey    string  secretAccessKey
apps.externalSecrets.secrets                  array
apps.externalSecrets.secrets.fromSecret       string  - *
apps.externalSecrets.secrets.toSecret         string  - *
apps.externalSecrets.secrets.toNamespace      string  - *
apps.externalSecrets.secrets.type             string  Opaque
`

func TestContract(t *testing.T) {
	schema := Schema(options(t).Schema)
	parameters := schema.Properties["spec"].Properties["parameters"]
	for line := range strings.Lines(strings.TrimSpace(contract)) {
		want := append(strings.Fields(line), "", "", "")
		path := strings.Split(want[0], ".")
		parent := at(&parameters, path[:len(path)-1])
		name := path[len(path)-1]
		field, ok := parent.Properties[name]
		if !ok {
			t.Errorf("%s is missing", want[0])
			continue
		}
		if field.Type != want[1] {
			t.Errorf("%s: want type %s, got %s", want[0], want[1], field.Type)
		}
		byDefault := ""
		if field.Default != nil {
			byDefault = strings.Trim(string(field.Default.Raw), `"`)
		}
		if byDefault != strings.TrimPrefix(want[2], "-") {
			t.Errorf("%s: want default %q, got %q", want[0], want[2], byDefault)
		}
		if required := slices.Contains(parent.Required, name); required != (want[3] == "*") {
			t.Errorf("%s: required is %t", want[0], required)
		}
	}

	var sizes []string
	for _, v := range parameters.Properties["nodeSize"].Enum {
		var size string
		if err := json.Unmarshal(v.Raw, &size); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, size)
	}
	if diff := cmp.Diff([]string{"small", "medium", "large"}, sizes); diff != "" {
		t.Errorf("sizes: -want, +got:\n%s", diff)
	}

	status := schema.Properties["status"]
	for _, name := range []string{"clusterName", "controlPlaneStatus", "nodePoolStatus", "field1"} {
		if status.Properties[name].Type != "string" {
			t.Errorf("status.%s is missing", name)
		}
	}
}

// TestOnlyOldFieldsAreRequired holds new fields to what running clusters have:
// none of them.
func TestOnlyOldFieldsAreRequired(t *testing.T) {
	want := map[string][]string{
		"":                             {"nodeSize"},
		"creds":                        {"keys", "name", "namespace"},
		"apps.externalSecrets.secrets": {"fromSecret", "toNamespace", "toSecret"},
		// New objects, required within themselves only.
		"existing.kubeconfigSecretRef":                    {"name"},
		"charts.pullSecretRef":                            {"name"},
		"apps.argocd.adminPasswordHashSecretRef":          {"name"},
		"apps.envoyGateway.gateway.https.certificateRefs": {"name"},
		"apps.envoyGateway.gateway.https.issuerRef":       {"name"},
	}
	got := map[string][]string{}
	parameters := Schema(options(t).Schema).Properties["spec"].Properties["parameters"]
	everyObject("", &parameters, func(path string, s *extv1.JSONSchemaProps) {
		if len(s.Required) > 0 {
			got[path] = slices.Sorted(slices.Values(s.Required))
		}
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
}

// TestValuesAreKept: whatever a chart takes, the API server does not drop it.
func TestValuesAreKept(t *testing.T) {
	found := 0
	parameters := Schema(options(t).Schema).Properties["spec"].Properties["parameters"]
	everyObject("", &parameters, func(path string, s *extv1.JSONSchemaProps) {
		values, ok := s.Properties["values"]
		if !ok {
			return
		}
		found++
		if values.Type != "object" || values.XPreserveUnknownFields == nil || !*values.XPreserveUnknownFields {
			t.Errorf("%s.values: unknown fields are dropped", path)
		}
	})
	if found < 13 {
		t.Errorf("only %d apps have values", found)
	}
}

func at(s *extv1.JSONSchemaProps, path []string) *extv1.JSONSchemaProps {
	for _, name := range path {
		field := s.Properties[name]
		s = &field
		if s.Items != nil {
			s = s.Items.Schema
		}
	}
	return s
}

// everyObject visits s and every object below it.
func everyObject(path string, s *extv1.JSONSchemaProps, visit func(string, *extv1.JSONSchemaProps)) {
	visit(path, s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		everyObject(strings.TrimPrefix(path+"."+name, "."), at(s, []string{name}), visit)
	}
}
