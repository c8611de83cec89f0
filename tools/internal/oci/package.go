// Package oci builds Crossplane packages and images without a container engine
// and without a network, the same bytes for the same input.
package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/gatehouse-platform/gatehouse/tools/internal/manifest"
)

// What Crossplane looks for in a package (crossplane-runtime v2.3.3 pkg/xpkg
// name.go and layers.go, which are not imported: they bring cosign along).
const (
	// StreamFile holds the objects of a package.
	StreamFile = "package.yaml"
	// annotationKey marks the layer with the stream file, on the layer itself and,
	// for tarballs, which have no annotations, in the labels of the image:
	// annotationKey:DIGEST. crossplane xpkg push makes the former of the latter.
	annotationKey = "io.crossplane.xpkg"
	annotation    = "base"
)

// epoch is the time of everything: the time of the build would be another input.
var epoch = time.Unix(0, 0).UTC()

// Stream reads the files of a package into its stream: first crossplane.yaml,
// which says what the package is, then the others by name.
func Stream(dir string) ([]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("cannot list the files of package %q: %w", dir, err)
	}
	meta := filepath.Join(dir, "crossplane.yaml")
	paths = append([]string{meta}, slices.DeleteFunc(paths, func(p string) bool { return p == meta })...)
	var b bytes.Buffer
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("cannot read a file of package %q: %w", dir, err)
		}
		b.WriteString("---\n")
		b.Write(raw)
	}
	return b.Bytes(), nil
}

// Package puts a stream into an image. For a Function base is the image that
// runs; a Configuration has none.
func Package(base v1.Image, stream []byte) (v1.Image, error) {
	if base == nil {
		base = empty.Image
	}
	layer, err := file(StreamFile, 0o644, stream)
	if err != nil {
		return nil, err
	}
	digest, err := layer.Digest()
	if err != nil {
		return nil, fmt.Errorf("cannot get the digest of %q: %w", StreamFile, err)
	}
	img, err := appendLayer(base, layer, map[string]string{annotationKey: annotation})
	if err != nil {
		return nil, err
	}
	return configure(img, func(c *v1.ConfigFile) {
		c.Config.Labels = map[string]string{
			annotationKey + ":" + digest.String(): annotation,
			// By these registries show where an image comes from.
			"org.opencontainers.image.source":   manifest.Source,
			"org.opencontainers.image.licenses": manifest.License,
		}
	})
}

// file is a layer with one file.
func file(name string, mode int64, content []byte) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	header := &tar.Header{Name: name, Mode: mode, Size: int64(len(content)), ModTime: epoch, Format: tar.FormatUSTAR}
	if err := w.WriteHeader(header); err != nil {
		return nil, fmt.Errorf("cannot write %q into a layer: %w", name, err)
	}
	if _, err := w.Write(content); err != nil {
		return nil, fmt.Errorf("cannot write %q into a layer: %w", name, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("cannot write %q into a layer: %w", name, err)
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	layer, err := tarball.LayerFromOpener(open,
		tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(gzip.DefaultCompression),
		tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("cannot make a layer of %q: %w", name, err)
	}
	return layer, nil
}

func appendLayer(img v1.Image, layer v1.Layer, annotations map[string]string) (v1.Image, error) {
	img = mutate.ConfigMediaType(mutate.MediaType(img, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.Append(img, mutate.Addendum{
		Layer:       layer,
		MediaType:   types.OCILayer,
		Annotations: annotations,
		History:     v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "gatehouse tools/xpkg"},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot add a layer to the image: %w", err)
	}
	return img, nil
}

// configure changes a copy of the configuration of an image.
func configure(img v1.Image, change func(*v1.ConfigFile)) (v1.Image, error) {
	c, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration of the image: %w", err)
	}
	c = c.DeepCopy()
	c.Created = v1.Time{Time: epoch}
	change(c)
	img, err = mutate.ConfigFile(img, c)
	if err != nil {
		return nil, fmt.Errorf("cannot write the configuration of the image: %w", err)
	}
	return img, nil
}
