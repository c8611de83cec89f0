package plane

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// startRegistry serves images on loopback. The node takes every image from here,
// under the name that its users know it by.
func (p *Plane) startRegistry(ctx context.Context) (address string, err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("cannot serve images: %w", err)
	}
	server := &http.Server{
		Handler:           registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = server.Serve(l) }()
	p.onClose(server.Close)
	p.mu.Lock()
	p.registry = l.Addr().String()
	p.mu.Unlock()
	return l.Addr().String(), nil
}

// PushLayout gives the node the images of an OCI layout, as `make image` writes it,
// under a name with a tag, for example ghcr.io/gatehouse-platform/mcp-server:0.1.0.
func (p *Plane) PushLayout(ctx context.Context, dir, image string) error {
	path, err := layout.FromPath(dir)
	if err != nil {
		return fmt.Errorf("cannot read images from %q: %w", dir, err)
	}
	index, err := path.ImageIndex()
	if err != nil {
		return fmt.Errorf("cannot read the index of %q: %w", dir, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return fmt.Errorf("cannot read the index of %q: %w", dir, err)
	}
	if len(manifest.Manifests) != 1 {
		return fmt.Errorf("cannot tell which of %d indexes in %q is meant", len(manifest.Manifests), dir)
	}
	inner, err := index.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		return fmt.Errorf("cannot read the images of %q: %w", dir, err)
	}
	ref, err := p.reference(image)
	if err != nil {
		return err
	}
	if err := remote.WriteIndex(ref, inner, remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("cannot push %q: %w", image, err)
	}
	return nil
}

// Image is an image that holds one static program, for pods of the node.
type Image struct {
	Name      string // as charts name it, with a tag: quay.io/jetstack/cert-manager-controller:v1.21.2
	Component string // the component of the plane whose program it holds
	Path      string // of the program within the image. Default: /program
	User      string // who runs it, as USER in a Dockerfile. Default: 65535:65535
	// Writable are folders that everybody may write to, as base images have /tmp.
	Writable []string
}

// PushImage gives the node an image made of a program that the plane has built. The
// component has to be one of the plane's: see Options.
func (p *Plane) PushImage(ctx context.Context, image Image) error {
	program := p.program(image.Component)
	if program == "" {
		return fmt.Errorf("cannot make image %q: the plane has no component %q", image.Name, image.Component)
	}
	made, err := image.of(program)
	if err != nil {
		return fmt.Errorf("cannot make image %q: %w", image.Name, err)
	}
	ref, err := p.reference(image.Name)
	if err != nil {
		return err
	}
	if err := remote.Write(ref, made, remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("cannot push %q: %w", image.Name, err)
	}
	return nil
}

// reference is where an image is in the registry of the plane: below the same path,
// without the host that users know.
func (p *Plane) reference(image string) (name.Tag, error) {
	p.mu.Lock()
	address := p.registry
	p.mu.Unlock()
	_, path, _ := strings.Cut(image, "/")
	ref, err := name.NewTag(address+"/"+path, name.Insecure)
	if err != nil {
		return name.Tag{}, fmt.Errorf("cannot name image %q: %w", image, err)
	}
	return ref, nil
}

// of returns the image with the program in that file.
func (i Image) of(program string) (v1.Image, error) {
	if i.Path == "" {
		i.Path = "/program"
	}
	if i.User == "" {
		i.User = "65535:65535"
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, folder := range i.Writable {
		if err := w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(folder, "/") + "/", Mode: 0o1777, Typeflag: tar.TypeDir}); err != nil {
			return nil, err
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(i.Path, "/"), Mode: 0o755, Size: int64(len(binary)), Typeflag: tar.TypeReg}); err != nil {
		return nil, err
	}
	if _, err := w.Write(binary); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	opened, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, opened)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{Entrypoint: []string{i.Path}, User: i.User}
	return mutate.ConfigFile(img, config)
}
