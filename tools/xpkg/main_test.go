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
	return builder{root: root, out: filepath.Join(root, "dist"), log: &bytes.Buffer{}, programs: programs{
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

func TestRunFails(t *testing.T) {
	cases := map[string]struct {
		reason string
		args   []string
		change func(*builder)
		want   string
	}{
		"Nothing":        {"Which of the two is for the caller to say.", nil, func(*builder) {}, "cannot tell what to build"},
		"SomethingElse":  {"There are two.", []string{"chart"}, func(*builder) {}, "cannot tell what to build"},
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
