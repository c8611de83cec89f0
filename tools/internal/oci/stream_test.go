package oci

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/Masterminds/semver/v3"
	xpv1 "github.com/crossplane/crossplane/apis/v2/apiextensions/v1"
	xpv2 "github.com/crossplane/crossplane/apis/v2/apiextensions/v2"
	pkgmetav1 "github.com/crossplane/crossplane/apis/v2/pkg/meta/v1"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/gatehouse-platform/gatehouse/tools/internal/manifest"
)

const (
	configurationDir = "../../../" + manifest.ConfigurationDir
	functionDir      = "../../../" + manifest.FunctionDir
)

// parse reads a stream with the types that Crossplane reads it with, but
// strictly: Crossplane would drop fields that it does not know.
func parse(t *testing.T, stream []byte) []runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{pkgmetav1.SchemeBuilder.AddToScheme, xpv1.AddToScheme, xpv2.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	var objects []runtime.Object
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		o, _, err := decoder.Decode(doc, nil, nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		objects = append(objects, o)
	}
}

func kinds(objects []runtime.Object) []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.GetObjectKind().GroupVersionKind().GroupKind().String())
	}
	return out
}

func configuration(t *testing.T) v1.Image {
	t.Helper()
	stream, err := Stream(configurationDir)
	if err != nil {
		t.Fatal(err)
	}
	img, err := Package(nil, stream)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestConfiguration(t *testing.T) {
	img := configuration(t)
	objects := parse(t, annotated(t, img))
	composition, xrd := "Composition.apiextensions.crossplane.io", "CompositeResourceDefinition.apiextensions.crossplane.io"
	want := []string{"Configuration.meta.pkg.crossplane.io", composition, composition, composition, composition, xrd}
	if diff := cmp.Diff(want, kinds(objects)); diff != "" {
		t.Fatalf("-want, +got:\n%s", diff)
	}

	meta := objects[0].(*pkgmetav1.Configuration)
	if _, err := semver.NewConstraint(meta.Spec.Crossplane.Version); err != nil {
		t.Error(err)
	}
	installed := map[string]bool{}
	for _, d := range meta.Spec.DependsOn {
		if *d.Kind == "Function" {
			installed[manifest.InstalledName(*d.Package)] = true
		}
	}
	var names []string
	for _, o := range objects[1:] {
		c, ok := o.(*xpv1.Composition)
		if !ok {
			continue
		}
		names = append(names, c.Name)
		for _, step := range c.Spec.Pipeline {
			if !installed[step.FunctionRef.Name] {
				t.Errorf("%s: no dependency installs function %q", c.Name, step.FunctionRef.Name)
			}
		}
	}
	if x := objects[len(objects)-1].(*xpv2.CompositeResourceDefinition); !slices.Contains(names, x.Spec.DefaultCompositionRef.Name) {
		t.Errorf("the default composition %q is not in the package", x.Spec.DefaultCompositionRef.Name)
	}
}

func TestFunction(t *testing.T) {
	objects := parse(t, annotated(t, function(t)))
	if diff := cmp.Diff([]string{"Function.meta.pkg.crossplane.io"}, kinds(objects)); diff != "" {
		t.Fatalf("-want, +got:\n%s", diff)
	}
	meta := objects[0].(*pkgmetav1.Function)
	if diff := cmp.Diff([]string{"composition"}, meta.Spec.Capabilities); diff != "" {
		t.Errorf("capabilities: -want, +got:\n%s", diff)
	}
	for _, key := range []string{"maintainer", "source", "license", "description", "readme"} {
		if meta.Annotations["meta.crossplane.io/"+key] == "" {
			t.Errorf("annotation meta.crossplane.io/%s is missing", key)
		}
	}
}

// TestXpkg reads the files that are published. A tarball has no annotations:
// crossplane xpkg push makes them of the image's labels, and Crossplane finds
// package.yaml in the unpacked image without them.
func TestXpkg(t *testing.T) {
	for name, img := range map[string]v1.Image{"Configuration": configuration(t), "Function": function(t)} {
		t.Run(name, func(t *testing.T) {
			got := read(t, img)
			if diff := cmp.Diff(annotated(t, img), contents(t, mutate.Extract(got))[StreamFile]); diff != "" {
				t.Errorf("the stream changed: -built, +read:\n%s", diff)
			}
			c, err := got.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			layers, err := got.Layers()
			if err != nil {
				t.Fatal(err)
			}
			digest, err := layers[len(layers)-1].Digest()
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{
				"io.crossplane.xpkg:" + digest.String(): "base",
				"org.opencontainers.image.source":       "https://github.com/gatehouse-platform/gatehouse",
				"org.opencontainers.image.licenses":     "Apache-2.0",
			}
			if diff := cmp.Diff(want, c.Config.Labels); diff != "" {
				t.Errorf("labels: -want, +got:\n%s", diff)
			}
		})
	}
}
