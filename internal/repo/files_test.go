package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxLines is how long a file may be before it is read as two.
const maxLines = 400

// Names that say nothing about what is inside.
var emptyNames = []string{"common", "helper", "helpers", "misc", "models", "util", "utils"}

func TestGoFilesAreShort(t *testing.T) {
	for _, file := range files(t, func(file string) bool { return isGo(file) && !isGoTest(file) }) {
		text := read(t, file)
		if lines := strings.Count(text, "\n"); lines > maxLines && !generated.MatchString(text) {
			t.Errorf("%s: %d lines, more than %d: give its second subject a file", file, lines, maxLines)
		}
	}
}

// generated is how a generated Go file says so: https://go.dev/s/generatedcode.
var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func TestPackagesAreNamedForWhatTheyHold(t *testing.T) {
	for _, file := range files(t, isGo) {
		name, folder := strings.TrimSuffix(parse(t, file).Name.Name, "_test"), path.Base(path.Dir(file))
		if slices.Contains(emptyNames, name) || slices.Contains(emptyNames, folder) {
			t.Errorf("%s: package %q: name it for what it holds", file, name)
		}
	}
}

// Registries are lists that one can read; nothing happens behind an import.
func TestNoInitFunctions(t *testing.T) {
	for _, file := range files(t, isGo) {
		for _, decl := range parse(t, file).Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: has func init", file)
			}
		}
	}
}

func TestEveryPackageIsDocumentedOnce(t *testing.T) {
	type key struct{ folder, name string }
	documented := map[key][]string{}
	for _, file := range files(t, isGo) {
		parsed := parse(t, file)
		at := key{folder: path.Dir(file), name: strings.TrimSuffix(parsed.Name.Name, "_test")}
		in := documented[at]
		if parsed.Doc != nil {
			in = append(in, file)
		}
		documented[at] = in
		if start := "Package " + at.name + " "; parsed.Doc != nil && at.name != "main" && !strings.HasPrefix(parsed.Doc.Text(), start) {
			t.Errorf("%s: package comment has to begin with %q", file, start)
		}
	}
	for at, in := range documented {
		if len(in) != 1 {
			t.Errorf("%s: package %s has %d package comments, want 1 %v", at.folder, at.name, len(in), in)
		}
	}
}

// A path of the machine on which something was written works nowhere else.
func TestNoMachinePaths(t *testing.T) {
	machine := regexp.MustCompile(`(?:^|[^\w.)}/-])/(?:` + strings.Join([]string{"work", "root", "farm"}, "|") + `)/\S*`)
	for _, file := range files(t, func(string) bool { return true }) {
		for number, line := range strings.Split(read(t, file), "\n") {
			if found := machine.FindString(line); found != "" {
				t.Errorf("%s:%d: machine path %q", file, number+1, strings.TrimSpace(found))
			}
		}
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
