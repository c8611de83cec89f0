// Package cluster follows a Cluster onto a node: what its charts run are pods, of the
// images that they name, made of programs that are built here.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

func TestMain(m *testing.M) {
	suite.Main(m, suite.Options{
		Tier: suite.Node, Components: append(product.Components(), "node", "cert-manager", "envoy-gateway"),
		Charts: product.ChartsWithPods, Prepare: prepare, Patience: 10 * time.Minute,
	})
}

// prepare installs the product, and gives the node what the real charts run.
func prepare(ctx context.Context, p *plane.Plane) error {
	for _, name := range []string{"cert-manager", "gateway-helm"} {
		chart, err := charts.LoadReal(ctx, name)
		if err != nil {
			return err
		}
		for _, image := range chart.Images {
			if err := p.PushImage(ctx, plane.Image{Name: image.Name, Component: image.Component, Path: image.Path}); err != nil {
				return err
			}
		}
	}
	return product.Install(ctx, p)
}

// door has every app whose pods can run here, and those that these meet.
const door = `
apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: door, namespace: %[1]s}
spec:
  crossplane:
    compositionSelector:
      matchLabels: {provider: existing, cluster: any}
  parameters:
    nodeSize: small
    namespaces: [team-a]
    existing:
      kubeconfigSecretRef: {name: plane, key: kubeconfig}
    apps:
      envoyGateway: {enabled: true}
      certManager: {enabled: true}
      # Beside the Crossplane that composes this one there is to be no other at work.
      crossplane: {enabled: true, version: 2.3.4, values: {replicas: 0, rbacManager: {replicas: 0}}}
      keda: {enabled: true, routeNamespaces: [team-b]}
      prometheus: {enabled: true}
`

// TestClusterWithPods has a Cluster bring up Envoy Gateway and cert-manager: their pods
// are ready, and Envoy Gateway accepts the Gateway that the Cluster is composed of.
func TestClusterWithPods(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	if err := p.WriteKubeconfigSecret(ctx, namespace, "plane", "kubeconfig"); err != nil {
		t.Fatal(err)
	}
	if err := p.ApplyYAML(ctx, fmt.Sprintf(door, namespace)); err != nil {
		t.Fatal(err)
	}
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, "door")
	if err := p.WaitCondition(ctx, xr, "Synced", "Ready", "ParametersAccepted", "AppsReady"); err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		object    *unstructured.Unstructured
		condition string
	}{
		{plane.Reference("apps/v1", "Deployment", "envoy-gateway-system", "envoy-gateway"), "Available"},
		{plane.Reference("apps/v1", "Deployment", "cert-manager", "cert-manager"), "Available"},
		{plane.Reference("apps/v1", "Deployment", "cert-manager", "cert-manager-webhook"), "Available"},
		{plane.Reference("apps/v1", "Deployment", "cert-manager", "cert-manager-cainjector"), "Available"},
		{plane.Reference("gateway.networking.k8s.io/v1", "GatewayClass", "", "eg"), "Accepted"},
		{plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg"), "Accepted"},
	} {
		if err := p.WaitCondition(ctx, o.object, o.condition); err != nil {
			t.Error(err)
		}
	}
	for _, o := range []*unstructured.Unstructured{
		plane.Reference("monitoring.coreos.com/v1", "PodMonitor", "envoy-gateway-system", "envoy-gateway-proxy"),
		plane.Reference("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "keda", "httproutes-to-interceptor"),
	} {
		if err := p.Client().Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			t.Errorf("cannot find %s %q: %v", o.GetKind(), o.GetName(), err)
		}
	}
	checkGatewayStatus(ctx, t, p, xr)
}

// checkGatewayStatus waits until the Cluster says what Envoy Gateway says of the
// listener: it is not programmed, for no image of Envoy itself can be made here.
func checkGatewayStatus(ctx context.Context, t *testing.T, p *plane.Plane, xr *unstructured.Unstructured) {
	t.Helper()
	err := p.WaitFor(ctx, xr, func(o *unstructured.Unstructured) error {
		listeners, _, err := unstructured.NestedSlice(o.Object, "status", "gateway", "listeners")
		if err != nil {
			return err
		}
		for _, item := range listeners {
			listener, _ := item.(map[string]any)
			if listener["name"] == "http" && listener["programmed"] != nil {
				return nil
			}
		}
		return errors.New("its status says nothing of what its listener http is to a controller")
	})
	if err != nil {
		t.Error(err)
	}
}
