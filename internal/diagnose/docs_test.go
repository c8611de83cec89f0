package diagnose_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
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
	var reports []diagnose.Report
	for _, check := range diagnose.All() {
		findings, s := looktest.Diagnosed(t, looktest.Files(t, "testdata/"+check.ID+"/broken"))
		reports = append(reports, diagnose.NewReport(findings, s.Unseen))
	}
	looktest.Schema(t, "../../docs/diagnose.schema.json", "Report of gatehouse diagnose -o json, "+diagnose.APIVersion, reports)
}
