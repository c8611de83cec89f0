package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// providerConfigs give both providers the plane itself as their cluster, as the
// product does it: with a kubeconfig from a Secret.
const providerConfigs = `
apiVersion: helm.m.crossplane.io/v1beta1
kind: ProviderConfig
metadata: {name: plane, namespace: %[1]s}
spec:
  credentials: {source: Secret, secretRef: {namespace: %[1]s, name: plane, key: kubeconfig}}
---
apiVersion: kubernetes.m.crossplane.io/v1alpha1
kind: ProviderConfig
metadata: {name: plane, namespace: %[1]s}
spec:
  credentials: {source: Secret, secretRef: {namespace: %[1]s, name: plane, key: kubeconfig}}
`

// configureProviders makes the ProviderConfigs "plane" in the namespace.
func configureProviders(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	t.Helper()
	if err := p.WriteKubeconfigSecret(ctx, namespace, "plane", "kubeconfig"); err != nil {
		t.Fatal(err)
	}
	apply(ctx, t, p, namespace, providerConfigs)
}

// release is a Release of a chart, which is the value of spec.forProvider.chart.
func release(name, chart string) string {
	return fmt.Sprintf(`
apiVersion: helm.m.crossplane.io/v1beta1
kind: Release
metadata: {name: %s, namespace: "%%[1]s"}
spec:
  forProvider:
    namespace: "%%[1]s"
    chart: %s
    values: {greeting: hello}
  providerConfigRef: {kind: ProviderConfig, name: plane}
`, name, chart)
}

// awaitRelease waits for the Release and checks that what its stand-in chart
// installed carries the values.
func awaitRelease(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string) {
	t.Helper()
	awaitReady(ctx, t, p, plane.Reference("helm.m.crossplane.io/v1beta1", "Release", namespace, name))
	installed := &corev1.ConfigMap{}
	if err := p.Client().Get(ctx, client.ObjectKey{Namespace: namespace, Name: name + "-stand-in"}, installed); err != nil {
		t.Fatalf("Release %q is Ready, but what it installs is not there: %v", name, err)
	}
	if got := installed.Data[charts.ValuesKey]; !strings.Contains(got, "greeting: hello") {
		t.Errorf("Release %q installed values %q, want them to contain %q", name, got, "greeting: hello")
	}
}

// TestReleaseInstallsChart shows that the real provider-helm installs a chart
// of the plane's repository.
func TestReleaseInstallsChart(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	configureProviders(ctx, t, p, namespace)
	apply(ctx, t, p, namespace, release("traefik", "{name: traefik, version: 39.0.0, repository: \""+p.ChartRepository()+"\"}"))
	awaitRelease(ctx, t, p, namespace, "traefik")
}

// TestReleaseUsesPublicAddress shows that the addresses users have in their
// Releases lead to the stand-ins, whichever way a chart is given.
func TestReleaseUsesPublicAddress(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	configureProviders(ctx, t, p, namespace)
	given := map[string]string{
		"keda":         "{name: keda, version: 2.19.0, repository: 'https://kedacore.github.io/charts'}",
		"openfunction": "{name: openfunction, url: 'https://openfunction.github.io/charts/openfunction-0.7.0.tgz'}",
		"gateway-helm": "{name: gateway-helm, version: 1.7.0, repository: 'oci://docker.io/envoyproxy'}",
	}
	for name, chart := range given {
		apply(ctx, t, p, namespace, release(name, chart))
	}
	for name := range given {
		awaitRelease(ctx, t, p, namespace, name)
	}
	// The stand-in of Envoy Gateway brings the real Gateway API.
	apply(ctx, t, p, namespace, object("class", "{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: e2e}, spec: {controllerName: example.org/none}}"))
	awaitReady(ctx, t, p, plane.Reference("kubernetes.m.crossplane.io/v1alpha1", "Object", namespace, "class"))
}

// object is an Object with a manifest.
func object(name, manifest string) string {
	return fmt.Sprintf(`
apiVersion: kubernetes.m.crossplane.io/v1alpha1
kind: Object
metadata: {name: %s, namespace: "%%[1]s"}
spec:
  forProvider: {manifest: %s}
  providerConfigRef: {kind: ProviderConfig, name: plane}
`, name, manifest)
}

// TestObjectAppliesManifest shows that the real provider-kubernetes applies a
// manifest, from its network namespace.
func TestObjectAppliesManifest(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	configureProviders(ctx, t, p, namespace)
	apply(ctx, t, p, namespace, object("made", "{apiVersion: v1, kind: ConfigMap, metadata: {name: made, namespace: \"%[1]s\"}, data: {greeting: hello}}"))
	awaitReady(ctx, t, p, plane.Reference("kubernetes.m.crossplane.io/v1alpha1", "Object", namespace, "made"))
	made := &corev1.ConfigMap{}
	if err := p.Client().Get(ctx, client.ObjectKey{Namespace: namespace, Name: "made"}, made); err != nil {
		t.Fatalf("the Object is Ready, but its manifest is not there: %v", err)
	}
	if got, want := made.Data["greeting"], "hello"; got != want {
		t.Errorf("the manifest says %q, want %q", got, want)
	}
}
