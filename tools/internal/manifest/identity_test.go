package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	xpv1 "github.com/crossplane/crossplane/apis/v2/apiextensions/v1"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/cloud"
	"github.com/gatehouse-platform/gatehouse/internal/version"
	"github.com/gatehouse-platform/gatehouse/tools/internal/apidoc"
)

// identity is what live objects depend on. It is written out here, not made of
// the constants that it checks.
const identity = `
apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata:
  name: clusters.devopstoolkit.ai
  labels: {idp: "true"}
spec:
  group: devopstoolkit.ai
  names: {kind: Cluster, plural: clusters}
  scope: Namespaced
  defaultCompositionRef: {name: cluster-aws}
  versions:
  - name: v2
    served: true
    referenceable: true
    additionalPrinterColumns:
    - {name: clusterName, type: string, jsonPath: .status.clusterName}
    - {name: controlPlane, type: string, jsonPath: .status.controlPlaneStatus}
    - {name: nodePool, type: string, jsonPath: .status.nodePoolStatus}
`

func TestIdentity(t *testing.T) {
	got := written(t, ConfigurationDir+"/definition.yaml")[0]
	v := got["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any)
	root := v["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)
	delete(v, "schema")
	if diff := cmp.Diff(object(t, []byte(identity)), got); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}

	properties := root["properties"].(map[string]any)
	if diff := cmp.Diff([]string{"spec", "status"}, keys(properties)); diff != "" {
		t.Errorf("Crossplane adds the rest of the schema itself: -want, +got:\n%s", diff)
	}
	spec := properties["spec"].(map[string]any)
	if diff := cmp.Diff([]string{"parameters"}, keys(spec["properties"].(map[string]any))); diff != "" {
		t.Errorf("Crossplane adds the rest of spec itself: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff([]any{"parameters"}, spec["required"]); diff != "" {
		t.Errorf("required: -want, +got:\n%s", diff)
	}
}

func TestCompositions(t *testing.T) {
	want := map[string]map[string]any{
		"cluster-aws":      {"provider": "aws", "cluster": "eks"},
		"cluster-azure":    {"provider": "azure", "cluster": "aks"},
		"cluster-google":   {"provider": "google", "cluster": "gke"},
		"cluster-existing": {"provider": "existing", "cluster": "any"},
	}
	got := map[string]map[string]any{}
	for _, c := range written(t, ConfigurationDir+"/compositions.yaml") {
		meta := c["metadata"].(map[string]any)
		got[meta["name"].(string)] = meta["labels"].(map[string]any)
		wantSpec := object(t, []byte(`
compositeTypeRef: {apiVersion: devopstoolkit.ai/v2, kind: Cluster}
mode: Pipeline
pipeline:
- {step: compose, functionRef: {name: gatehouse-platform-function-gatehouse}}
- {step: automatically-detect-ready-composed-resources, functionRef: {name: crossplane-contrib-function-auto-ready}}
`))
		if diff := cmp.Diff(wantSpec, c["spec"]); diff != "" {
			t.Errorf("%s: -want, +got:\n%s", meta["name"], diff)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
}

func TestDependencies(t *testing.T) {
	o := options(t)
	o.Providers = UpboundProviders
	installed := map[string]bool{}
	for _, d := range configuration(o).Spec.DependsOn {
		if _, err := semver.NewConstraint(d.Version); err != nil {
			t.Errorf("%v: %v", d, err)
		}
		if *d.Kind == "Function" {
			installed[InstalledName(*d.Package)] = true
		}
		if strings.Contains(*d.Package, "aws") && !strings.HasPrefix(*d.Package, UpboundProviders+"/") {
			t.Errorf("%s is not where cloud providers were asked to come from", *d.Package)
		}
	}
	for _, c := range cloud.All() {
		for _, step := range composition(c).Spec.Pipeline {
			if !installed[step.FunctionRef.Name] {
				t.Errorf("%s: no dependency installs function %s", c.Provider, step.FunctionRef.Name)
			}
		}
	}
	if mode := composition(cloud.All()[0]).Spec.Mode; mode != xpv1.CompositionModePipeline {
		t.Errorf("mode %s", mode)
	}
}

// TestProvidersServeWhatIsComposed looks for API groups in the source, so that a
// new kind of resource cannot be composed without the package that serves it.
func TestProvidersServeWhatIsComposed(t *testing.T) {
	var served []string
	for _, p := range slices.Concat(cloudProviders(), clusterProviders()) {
		served = append(served, p.groups...)
	}
	group := regexp.MustCompile(`"([a-z0-9.]+\.m\.(?:upbound|crossplane)\.io)/v`)
	found := map[string]any{}
	for _, dir := range []string{"internal/cloud", "internal/composed", "internal/apps", "internal/compose", "internal/wiring"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			raw, err := os.ReadFile(path)
			for _, m := range group.FindAllSubmatch(raw, -1) {
				found[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(served)
	if diff := cmp.Diff(served, keys(found)); diff != "" {
		t.Errorf("-served by dependencies, +composed:\n%s", diff)
	}
}

func TestInstalledName(t *testing.T) {
	cases := map[string]struct{ reason, want string }{
		"xpkg.crossplane.io/crossplane-contrib/function-auto-ready": {"The registry is not part of the name.", "crossplane-contrib-function-auto-ready"},
		"ghcr.io/gatehouse-platform/function-gatehouse":             {"Ours.", "gatehouse-platform-function-gatehouse"},
		"registry.example.com/a/b/function.x":                       {"Folders and dots become dashes.", "a-b-function-x"},
	}
	for pkg, tc := range cases {
		if got := InstalledName(pkg); got != tc.want {
			t.Errorf("%s\nInstalledName(%q): want %q, got %q", tc.reason, pkg, tc.want, got)
		}
	}
}

func TestFilesRefuseVersions(t *testing.T) {
	for _, v := range []string{"", "0.1.0", "v1", "latest"} {
		o := options(t)
		o.Version = v
		if _, err := Files(o); err == nil {
			t.Errorf("version %q: want an error", v)
		}
	}
}

// TestGeneratedFiles finds files that were edited, or not generated again.
func TestGeneratedFiles(t *testing.T) {
	o := options(t)
	o.Version = "v" + version.Version
	files, err := Files(o)
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, File{Path: apidoc.Path, Content: apidoc.Markdown(Schema(o.Schema))})
	for _, f := range files {
		have, err := os.ReadFile(filepath.Join(root, f.Path))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(have, f.Content) {
			t.Errorf("%s is not what xrdgen makes: run make generate\n%s", f.Path, cmp.Diff(string(f.Content), string(have)))
		}
	}
}

// written gives the objects of a generated file.
func written(t *testing.T, path string) []map[string]any {
	t.Helper()
	files, err := Files(options(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Path != path {
			continue
		}
		var objects []map[string]any
		for doc := range strings.SplitSeq(string(f.Content), "\n---\n") {
			var obj map[string]any
			if err := yaml.Unmarshal([]byte(doc), &obj); err != nil {
				t.Fatal(err)
			}
			objects = append(objects, obj)
		}
		return objects
	}
	t.Fatalf("no file %s", path)
	return nil
}

func keys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
