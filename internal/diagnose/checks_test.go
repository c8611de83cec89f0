package diagnose_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// now is the time at which the certificates in testdata are judged.
func options() diagnose.Options {
	return diagnose.Options{Now: metav1.NewTime(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)), Kubernetes: "v1.34.2"}
}

// files reads the YAML files of a folder.
func files(t testing.TB, folder string) []topology.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("want YAML files in %s, got %v %v", folder, names, err)
	}
	var out []topology.File
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, topology.File{Name: name, Data: raw})
	}
	return out
}

func diagnosed(t testing.TB, all []topology.File) ([]diagnose.Finding, *topology.Snapshot) {
	t.Helper()
	s, err := topology.FromFiles(all)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := diagnose.Diagnose(s, options())
	if err != nil {
		t.Fatal(err)
	}
	return findings, s
}

// Every check is proven both ways: it finds what is broken in testdata/ID/broken, and is
// silent when its own fix has been applied to these objects.
func TestChecks(t *testing.T) {
	for _, check := range diagnose.All() {
		t.Run(check.ID, func(t *testing.T) {
			folder := filepath.Join("testdata", check.ID)
			broken := files(t, filepath.Join(folder, "broken"))
			findings, snapshot := diagnosed(t, broken)
			mine := only(findings, check.ID)
			if len(mine) == 0 {
				t.Fatalf("want the check to find something, got %v", ids(findings))
			}
			text := &bytes.Buffer{}
			if err := diagnose.NewReport(findings, snapshot.Unseen).Text(text); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(folder, "report.txt"), text.Bytes())

			w := worldOf(t, broken)
			for _, f := range mine {
				if len(f.Fix.Actions) == 0 {
					t.Errorf("want a fix that can be applied, got %q", f.Fix.Summary)
				}
				for _, a := range f.Fix.Actions {
					w.act(t, a)
				}
			}
			after, _ := diagnosed(t, w.files(t))
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
		all := files(t, filepath.Join("testdata", check.ID, "broken"))
		want, _ := diagnosed(t, all)
		slices.Reverse(all)
		for range 5 {
			got, _ := diagnosed(t, all)
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

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), go test ./internal/diagnose -update writes it:\n%s", path, diff)
	}
	if strings.Contains(string(got), "PRIVATE") {
		t.Errorf("%s tells a private key", path)
	}
}
