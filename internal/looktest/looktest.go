// Package looktest is for the tests of what looks at clusters: diagnose, explain and graph.
package looktest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// Options are those of every diagnosis: the certificates in testdata are judged at their
// time.
func Options() diagnose.Options {
	return diagnose.Options{Now: metav1.NewTime(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)), Kubernetes: "v1.34.2"}
}

// Read reads a file.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Files reads the YAML files of a folder.
func Files(t testing.TB, folder string) []topology.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("want YAML files in %s, got %v %v", folder, names, err)
	}
	out := make([]topology.File, 0, len(names))
	for _, name := range names {
		out = append(out, topology.File{Name: name, Data: Read(t, name)})
	}
	return out
}

// Diagnosed is a snapshot of files, and what is wrong there.
func Diagnosed(t testing.TB, files []topology.File) ([]diagnose.Finding, *topology.Snapshot) {
	t.Helper()
	s, err := topology.FromFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := diagnose.Diagnose(s, Options())
	if err != nil {
		t.Fatal(err)
	}
	return findings, s
}

// Golden compares with a golden file, or writes it with -update. The objects in testdata
// call PRIVATE what nobody may be told.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	if strings.Contains(string(got), "PRIVATE") {
		t.Errorf("%s tells what is private", path)
	}
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(Read(t, path)), string(got)); diff != "" {
		t.Errorf("%s (-want +got), go test with -update writes it:\n%s", path, diff)
	}
}

// Schema compares the schema of a Go type with the one in docs, and checks values against
// it.
func Schema[T any](t testing.TB, path, title string, values []T) {
	t.Helper()
	schema, err := jsonschema.For[T](nil)
	if err != nil {
		t.Fatal(err)
	}
	open(schema)
	schema.Title = title
	raw, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	Golden(t, path, append(raw, '\n'))
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(raw, &plain); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(plain); err != nil {
			t.Errorf("value %d: %v\n%s", i, err, raw)
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
