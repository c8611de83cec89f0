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
	return newBuilder(root, tmp, &progress{out: out}).program(ctx, *all[at].source)
}

// newBuilder builds what the repository at root pins, with tmp for the compiler's own files.
func newBuilder(root, tmp string, progress *progress) *builder {
	cache := os.Getenv(CacheVariable)
	if cache == "" {
		cache = filepath.Join(root, ".cache", "components")
	}
	return &builder{components: filepath.Join(root, "test", "e2e", "components"), cache: cache, tmp: tmp, progress: progress}
}
