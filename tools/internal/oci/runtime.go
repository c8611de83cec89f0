package oci

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
)

// Architectures that images are built for.
func Architectures() []string { return []string{"amd64", "arm64"} }

// nobody is the user that distroless images run as. Crossplane sets another one
// for functions; this is for who runs an image without it.
const nobody = "65532:65532"

// A Program is what an image runs.
type Program struct {
	// Name of the one file in the image: no shell, no libraries.
	Name string
	// Command is the folder of its package main, relative to the repository.
	Command string
	// Ports that it listens on, for people and tools that read the image; TCP.
	Ports []int
}

// Build compiles a command of a module into a static binary for linux.
func Build(ctx context.Context, dir, pkg, arch string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "xpkg-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a temporary folder: %w", err)
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // only litter in the temporary folder
	out := filepath.Join(tmp, "out")
	// No paths, no build id and no state of the Git working copy: they differ from
	// one machine to the next.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", out, pkg) //nolint:gosec // what to build is given on purpose
	cmd.Dir = dir
	// GOWORK and GOFLAGS of the caller could change what is built.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOWORK=off")
	if log, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build %q for %q: %w\n%s", pkg, arch, err, log)
	}
	binary, err := os.ReadFile(out)
	if err != nil {
		return nil, fmt.Errorf("cannot read the binary of %q: %w", pkg, err)
	}
	return binary, nil
}

// Runtime makes the image that runs the binary of a program and holds nothing else.
func Runtime(p Program, binary []byte, arch string) (v1.Image, error) {
	layer, err := file(p.Name, 0o755, binary)
	if err != nil {
		return nil, err
	}
	img, err := appendLayer(empty.Image, layer, nil)
	if err != nil {
		return nil, err
	}
	ports := map[string]struct{}{}
	for _, port := range p.Ports {
		ports[fmt.Sprintf("%d/tcp", port)] = struct{}{}
	}
	return configure(img, func(c *v1.ConfigFile) {
		c.OS, c.Architecture = "linux", arch
		if arch == "arm64" {
			c.Variant = "v8"
		}
		c.Config = v1.Config{
			Entrypoint:   []string{"/" + p.Name},
			User:         nobody,
			WorkingDir:   "/",
			ExposedPorts: ports,
		}
	})
}
