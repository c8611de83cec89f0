// Command xpkg builds the Crossplane packages of Gatehouse without a network:
//
//	xpkg package   dist/configuration-gatehouse.xpkg, dist/function-gatehouse-ARCH.xpkg
//	xpkg image     dist/image, the function for all architectures as an OCI layout
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/gatehouse-platform/gatehouse/tools/internal/manifest"
	"github.com/gatehouse-platform/gatehouse/tools/internal/oci"
)

type builder struct {
	root, out, command string
	// log is told what was built.
	log io.Writer
}

func main() {
	b := builder{log: os.Stdout}
	flag.StringVar(&b.root, "root", "..", "the root of the repository")
	flag.StringVar(&b.out, "out", "", "where the packages go; dist in the root of the repository if empty")
	flag.StringVar(&b.command, "command", "./cmd/function", "the command that the function's image runs")
	flag.Parse()
	if b.out == "" {
		b.out = filepath.Join(b.root, "dist")
	}
	if err := b.run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "xpkg:", err)
		os.Exit(2)
	}
}

func (b builder) run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch {
	case slices.Equal(args, []string{"package"}):
		return b.packages(ctx)
	case slices.Equal(args, []string{"image"}):
		return b.image(ctx)
	}
	return fmt.Errorf("cannot tell what to build from %q: give package or image", args)
}

func (b builder) packages(ctx context.Context) error {
	stream, err := oci.Stream(filepath.Join(b.root, manifest.ConfigurationDir))
	if err != nil {
		return err
	}
	configuration, err := oci.Package(nil, stream)
	if err != nil {
		return err
	}
	if err := b.xpkg("configuration-gatehouse", configuration); err != nil {
		return err
	}
	functions, err := b.functions(ctx)
	if err != nil {
		return err
	}
	for i, arch := range oci.Architectures() {
		if err := b.xpkg("function-gatehouse-"+arch, functions[i]); err != nil {
			return err
		}
	}
	return nil
}

// functions builds the Function package for each architecture. It is also the
// image that runs, which the package's layer does not disturb.
func (b builder) functions(ctx context.Context) ([]v1.Image, error) {
	stream, err := oci.Stream(filepath.Join(b.root, manifest.FunctionDir))
	if err != nil {
		return nil, err
	}
	var images []v1.Image
	for _, arch := range oci.Architectures() {
		binary, err := oci.Build(ctx, b.root, b.command, arch)
		if err != nil {
			return nil, err
		}
		runtime, err := oci.Runtime(binary, arch)
		if err != nil {
			return nil, err
		}
		img, err := oci.Package(runtime, stream)
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	return images, nil
}

func (b builder) xpkg(name string, img v1.Image) error {
	path := filepath.Join(b.out, name+".xpkg")
	if err := oci.WriteXpkg(path, img); err != nil {
		return err
	}
	return b.report(path, img)
}

func (b builder) image(ctx context.Context) error {
	images, err := b.functions(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(b.out, "image")
	if err := oci.WriteLayout(dir, images); err != nil {
		return err
	}
	for _, img := range images {
		if err := b.report(dir, img); err != nil {
			return err
		}
	}
	return nil
}

func (b builder) report(path string, img v1.Image) error {
	digest, err := img.Digest()
	if err != nil {
		return fmt.Errorf("cannot get the digest of %q: %w", path, err)
	}
	_, err = fmt.Fprintln(b.log, path, digest)
	return err
}
