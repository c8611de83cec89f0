package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/gatehouse-platform/gatehouse/tools/internal/oci"
)

// repository is one with the packages and the smallest programs that there are.
func repository(t *testing.T) builder {
	t.Helper()
	root := t.TempDir()
	for path, content := range map[string]string{
		"go.mod":                                "module example.com/repository\n\ngo 1.26.0\n",
		"cmd/function/main.go":                  "package main\n\nfunc main() {}\n",
		"cmd/server/main.go":                    "package main\n\nfunc main() { println(\"serving\") }\n",
		"package/configuration/crossplane.yaml": "kind: Configuration\n",
		"package/configuration/definition.yaml": "kind: CompositeResourceDefinition\n",
		"package/function/crossplane.yaml":      "kind: Function\n",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return builder{root: root, out: filepath.Join(root, "dist"), log: &bytes.Buffer{}, arches: oci.Architectures(), programs: programs{
		function: oci.Program{Name: "function", Command: "./cmd/function"},
		server:   oci.Program{Name: "server", Command: "./cmd/server"},
	}}
}

func TestRun(t *testing.T) {
	b := repository(t)
	for _, what := range []string{"package", "image"} {
		if err := b.run([]string{what}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(b.out)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{"configuration-gatehouse.xpkg", "function-gatehouse-amd64.xpkg", "function-gatehouse-arm64.xpkg", "image"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
	// A registry takes each as it is: one index with an image for each platform.
	for _, name := range []string{"function", "server"} {
		index, err := layout.ImageIndexFromPath(filepath.Join(b.out, "image", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(index); err != nil {
			t.Errorf("image %s: %v", name, err)
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		img, err := tarball.ImageFromPath(filepath.Join(b.out, "function-gatehouse-"+arch+".xpkg"), nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		// crossplane xpkg push makes the platforms of an index of this.
		if c.Architecture != arch || c.OS != "linux" {
			t.Errorf("the package for %s is for %s/%s", arch, c.OS, c.Architecture)
		}
	}
}

// TestOneImage: who needs one image for one architecture waits for no other.
func TestOneImage(t *testing.T) {
	b := repository(t)
	b.arches = []string{"arm64"}
	if err := b.run([]string{"image", "server"}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(b.out, "image"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "server" {
		t.Fatalf("the images are %v (%v), want only that of the server", entries, err)
	}
	index, err := layout.ImageIndexFromPath(filepath.Join(b.out, "image", "server"))
	if err != nil {
		t.Fatal(err)
	}
	// The layout holds the index that a registry takes, and that the images.
	outer, err := index.IndexManifest()
	if err != nil || len(outer.Manifests) != 1 {
		t.Fatalf("the layout holds %+v (%v), want one index", outer, err)
	}
	inner, err := index.ImageIndex(outer.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := inner.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Platform.Architecture != "arm64" {
		t.Errorf("the image is for %+v (%v), want arm64 alone", manifest, err)
	}
}

func TestRunFails(t *testing.T) {
	cases := map[string]struct {
		reason string
		args   []string
		change func(*builder)
		want   string
	}{
		"Nothing":        {"Which of the two is for the caller to say.", nil, func(*builder) {}, "cannot tell what to build"},
		"SomethingElse":  {"There are two.", []string{"chart"}, func(*builder) {}, "cannot tell what to build"},
		"NoSuchImage":    {"A name that there is not is no request for nothing.", []string{"image", "client"}, func(*builder) {}, `cannot build image "client": there are function and server`},
		"NoArchitecture": {"Images are for what clusters run on.", []string{"image"}, func(b *builder) { b.arches = []string{"i386"} }, `cannot build for architecture "i386": there are amd64, arm64`},
		"NoRepository":   {"The files of the packages must be there.", []string{"package"}, func(b *builder) { b.root = t.TempDir() }, "cannot read a file of package"},
		"BrokenServer":   {"Neither is the server.", []string{"image"}, func(b *builder) { b.programs.server.Command = "./cmd/nothing" }, "cannot build"},
		"BrokenFunction": {"What does not compile is not packaged.", []string{"image"}, func(b *builder) { b.programs.function.Command = "./cmd/nothing" }, "cannot build"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			b := repository(t)
			tc.change(&b)
			if err := b.run(tc.args); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("\n%s\nwant an error with %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}
