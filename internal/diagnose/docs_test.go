package diagnose_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
)

// The guide lists every check, in the order of All, as it describes itself.
func TestDocsListEveryCheck(t *testing.T) {
	raw, err := os.ReadFile("../../docs/diagnose.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	ids := map[string]bool{}
	id := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	for _, c := range diagnose.All() {
		if !id.MatchString(c.ID) || ids[c.ID] {
			t.Errorf("want %q to be an id in kebab-case that no other check has", c.ID)
		}
		ids[c.ID] = true
		want = append(want, fmt.Sprintf("| `%s` | %s | %s |", c.ID, c.Severity, c.Finds))
	}
	got := regexp.MustCompile("(?m)^\\| `[a-z-]+` \\| (?:error|warning|info) \\| .*$").FindAllString(string(raw), -1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows of docs/diagnose.md (-want +got):\n%s", diff)
	}
}

// The schema in docs is that of the Go types.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.For[diagnose.Report](nil)
	if err != nil {
		t.Fatal(err)
	}
	open(schema)
	schema.Title = "Report of gatehouse diagnose -o json, " + diagnose.APIVersion
	raw, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../../docs/diagnose.schema.json", append(raw, '\n'))
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range diagnose.All() {
		findings, s := diagnosed(t, files(t, "testdata/"+check.ID+"/broken"))
		raw, err := json.Marshal(diagnose.NewReport(findings, s.Unseen))
		if err != nil {
			t.Fatal(err)
		}
		var report any
		if err := json.Unmarshal(raw, &report); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(report); err != nil {
			t.Errorf("%s: %v", check.ID, err)
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
