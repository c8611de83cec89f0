package oci

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const source = `package main

import "os"

func main() { os.Stdout.WriteString("composed") }
`

// program is called function, as the one that these packages are for.
var program = Program{Name: "function", Ports: []int{9443, 8080}}

// module makes the smallest module with a command, somewhere else each time.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example.com/function\n\ngo 1.26.0\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func function(t *testing.T) v1.Image {
	t.Helper()
	binary, err := Build(t.Context(), module(t), ".", runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	img, err := Runtime(program, binary, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := Stream(functionDir)
	if err != nil {
		t.Fatal(err)
	}
	img, err = Package(img, stream)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestRuntime(t *testing.T) {
	img := function(t)
	if err := validate.Image(read(t, img)); err != nil {
		t.Error(err)
	}
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c.Config.Labels = nil // see TestXpkg
	want := v1.Config{
		Entrypoint:   []string{"/function"},
		User:         "65532:65532",
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{"9443/tcp": {}, "8080/tcp": {}},
	}
	if diff := cmp.Diff(want, c.Config); diff != "" {
		t.Errorf("configuration: -want, +got:\n%s", diff)
	}
	if c.OS != "linux" || c.Architecture != runtime.GOARCH || !c.Created.Equal(epoch) {
		t.Errorf("platform %s/%s, created %s", c.OS, c.Architecture, c.Created)
	}

	files := contents(t, mutate.Extract(img))
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"function", StreamFile}, names); diff != "" {
		t.Errorf("there should be no shell and no libraries: -want, +got:\n%s", diff)
	}
	// An empty environment and root: what runs in the image must need neither.
	path := filepath.Join(t.TempDir(), "function")
	if err := os.WriteFile(path, files["function"], 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Env = []string{}
	if out, err := cmd.Output(); err != nil || string(out) != "composed" {
		t.Errorf("the binary says %q, %v", out, err)
	}
}

// TestReproducible builds twice, in different folders.
func TestReproducible(t *testing.T) {
	var packages [][]byte
	var digests []string
	for range 2 {
		img := function(t)
		digest, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "function.xpkg")
		if err := WriteXpkg(path, img); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		packages, digests = append(packages, raw), append(digests, digest.String())
	}
	if digests[0] != digests[1] {
		t.Errorf("digests differ: %s", digests)
	}
	if !bytes.Equal(packages[0], packages[1]) {
		t.Error("packages differ")
	}
}

// TestLayout holds the layout to what registries and container engines take: one
// index, with the platform of each image.
func TestLayout(t *testing.T) {
	var images []v1.Image
	for _, arch := range Architectures() {
		img, err := Runtime(program, []byte("binary for "+arch), arch)
		if err != nil {
			t.Fatal(err)
		}
		if img, err = Package(img, []byte("kind: Function\n")); err != nil {
			t.Fatal(err)
		}
		images = append(images, img)
	}
	dir := filepath.Join(t.TempDir(), "image")
	// Twice: what was there before must not stay.
	for range 2 {
		if err := WriteLayout(dir, images); err != nil {
			t.Fatal(err)
		}
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("want one index in the layout, got %v, %v", manifest, err)
	}
	inner, err := index.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err = inner.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, m := range manifest.Manifests {
		platforms = append(platforms, m.Platform.String())
		img, err := inner.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(annotated(t, img)); got != "kind: Function\n" {
			t.Errorf("%s: the annotated layer holds %q", m.Platform, got)
		}
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64/v8"}, platforms); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
}

func TestBuildFails(t *testing.T) {
	if _, err := Build(t.Context(), t.TempDir(), "./cmd/function", runtime.GOARCH); err == nil {
		t.Error("want an error where there is no command")
	}
	if _, err := Stream(t.TempDir()); err == nil {
		t.Error("want an error where there is no crossplane.yaml")
	}
}

// read gives the image in an xpkg file.
func read(t *testing.T, img v1.Image) v1.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.xpkg")
	if err := WriteXpkg(path, img); err != nil {
		t.Fatal(err)
	}
	out, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// annotated gives the stream in the layer that is annotated: that is where
// Crossplane looks first, so it need not unpack the whole image.
func annotated(t *testing.T, img v1.Image) []byte {
	t.Helper()
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range manifest.Layers {
		if l.Annotations["io.crossplane.xpkg"] != "base" {
			continue
		}
		layer, err := img.LayerByDigest(l.Digest)
		if err != nil {
			t.Fatal(err)
		}
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		return contents(t, content)[StreamFile]
	}
	t.Fatal("no layer is annotated")
	return nil
}

func contents(t *testing.T, archive io.ReadCloser) map[string][]byte {
	t.Helper()
	defer func() {
		if err := archive.Close(); err != nil {
			t.Error(err)
		}
	}()
	out := map[string][]byte{}
	r := tar.NewReader(archive)
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if out[header.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
