package migrate_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/migrate"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A case is a folder of testdata: in.yaml, what is migrated; options.yaml, where they are
// not the defaults; out.yaml and report.txt, what was reviewed.
type caseOptions struct {
	Controller   string `json:"controller"`
	GatewayClass string `json:"gatewayClass"`
	Gateway      string `json:"gateway"`
}

func cases(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*", "in.yaml"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("cannot find cases in testdata: %v", err)
	}
	var out []string
	for _, file := range files {
		out = append(out, filepath.Base(filepath.Dir(file)))
	}
	return out
}

func readFile(tb testing.TB, name string) string {
	tb.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(content)
}

func documents(tb testing.TB, text string) []map[string]any {
	tb.Helper()
	var out []map[string]any
	for doc := range strings.SplitSeq("\n"+text, "\n---") {
		object := map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(doc), &object); err != nil {
			tb.Fatalf("%v:\n%s", err, doc)
		}
		if len(object) > 0 {
			out = append(out, object)
		}
	}
	return out
}

func inputOf(tb testing.TB, text string) migrate.Input {
	tb.Helper()
	in, err := migrate.Read(documents(tb, text))
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

func optionsOf(tb testing.TB, name string) migrate.Options {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name, "options.yaml"))
	if os.IsNotExist(err) {
		return migrate.Options{}
	}
	if err != nil {
		tb.Fatal(err)
	}
	read := caseOptions{}
	if err := yaml.UnmarshalStrict(raw, &read); err != nil {
		tb.Fatal(err)
	}
	o := migrate.Options{Controller: read.Controller, GatewayClass: read.GatewayClass}
	if read.Gateway != "" {
		gateway, err := migrate.ParseName(read.Gateway)
		if err != nil {
			tb.Fatal(err)
		}
		o.Gateway = &gateway
	}
	return o
}

// run migrates a case.
func run(tb testing.TB, name string) (migrate.Input, *migrate.Result) {
	tb.Helper()
	in := inputOf(tb, readFile(tb, filepath.Join("testdata", name, "in.yaml")))
	result, err := migrate.Run(in, optionsOf(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	return in, result
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(readFile(t, file), got); diff != "" {
		t.Errorf("%s: -want, +got (go test ./internal/migrate -update rewrites it):\n%s", file, diff)
	}
}

// TestGolden compares every case with what was reviewed, and runs it twice: nothing may
// come of the order of a map.
func TestGolden(t *testing.T) {
	for _, name := range cases(t) {
		t.Run(name, func(t *testing.T) {
			_, first := run(t, name)
			_, second := run(t, name)
			if diff := cmp.Diff(first, second); diff != "" {
				t.Fatalf("the same input gives two results:\n%s", diff)
			}
			var out, report bytes.Buffer
			if err := first.YAML(&out); err != nil {
				t.Fatal(err)
			}
			if err := first.Report.Text(&report); err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join("testdata", name, "out.yaml"), out.String())
			compare(t, filepath.Join("testdata", name, "report.txt"), report.String())
		})
	}
}

// TestInputStays: what is handed in is the caller's.
func TestInputStays(t *testing.T) {
	for _, name := range cases(t) {
		before := inputOf(t, readFile(t, filepath.Join("testdata", name, "in.yaml")))
		after, _ := run(t, name)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s: the input has changed:\n%s", name, diff)
		}
	}
}

// TestReportFitsTheScreen: lines are of 80 columns, unless they are one word.
func TestReportFitsTheScreen(t *testing.T) {
	for _, name := range cases(t) {
		_, result := run(t, name)
		var report strings.Builder
		if err := result.Report.Text(&report); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(report.String()) {
			line = strings.TrimRight(line, "\n")
			if len(line) > 80 && strings.Contains(strings.TrimSpace(line[min(len(line), 15):]), " ") && !strings.Contains(line[:60], " -> ") {
				t.Errorf("%s: %d columns: %s", name, len(line), line)
			}
		}
	}
}
