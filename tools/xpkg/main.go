// Command xpkg builds the Crossplane packages and the images of Gatehouse without a
// network:
//
//	xpkg package           dist/configuration-gatehouse.xpkg, dist/function-gatehouse-ARCH.xpkg
//	xpkg image [NAME...]   dist/image/function and dist/image/mcp-server, each an OCI
//	                       layout for all architectures; NAME: only these
//
// With -arch it is for these architectures only.
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
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/gatehouse-platform/gatehouse/tools/internal/manifest"
	"github.com/gatehouse-platform/gatehouse/tools/internal/oci"
)

type builder struct {
	root, out string
	programs  programs
	arches    []string
	// log is told what was built.
	log io.Writer
}

// programs are what there are images of.
type programs struct {
	// function runs in the image that is the Function package as well.
	function oci.Program
	server   oci.Program
}

func main() {
	b := builder{log: os.Stdout, programs: programs{
		// Where Crossplane reaches functions, and where metrics are.
		function: oci.Program{Name: "function", Command: "./cmd/function", Ports: []int{9443, 8080}},
		server:   oci.Program{Name: "mcp-server", Command: "./cmd/mcp-server", Ports: []int{3456, 9464}},
	}}
	flag.StringVar(&b.root, "root", "..", "the root of the repository")
	flag.StringVar(&b.out, "out", "", "where the packages go; dist in the root of the repository if empty")
	arches := flag.String("arch", strings.Join(oci.Architectures(), ","), "the architectures to build for")
	flag.Parse()
	b.arches = strings.Split(*arches, ",")
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
	for _, arch := range b.arches {
		if !slices.Contains(oci.Architectures(), arch) {
			return fmt.Errorf("cannot build for architecture %q: there are %s", arch, strings.Join(oci.Architectures(), ", "))
		}
	}
	switch {
	case slices.Equal(args, []string{"package"}):
		return b.packages(ctx)
	case len(args) > 0 && args[0] == "image":
		return b.image(ctx, args[1:])
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
	for i, arch := range b.arches {
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
	images, err := b.images(ctx, b.programs.function)
	if err != nil {
		return nil, err
	}
	for i := range images {
		if images[i], err = oci.Package(images[i], stream); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// images builds the image of a program for each architecture.
func (b builder) images(ctx context.Context, p oci.Program) ([]v1.Image, error) {
	var images []v1.Image
	for _, arch := range b.arches {
		binary, err := oci.Build(ctx, b.root, p.Command, arch)
		if err != nil {
			return nil, err
		}
		img, err := oci.Runtime(p, binary, arch)
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

// image writes the images of these names, of all without one.
func (b builder) image(ctx context.Context, names []string) error {
	all := []struct {
		program oci.Program
		build   func() ([]v1.Image, error)
	}{
		{b.programs.function, func() ([]v1.Image, error) { return b.functions(ctx) }},
		{b.programs.server, func() ([]v1.Image, error) { return b.images(ctx, b.programs.server) }},
	}
	for _, name := range names {
		if name != b.programs.function.Name && name != b.programs.server.Name {
			return fmt.Errorf("cannot build image %q: there are %s and %s", name, b.programs.function.Name, b.programs.server.Name)
		}
	}
	for _, each := range all {
		if len(names) > 0 && !slices.Contains(names, each.program.Name) {
			continue
		}
		images, err := each.build()
		if err != nil {
			return err
		}
		if err := b.layout(each.program, images); err != nil {
			return err
		}
	}
	return nil
}

func (b builder) layout(p oci.Program, images []v1.Image) error {
	dir := filepath.Join(b.out, "image", p.Name)
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
