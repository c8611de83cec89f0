package charts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	valuesSuffix = ".values.yaml"
	goldenSuffix = ".golden.yaml"
	notesSuffix  = ".notes.txt"
)

// A goldenCase is a values file of testdata, which test/e2e installs as well.
type goldenCase struct {
	name    string
	values  map[string]any
	options options
}

func goldenCases(t *testing.T) []goldenCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*"+valuesSuffix))
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find values files in testdata: %v", err)
	}
	var out []goldenCase
	for _, file := range files {
		out = append(out, goldenCase{
			name:   strings.TrimSuffix(filepath.Base(file), valuesSuffix),
			values: parse(t, readFile(t, file)),
		})
	}
	return out
}

// TestGolden compares what every case renders, and what helm prints behind it, with
// what was reviewed.
func TestGolden(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			r := mustRender(t, c.values, c.options)
			for suffix, got := range map[string]string{goldenSuffix: r.manifest, notesSuffix: r.notes} {
				compareGolden(t, filepath.Join("testdata", c.name+suffix), got)
			}
		})
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	got = strings.TrimLeft(got, "\n")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test . -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want, +got (go test . -update rewrites it):\n%s", file, diff)
	}
}

// TestGoldenFilesHaveValues finds golden files of cases that are gone.
func TestGoldenFilesHaveValues(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range goldenCases(t) {
		names = append(names, c.name)
	}
	for _, entry := range entries {
		name := entry.Name()
		for _, suffix := range []string{valuesSuffix, goldenSuffix, notesSuffix} {
			name = strings.TrimSuffix(name, suffix)
		}
		if name == entry.Name() || !slices.Contains(names, name) {
			t.Errorf("testdata/%s belongs to no values file", entry.Name())
		}
	}
}

// TestGoldenCoversControllers: every controller that the chart knows has a case.
func TestGoldenCoversControllers(t *testing.T) {
	gateways, ingresses := knownControllers(t)
	var have []string
	for _, c := range goldenCases(t) {
		have = append(have, c.name)
	}
	for _, name := range gateways {
		if !slices.Contains(have, "gateway-"+name) {
			t.Errorf("there is no testdata/gateway-%s%s", name, valuesSuffix)
		}
	}
	for _, name := range ingresses {
		if !slices.Contains(have, "ingress-"+name) {
			t.Errorf("there is no testdata/ingress-%s%s", name, valuesSuffix)
		}
	}
}

// TestNotesFitTheScreen: what helm prints is read, or it is nothing.
func TestNotesFitTheScreen(t *testing.T) {
	for _, c := range goldenCases(t) {
		notes := mustRender(t, c.values, c.options).notes
		lines := strings.Split(strings.TrimSpace(notes), "\n")
		if len(lines) > 40 {
			t.Errorf("%s: the notes have %d lines", c.name, len(lines))
		}
		for _, line := range lines {
			if strings.TrimRight(line, " \t") != line {
				t.Errorf("%s: the notes have spaces at the end of %q", c.name, line)
			}
		}
		for _, leftover := range []string{"<no value>", "%!", "<nil>", "map["} {
			if strings.Contains(notes, leftover) {
				t.Errorf("%s: the notes say %q", c.name, leftover)
			}
		}
	}
}
