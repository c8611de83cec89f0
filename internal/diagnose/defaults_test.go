package diagnose_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// What is found in manifests is mended in a cluster, whose API server has added defaults to
// them: every fix applies there, too, and the check is silent afterwards.
func TestFixesApplyToDefaults(t *testing.T) {
	schemas := schemasOf(t)
	for _, check := range diagnose.All() {
		t.Run(check.ID, func(t *testing.T) {
			broken := looktest.Files(t, filepath.Join("testdata", check.ID, "broken"))
			findings, _ := looktest.Diagnosed(t, broken)
			w := worldOf(t, broken)
			for name, obj := range w {
				addDefaults(obj, schemas[name.APIVersion+"/"+name.Kind])
			}
			for _, f := range only(findings, check.ID) {
				for _, a := range f.Fix.Actions {
					w.act(t, a)
				}
			}
			after, _ := looktest.Diagnosed(t, w.files(t))
			if left := only(after, check.ID); len(left) > 0 {
				t.Errorf("want the check to be silent after its own fix, got %s", dump(left))
			}
		})
	}
}

// schemasOf are the schemas of the Gateway API, by group and kind.
func schemasOf(t *testing.T) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for _, f := range gatewayCRDs(t, "", "experimental") {
		crd := struct {
			Spec struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct {
					Storage bool
					Schema  struct{ OpenAPIV3Schema map[string]any }
				}
			}
		}{}
		if err := yaml.Unmarshal(f.Data, &crd); err != nil {
			t.Fatal(err)
		}
		for _, v := range crd.Spec.Versions {
			if v.Storage {
				out[crd.Spec.Group+"/"+crd.Spec.Names.Kind] = v.Schema.OpenAPIV3Schema
			}
		}
	}
	if route := out["gateway.networking.k8s.io/HTTPRoute"]; route == nil {
		t.Fatalf("want the schema of HTTPRoute, got those of %v", slices.Sorted(maps.Keys(out)))
	}
	return out
}

// addDefaults does what the API server does: a field that is missing gets the default of
// its schema.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting
func addDefaults(value any, schema map[string]any) {
	switch value := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, of := range properties {
			of, _ := of.(map[string]any)
			if _, there := value[name]; !there && of["default"] != nil {
				value[name] = deepCopy(of["default"])
			}
			addDefaults(value[name], of)
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, item := range value {
			addDefaults(item, items)
		}
	}
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			out[key] = deepCopy(value)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, deepCopy(item))
		}
		return out
	}
	return v
}

// The API server has made of a match without path one with the default path: a patch that
// asks whether it is still the same match applies before and after.
func TestConflictOfManifests(t *testing.T) {
	const rule = "{matches: [{method: GET}, {path: {value: /a}, headers: [{name: x, value: 'y'}]}], backendRefs: [{name: web, port: 80}]}"
	manifest := []topology.File{{Name: "route.yaml", Data: []byte(gatewaySince("2026-10-21T12:00:00Z", "") + route(rule+", "+rule))}}
	findings, _ := looktest.Diagnosed(t, manifest)
	mine := only(findings, "route-conflict")
	if len(mine) != 2 {
		t.Fatalf("want both matches of the second rule to be found, got %s", dump(findings))
	}
	schemas := schemasOf(t)
	for _, f := range mine {
		if !strings.Contains(f.Fix.Actions[0].Command, "op: test") {
			t.Errorf("want the patch to ask whether it is still the same match, got %s", f.Fix.Actions[0].Command)
		}
		for _, defaulted := range []bool{false, true} {
			w := worldOf(t, manifest)
			for name, obj := range w {
				if defaulted {
					addDefaults(obj, schemas[name.APIVersion+"/"+name.Kind])
				}
			}
			for _, a := range f.Fix.Actions {
				w.act(t, a)
			}
		}
	}
}
