package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// renderedKeys are the keys of everything that a Cluster is composed of.
func renderedKeys(t *testing.T, xr string) []string {
	t.Helper()
	return keysOf(t, xr, func(plan *compose.Plan) []composed.Resource { return plan.All })
}

func keysOf(t *testing.T, xr string, of func(*compose.Plan) []composed.Resource) []string {
	t.Helper()
	var out []string
	for _, r := range planned(t, xr, of) {
		out = append(out, r.Key)
	}
	slices.Sort(out)
	return out
}

// planned are resources of the plan of a Cluster of which nothing exists yet.
func planned(t *testing.T, xr string, of func(*compose.Plan) []composed.Resource) []composed.Resource {
	t.Helper()
	pinned, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	documents, err := render.Read("test", bytes.NewReader([]byte(xr)))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := compose.NewPlanner(pinned).Plan(documents[0].Object, composed.Observed{})
	if err != nil {
		t.Fatal(err)
	}
	return of(plan)
}

// TestClustersOnClouds composes the reference Clusters of all three clouds with
// the real kinds of their providers. No cloud answers: what is shown is that the
// API server takes every resource, that a change changes what it should, and that the
// control plane is the last to go.
func TestClustersOnClouds(t *testing.T) {
	definitions := cloudDefinitions(t)
	ctx, p, _ := suite.Start(t)
	objects, err := plane.ReadObjects(definitions)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.InstallDefinitions(ctx, objects...); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		example, change string
		changed         []string
		controlPlane    schema.GroupVersionKind
	}{
		"AWS": {
			example: "aws-all", change: `{"nodeSize":"small"}`, changed: []string{"eksnodegroup"},
			controlPlane: schema.GroupVersionKind{Group: "eks.aws.m.upbound.io", Version: "v1beta1", Kind: "Cluster"},
		},
		"Azure": {
			example: "azure-all", change: `{"minNodeCount":4}`, changed: []string{"azure-cluster"},
			controlPlane: schema.GroupVersionKind{Group: "containerservice.azure.m.upbound.io", Version: "v1beta1", Kind: "KubernetesCluster"},
		},
		"Google": {
			example: "google-all", change: `{"minNodeCount":4}`, changed: []string{"google-nodepool"},
			controlPlane: schema.GroupVersionKind{Group: "container.gcp.m.upbound.io", Version: "v1beta1", Kind: "Cluster"},
		},
	}
	for title, tc := range cases {
		t.Run(title, func(t *testing.T) {
			// Most of it is to wait for Crossplane.
			t.Parallel()
			ctx, p, namespace := suite.Start(t)
			name, _, _ := strings.Cut(tc.example, "-")
			xr := exampleXR(t, tc.example, namespace, name)
			if err := p.ApplyYAML(ctx, xr); err != nil {
				t.Fatal(err)
			}
			want := keysOf(t, xr, func(plan *compose.Plan) []composed.Resource { return plan.Resources })
			before := awaitComposed(ctx, t, p, namespace, name, want)
			newDoor(t, p, namespace, name).Patch(ctx, t, `{"spec":{"parameters":`+tc.change+`}}`)
			changed := map[string]string{}
			for _, key := range tc.changed {
				changed[key] = "changed"
			}
			awaitChanges(ctx, t, p, namespace, name, before, changed)
			newDoor(t, p, namespace, name).checkCloudEnd(ctx, t, tc.controlPlane)
		})
	}
}

// exampleXR is an example under another name and namespace.
func exampleXR(t *testing.T, example, namespace, name string) string {
	t.Helper()
	root, err := product.Root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "examples", "valid", example+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	obj := map[string]any{}
	if err := yaml.Unmarshal(raw, &obj); err != nil {
		t.Fatal(err)
	}
	obj["metadata"] = map[string]any{"name": name, "namespace": namespace}
	out, err := yaml.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// awaitComposed waits until a Cluster is composed of the resources with the keys.
func awaitComposed(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string, want []string) composedByKey {
	t.Helper()
	var all composedByKey
	err := p.Poll(ctx, "the resources of Cluster "+name, func(ctx context.Context) error {
		all = composedOf(ctx, t, p, namespace, name)
		var got []string
		for key := range all {
			got = append(got, key)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			return errors.New("resources (-want +got):\n" + diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(fmt.Errorf("Cluster %q: %w", name, err))
	}
	return all
}

// cloudDefinitions are the kinds of the clouds. They are not part of this
// repository: users do without these tests, continuous integration must not.
func cloudDefinitions(t *testing.T) string {
	t.Helper()
	root, err := product.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "..", "shared", "crds")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("cannot find the kinds of the clouds in %q", dir)
		}
		t.Skipf("the kinds of the clouds are not here (%s)", dir)
	}
	return filepath.Join(dir, "*.upbound.io_*.yaml")
}
