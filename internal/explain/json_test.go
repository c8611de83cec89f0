package explain_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/gatehouse-platform/gatehouse/internal/explain"
)

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := explained(t, shop, "route/web", explain.Options{}).JSON(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "defaults.json"), out.Bytes())
}

// The schema in docs is that of the Go types, and explanations follow it.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.For[explain.Explanation](nil)
	if err != nil {
		t.Fatal(err)
	}
	open(schema)
	schema.Title = "Explanation of gatehouse explain -o json, " + explain.APIVersion
	raw, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../../docs/explain.schema.json", append(raw, '\n'))
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"route/web", "route/mcp", "route/admin", "route/report", "route/to-https", "route/stock", "ingress/old"} {
		raw, err := json.Marshal(explained(t, shop, target, explain.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		var e any
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(e); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// open lets later versions have more fields, and lists be lists only.
func open(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Not != nil {
		s.AdditionalProperties = nil
	}
	s.Types = slices.DeleteFunc(s.Types, func(name string) bool { return name == "null" })
	if len(s.Types) == 1 {
		s.Type, s.Types = s.Types[0], nil
	}
	for _, property := range s.Properties {
		open(property)
	}
	open(s.Items)
	open(s.AdditionalProperties)
}

func TestTestdataHasNoOrphans(t *testing.T) {
	raw, err := os.ReadFile("explain_test.go")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("want golden files, got %v %v", names, err)
	}
	for _, name := range names {
		if !bytes.Contains(raw, []byte(`"`+name[len("testdata/"):len(name)-len(".txt")]+`": {`)) {
			t.Errorf("%s belongs to no case", name)
		}
	}
}
