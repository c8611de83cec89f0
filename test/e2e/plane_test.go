package e2e

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// smoke is a composite resource whose only step is function-auto-ready: it
// composes nothing and is ready at once.
const smoke = `
apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata: {name: smokes.e2e.gatehouse.example.org}
spec:
  scope: Namespaced
  group: e2e.gatehouse.example.org
  names: {kind: Smoke, plural: smokes}
  versions:
  - name: v1
    served: true
    referenceable: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
---
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: {name: smoke}
spec:
  compositeTypeRef: {apiVersion: e2e.gatehouse.example.org/v1, kind: Smoke}
  mode: Pipeline
  pipeline:
  - step: ready
    functionRef: {name: crossplane-contrib-function-auto-ready}
---
apiVersion: e2e.gatehouse.example.org/v1
kind: Smoke
metadata: {name: one, namespace: %[1]s}
spec: {}
`

// TestPlaneStarts shows that Crossplane reconciles a composite resource with a
// real composition function behind mutual TLS.
func TestPlaneStarts(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	apply(ctx, t, p, namespace, smoke)
	awaitReady(ctx, t, p, plane.Reference("e2e.gatehouse.example.org/v1", "Smoke", namespace, "one"))
}

// TestAPIServerSaysItsVersion: clients and charts decide on what the API server says of
// itself, the whole version and its parts.
func TestAPIServerSaysItsVersion(t *testing.T) {
	_, p, _ := suite.Start(t)
	asked, err := discovery.NewDiscoveryClientForConfig(p.Config())
	if err != nil {
		t.Fatal(err)
	}
	got, err := asked.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	pinned := version.MustParseSemantic(plane.KubernetesVersion)
	parts := fmt.Sprintf("%d.%d", pinned.Major(), pinned.Minor())
	if got.GitVersion != plane.KubernetesVersion || got.Major+"."+got.Minor != parts {
		t.Errorf("the API server is %q, %s.%s, want %q, %s", got.GitVersion, got.Major, got.Minor, plane.KubernetesVersion, parts)
	}
}
