package plane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// stub is a package of a module that is replaced where a component is compiled, because
// what it links is much and nothing here uses it.
type stub struct {
	module string // that holds the package
	folder string // of the package in it
	file   string // in the component's folder, that takes the place of all its files
}

// modfile makes a copy of the module with the stub in it, in dir, and returns a file that
// takes the place of the component's go.mod. Go refuses an overlay over its module cache
// (https://go.dev/issue/71075), so the module is replaced as a whole.
func (s stub) modfile(ctx context.Context, component, dir string) (string, error) {
	found, err := modules.Find(ctx, filepath.Base(component), s.module)
	if err != nil {
		return "", err
	}
	copied := filepath.Join(dir, "module")
	if err := os.CopyFS(copied, os.DirFS(found.Dir)); err != nil {
		return "", fmt.Errorf("cannot copy module %q: %w", s.module, err)
	}
	replaced := filepath.Join(copied, s.folder)
	if err := os.RemoveAll(replaced); err != nil {
		return "", fmt.Errorf("cannot replace package %q: %w", s.folder, err)
	}
	if err := os.MkdirAll(replaced, 0o755); err != nil {
		return "", fmt.Errorf("cannot replace package %q: %w", s.folder, err)
	}
	replacement := fmt.Sprintf("\nreplace %s => %s\n", s.module, copied)
	for to, from := range map[string]struct{ file, more string }{
		filepath.Join(replaced, "stub.go"): {file: s.file},
		filepath.Join(dir, "go.mod"):       {file: "go.mod", more: replacement},
		filepath.Join(dir, "go.sum"):       {file: "go.sum"},
	} {
		data, err := os.ReadFile(filepath.Join(component, from.file))
		if err != nil {
			return "", fmt.Errorf("cannot replace package %q: %w", s.folder, err)
		}
		if err := os.WriteFile(to, append(data, from.more...), 0o644); err != nil {
			return "", fmt.Errorf("cannot replace package %q: %w", s.folder, err)
		}
	}
	return filepath.Join(dir, "go.mod"), nil
}
