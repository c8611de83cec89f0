package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/clusters"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// frontDoor is a Cluster on the plane itself, with everything that can run there.
const frontDoor = `
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
      keda: {enabled: true, routeNamespaces: [team-b]}
      prometheus: {enabled: true}
      traefik: {enabled: true}
      argocd: {enabled: true, repoURL: "https://github.com/example/apps"}
      externalSecrets: {enabled: true}
      # The real charts. What waits for pods is switched off: none run here.
      certManager: {enabled: true, values: {startupapicheck: {enabled: false}}}
      crossplane: {enabled: true, version: 2.3.4, values: {replicas: 0, rbacManager: {replicas: 0}}}
      externalDNS: {enabled: true}
      dapr: {enabled: true}
      vllm: {enabled: true}
`

// TestClusterOnExistingCluster follows one Cluster through its life: Crossplane
// itself, this function, provider-helm and provider-kubernetes.
func TestClusterOnExistingCluster(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	if err := p.WriteKubeconfigSecret(ctx, namespace, "plane", "kubeconfig"); err != nil {
		t.Fatal(err)
	}
	d := newDoor(t, p, namespace, "door")
	before := d.Take(ctx, t)
	apply(ctx, t, p, namespace, frontDoor)
	awaitReady(ctx, t, p, d.XR)

	t.Run("IsComposedAsRendered", func(t *testing.T) { checkComposed(ctx, t, p, namespace) })
	t.Run("IsInTheCluster", func(t *testing.T) { checkInstalled(ctx, t, p) })
	t.Run("SaysSoInItsStatus", func(t *testing.T) { checkStatus(ctx, t, p, d.XR) })
	t.Run("Changes", func(t *testing.T) { d.checkChanges(ctx, t) })
	t.Run("FatalKeepsEverything", func(t *testing.T) { d.breakAndMend(ctx, t) })
	t.Run("SettlesWithoutChurn", func(t *testing.T) { d.checkQuiet(ctx, t) })
	t.Run("Ends", func(t *testing.T) { d.checkEnd(ctx, t) })
	if err := d.Clean(ctx, before); err != nil {
		t.Error(err)
	}
}

// door is a Cluster on a plane, and everything around it.
type door struct{ clusters.Door }

func newDoor(t *testing.T, p *plane.Plane, namespace, name string) door {
	t.Helper()
	return door{clusters.New(t, p, namespace, name)}
}

// checkComposed compares with what `gatehouse render` promises.
func checkComposed(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	want := renderedKeys(t, fmt.Sprintf(frontDoor, namespace))
	var got []string
	for key := range composedOf(ctx, t, p, namespace, "door") {
		got = append(got, key)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("composition resource names (-rendered +composed):\n%s", diff)
	}
}

// checkInstalled looks at the cluster, not at what Crossplane says of it. The
// kinds are the real ones.
func checkInstalled(ctx context.Context, t *testing.T, p *plane.Plane) {
	for _, o := range []*unstructured.Unstructured{
		plane.Reference("gateway.networking.k8s.io/v1", "GatewayClass", "", "eg"),
		plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg"),
		plane.Reference("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "keda", "httproutes-to-interceptor"),
		plane.Reference("monitoring.coreos.com/v1", "PodMonitor", "envoy-gateway-system", "envoy-gateway-proxy"),
		plane.Reference("argoproj.io/v1alpha1", "Application", "argocd", "apps"),
		plane.Reference("apps/v1", "Deployment", "production-stack-system", "production-stack-production-stack-controller-manager"),
		plane.Reference("v1", "Namespace", "", "team-a"),
		plane.Reference("apps/v1", "Deployment", "cert-manager", "cert-manager-webhook"),
		plane.Reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "certificates.cert-manager.io"),
		plane.Reference("apps/v1", "Deployment", "crossplane-system", "crossplane"),
	} {
		if err := p.Client().Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			t.Errorf("cannot find %s %q: %v", o.GetKind(), o.GetName(), err)
		}
	}
	grant := plane.Reference("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "keda", "httproutes-to-interceptor")
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(grant), grant); err == nil {
		from, _, _ := unstructured.NestedSlice(grant.Object, "spec", "from")
		if len(from) != 2 {
			t.Errorf("want the grant for team-a and team-b, got %v", from)
		}
	}
	argo, err := clusters.StandIn(ctx, p, "argocd", "argo-cd")
	if err != nil || !strings.Contains(argo.Data[charts.ValuesKey], "ingressClassName: traefik") || strings.Contains(argo.Data[charts.ValuesKey], "argocdServerAdminPassword") {
		t.Errorf("want Argo CD behind Traefik and without a password of ours, got %v %v", argo.Data, err)
	}
}

func checkStatus(ctx context.Context, t *testing.T, p *plane.Plane, xr *unstructured.Unstructured) {
	err := p.WaitFor(ctx, xr, func(o *unstructured.Unstructured) error {
		status, _, _ := unstructured.NestedMap(o.Object, "status")
		delete(status, "conditions")
		want := map[string]any{
			"clusterName": "door",
			"prometheus": map[string]any{
				"namespace": "prometheus-system",
				"url":       "http://kube-prometheus-stack-prometheus.prometheus-system:9090",
				"podMonitors": []any{
					map[string]any{"name": "envoy-gateway-proxy", "namespace": "envoy-gateway-system"},
				},
			},
			"keda": map[string]any{
				"namespace":       "keda",
				"interceptor":     "keda-add-ons-http-interceptor-proxy.keda:8080",
				"externalScaler":  "keda-add-ons-http-external-scaler.keda:9090",
				"routeNamespaces": []any{"team-a", "team-b"},
			},
			"gateway": map[string]any{
				"name":      "eg",
				"namespace": "envoy-gateway-system",
				// No controller runs here that would say whether it is programmed.
				"listeners": []any{map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"}},
			},
			"apps": appStatuses(),
		}
		if diff := cmp.Diff(want, status); diff != "" {
			return errors.New("status (-want +got):\n" + diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := p.WaitCondition(ctx, xr, "ParametersAccepted", "AppsReady", "Synced", "Ready"); err != nil {
		t.Error(err)
	}
}

func appStatuses() map[string]any {
	out := map[string]any{}
	for app, version := range map[string]string{
		"envoyGateway": "1.7.0", "keda": "2.19.0", "prometheus": "82.2.1", "traefik": "39.0.0", "argocd": "9.4.1",
		"externalSecrets": "2.0.0", "certManager": "v1.21.1", "crossplane": product.Crossplane, "externalDNS": "1.21.1", "dapr": "1.16.8", "vllm": "2025-12-12",
	} {
		out[app] = map[string]any{"version": version, "ready": true, "reason": "Available"}
	}
	return out
}
