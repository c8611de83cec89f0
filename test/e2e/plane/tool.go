package plane

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// Build returns the path of a component's program, for those who run it without a plane.
// It builds the program when the cache has none; what lasts over a second is told to out,
// which is stderr when it is nil.
func Build(ctx context.Context, name string, out io.Writer) (string, error) {
	all := components()
	at := slices.IndexFunc(all, func(c component) bool { return c.name == name && c.source != nil })
	if at < 0 {
		return "", fmt.Errorf("cannot build component %q: there is none of that name with a program", name)
	}
	return build(out, func(b *builder) (string, error) { return b.program(ctx, *all[at].source) })
}

// BuildCommand returns the path of a command of this repository: of the package pkg, seen
// from the folder module, which is seen from the root. It stays where it is, so that it is
// built once for all who ask. What lasts over a second is told as in [Build].
func BuildCommand(ctx context.Context, module, pkg string, out io.Writer) (string, error) {
	return build(out, func(b *builder) (string, error) { return b.command(ctx, module, pkg) })
}

// build has a builder without a plane build.
func build(out io.Writer, with func(*builder) (string, error)) (string, error) {
	root, err := modules.Root()
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp("", "gatehouse-build-")
	if err != nil {
		return "", fmt.Errorf("cannot make a folder for the compiler: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if out == nil {
		out = os.Stderr
	}
	return with(newBuilder(root, tmp, &progress{out: out}))
}

// newBuilder builds what the repository at root pins, with tmp for the compiler's own files.
func newBuilder(root, tmp string, progress *progress) *builder {
	cache := os.Getenv(CacheVariable)
	if cache == "" {
		cache = filepath.Join(root, ".cache", "components")
	}
	return &builder{root: root, components: filepath.Join(root, "test", "e2e", "components"), cache: cache, tmp: tmp, progress: progress}
}
