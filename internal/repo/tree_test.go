package repo

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// module is the path of the product's Go module.
const module = "github.com/gatehouse-platform/gatehouse"

// root is the folder of the repository, seen from this package.
var root = filepath.Join("..", "..")

// listed is every file of the repository that git would track, read once.
var listed = sync.OnceValues(list)

func list() ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		return nil, err
	}
	var ignored []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			ignored = append(ignored, line)
		}
	}
	var out []string
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case rel == ".git" || slices.ContainsFunc(ignored, func(pattern string) bool { return ignores(pattern, rel) }):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.Type().IsRegular():
			out = append(out, rel)
		}
		return nil
	})
	return out, err
}

// ignores covers the forms of .gitignore that this repository uses: "/name/" at
// the root, and a name or a glob without a slash anywhere.
func ignores(pattern, file string) bool {
	if strings.HasPrefix(pattern, "/") {
		return file == strings.Trim(pattern, "/")
	}
	matches, err := path.Match(strings.TrimSuffix(pattern, "/"), path.Base(file))
	return err == nil && matches
}

// files lists the files of the repository for which keep is true, with slashes
// and relative to the root.
func files(t *testing.T, keep func(file string) bool) []string {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range all {
		if keep(file) {
			out = append(out, file)
		}
	}
	if len(out) == 0 {
		t.Fatal("no file to look at: the search itself is wrong")
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func exists(file string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(file)))
	return err == nil
}

func isGo(file string) bool       { return strings.HasSuffix(file, ".go") }
func isGoTest(file string) bool   { return strings.HasSuffix(file, "_test.go") }
func isMarkdown(file string) bool { return strings.HasSuffix(file, ".md") }

// under tells whether a slash path is dir or below it.
func under(file, dir string) bool {
	return dir == "." || file == dir || strings.HasPrefix(file, dir+"/")
}
