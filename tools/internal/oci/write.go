package oci

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// WriteXpkg writes a package as one file, as crossplane xpkg build does: a
// tarball of one image, without a name.
func WriteXpkg(path string, img v1.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("cannot make the folder of %q: %w", path, err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("cannot create package %q: %w", path, err)
	}
	if err := errors.Join(tarball.Write(nil, img, f), f.Close()); err != nil {
		return fmt.Errorf("cannot write package %q: %w", path, err)
	}
	return nil
}

// WriteLayout writes an OCI layout with one index of images, one for each
// architecture. What was there before is replaced.
func WriteLayout(dir string, images []v1.Image) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, img := range images {
		c, err := img.ConfigFile()
		if err != nil {
			return fmt.Errorf("cannot read the configuration of an image: %w", err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: c.Platform()},
		})
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("cannot remove the old layout %q: %w", dir, err)
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("cannot write layout %q: %w", dir, err)
	}
	if err := path.AppendIndex(index); err != nil {
		return fmt.Errorf("cannot write the index of layout %q: %w", dir, err)
	}
	return nil
}
