package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/runtime"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
)

// TestDefaults holds the defaults of the XRD and those of the Go types equal: a
// Cluster composes the same whether it met the API server or not.
func TestDefaults(t *testing.T) {
	cases := map[string]struct {
		reason     string
		parameters string
	}{
		"Nothing":         {"The API server does not go into objects that are absent; the function does.", "{}"},
		"Nulls":           {"Null is absent.", "{namespaces: null, minNodeCount: null, gpu: null, apps: {argocd: null}}"},
		"GPU":             {"A GPU pool has a size and bounds.", "{gpu: {}}"},
		"GPUEnabled":      {"Switching it on sets nothing else.", "{gpu: {enabled: true, maxNodeCount: 3}}"},
		"Creds":           {"The namespace is Crossplane's.", "{creds: {name: c, keys: [k]}}"},
		"ArgoCD":          {"The first Application has a source and a destination.", "{apps: {argocd: {enabled: true}}}"},
		"ArgoCDPartly":    {"What is given stays.", "{apps: {argocd: {enabled: true, host: argocd.example.com, sourcePath: apps}}}"},
		"ExternalSecrets": {"Keys on aws and types of secrets.", "{apps: {externalSecrets: {enabled: true, secrets: [{fromSecret: a, toSecret: b, toNamespace: c}]}}}"},
		"NoNamespaces":    {"An empty list is not an absent one.", "{namespaces: []}"},
		"NoNodes":         {"Zero is not absent.", "{minNodeCount: 0, gpu: {minNodeCount: 0}}"},
		"Issuer":          {"Issuers are the cluster's.", "{apps: {envoyGateway: {gateway: {https: {hostname: a.example.com, issuerRef: {name: i}}}}}}"},
		"Values":          {"Values have no defaults.", "{apps: {traefik: {values: {a: null, b: {}}}}}"},
	}
	s := newServer(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			without := cluster(t, tc.parameters)
			with := runtime.DeepCopyJSON(without)
			s.admit(with)
			if diff := cmp.Diff(composable(t, without), composable(t, with)); diff != "" {
				t.Errorf("\n%s\n-without, +with the defaults of the XRD:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestEveryDefault finds defaults that only one of the two has: every object of
// the schema is there, and as empty as it can be.
func TestEveryDefault(t *testing.T) {
	s := newServer(t)
	parameters, ok := emptiest(new(s.schema.Properties["spec"].Properties["parameters"])).(map[string]any)
	if !ok {
		t.Fatal("the parameters are no object")
	}
	without := cluster(t, "{}")
	without["spec"].(map[string]any)["parameters"] = parameters
	with := runtime.DeepCopyJSON(without)
	s.admit(with)

	if diff := cmp.Diff(composable(t, without), composable(t, with)); diff != "" {
		t.Errorf("-without, +with the defaults of the XRD:\n%s", diff)
	}
	// The Go types leave out what is false or empty, and only that may be missing.
	raw, err := json.Marshal(composable(t, without))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	for path, value := range leaves("", with["spec"].(map[string]any)["parameters"]) {
		if have := leaves("", got)[path]; have != value && value != "false" {
			t.Errorf("%s: the XRD says %s, Default() says %q", path, value, have)
		}
	}
	for path, value := range leaves("", got) {
		if have := leaves("", with["spec"].(map[string]any)["parameters"])[path]; have != value {
			t.Errorf("%s: Default() says %s, the XRD says %q", path, value, have)
		}
	}
}

// composable is what the function composes from.
func composable(t *testing.T, obj map[string]any) *v2.Parameters {
	t.Helper()
	c, ignored, errs := v2.Decode(obj)
	if len(errs) > 0 || len(ignored) > 0 {
		t.Fatalf("cannot decode: %v, ignored %v", errs.ToAggregate(), ignored)
	}
	c.Spec.Parameters.Default()
	return c.Spec.Parameters
}

// emptiest makes a value with every object there is and nothing in them but what
// is required and has no default.
func emptiest(s *structural.Structural) any {
	switch {
	case s.Items != nil:
		return []any{emptiest(s.Items)}
	case s.Type == "object" && s.AdditionalProperties == nil && !s.XPreserveUnknownFields:
		out := map[string]any{}
		required := map[string]bool{}
		if s.ValueValidation != nil {
			for _, name := range s.ValueValidation.Required {
				required[name] = true
			}
		}
		for name, p := range s.Properties {
			scalar := p.Type != "object" && (p.Items == nil || p.Items.Type != "object")
			if p.Default.Object == nil && (required[name] || !scalar) {
				out[name] = emptiest(&p)
			}
		}
		return out
	case s.Type == "object":
		return map[string]any{}
	default:
		return "x"
	}
}

// leaves gives the scalars of a JSON value by their paths.
func leaves(path string, value any) map[string]string {
	out := map[string]string{}
	merge := func(at string, v any) {
		maps.Copy(out, leaves(at, v))
	}
	switch v := value.(type) {
	case map[string]any:
		for name, item := range v {
			merge(path+"."+name, item)
		}
	case []any:
		for i, item := range v {
			merge(fmt.Sprintf("%s[%d]", path, i), item)
		}
	default:
		out[path] = fmt.Sprint(v)
	}
	return out
}
