package diagnose_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
)

// Every check is proven both ways: it finds what is broken in testdata/ID/broken, and is
// silent when its own fix has been applied to these objects.
func TestChecks(t *testing.T) {
	for _, check := range diagnose.All() {
		t.Run(check.ID, func(t *testing.T) {
			folder := filepath.Join("testdata", check.ID)
			broken := looktest.Files(t, filepath.Join(folder, "broken"))
			findings, snapshot := looktest.Diagnosed(t, broken)
			mine := only(findings, check.ID)
			if len(mine) == 0 {
				t.Fatalf("want the check to find something, got %v", ids(findings))
			}
			text := &bytes.Buffer{}
			if err := diagnose.NewReport(findings, snapshot.Unseen).Text(text); err != nil {
				t.Fatal(err)
			}
			looktest.Golden(t, filepath.Join(folder, "report.txt"), text.Bytes())

			w := worldOf(t, broken)
			for _, f := range mine {
				if len(f.Fix.Actions) == 0 {
					t.Errorf("want a fix that can be applied, got %q", f.Fix.Summary)
				}
				for _, a := range f.Fix.Actions {
					w.act(t, a)
				}
			}
			after, _ := looktest.Diagnosed(t, w.files(t))
			if left := only(after, check.ID); len(left) > 0 {
				t.Errorf("want the check to be silent after its own fix, got %s", dump(left))
			}
			// A fix breaks nothing else.
			for _, f := range after {
				if f.Severity == diagnose.Error && !slices.Contains(ids(findings), f.Check) {
					t.Errorf("the fix brought a new error: %s", dump([]diagnose.Finding{f}))
				}
			}
		})
	}
}

func TestTestdataHasNoOrphans(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "fuzz" {
			continue
		}
		if !slices.ContainsFunc(diagnose.All(), func(c diagnose.Check) bool { return c.ID == e.Name() }) {
			t.Errorf("testdata/%s belongs to no check", e.Name())
		}
	}
}

// The same input gives the same bytes.
func TestDeterministic(t *testing.T) {
	for _, check := range diagnose.All() {
		all := looktest.Files(t, filepath.Join("testdata", check.ID, "broken"))
		want, _ := looktest.Diagnosed(t, all)
		slices.Reverse(all)
		for range 5 {
			got, _ := looktest.Diagnosed(t, all)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: want the same findings each time (-want +got):\n%s", check.ID, diff)
			}
		}
	}
}

func only(findings []diagnose.Finding, id string) []diagnose.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f diagnose.Finding) bool { return f.Check != id })
}

func ids(findings []diagnose.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Check)
	}
	return out
}

func dump(findings []diagnose.Finding) string {
	raw, err := json.MarshalIndent(findings, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
