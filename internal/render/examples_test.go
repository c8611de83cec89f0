package render_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

const (
	validDir   = "../../examples/valid"
	invalidDir = "../../examples/invalid"
	goldenDir  = "testdata"
)

func newRenderer(t testing.TB) *render.Renderer {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return render.New(compose.NewPlanner(c))
}

// examples lists the YAML files of a folder by their names without ending.
func examples(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find examples in %q: %v", dir, err)
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(filepath.Base(file), ".yaml")
	}
	return names
}

func read(t testing.TB, dir, name string) []render.Document {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	documents, err := render.Read(name+".yaml", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join(goldenDir, file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("there is no golden file %q: run the test with -update and look at it", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestValidExamples(t *testing.T) {
	for _, name := range examples(t, validDir) {
		t.Run(name, func(t *testing.T) {
			all, err := newRenderer(t).Render(read(t, validDir, name), nil)
			if err != nil {
				t.Fatal(err)
			}
			var out, tree, report bytes.Buffer
			if err := render.YAML(&out, all); err != nil {
				t.Fatal(err)
			}
			if err := render.Tree(&tree, all); err != nil {
				t.Fatal(err)
			}
			for _, line := range all[0].Report() {
				report.WriteString(line + "\n")
			}
			golden(t, name+".golden.yaml", out.Bytes())
			golden(t, name+".tree.txt", tree.Bytes())
			golden(t, name+".report.txt", report.Bytes())
		})
	}
}

func TestInvalidExamples(t *testing.T) {
	for _, name := range examples(t, invalidDir) {
		t.Run(name, func(t *testing.T) {
			_, err := newRenderer(t).Render(read(t, invalidDir, name), nil)
			invalid := new(compose.InvalidError)
			if !errors.As(err, &invalid) {
				t.Fatalf("want the Cluster to be refused, got error %v", err)
			}
			golden(t, name+".error.txt", []byte(err.Error()+"\n"))
		})
	}
}

// A golden file whose example is gone would be compared with nothing.
func TestNoOrphanedGoldens(t *testing.T) {
	known := map[string]bool{}
	for _, name := range examples(t, validDir) {
		for _, ending := range []string{".golden.yaml", ".tree.txt", ".report.txt"} {
			known[name+ending] = true
		}
	}
	for _, name := range examples(t, invalidDir) {
		known[name+".error.txt"] = true
	}
	for _, name := range diffCases() {
		known[name.golden] = true
	}
	entries, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("golden file %q belongs to no example", entry.Name())
		}
	}
}

// What is read and rendered twice gives the same bytes.
func TestDeterministic(t *testing.T) {
	for _, name := range examples(t, validDir) {
		var first []byte
		for range 5 {
			all, err := newRenderer(t).Render(read(t, validDir, name), nil)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := render.JSON(&out, all); err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = out.Bytes()
			}
			if !bytes.Equal(first, out.Bytes()) {
				t.Fatalf("%s renders differently when it is rendered again", name)
			}
		}
	}
}
