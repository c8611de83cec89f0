package mcpserver

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// newHelm connects Helm with the plane.
func newHelm(t *testing.T, p *plane.Plane, namespace string) *helm.Release {
	t.Helper()
	h, err := helm.New(p, root, namespace)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// live lists what there is on the plane of the release in its namespace, of every kind
// that the chart can render, and everywhere for what lies outside.
func live(ctx context.Context, t *testing.T, p *plane.Plane, h *helm.Release) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for _, kind := range rendered() {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		err := p.Client().List(ctx, list, client.MatchingLabels{"app.kubernetes.io/instance": helm.ReleaseName, "app.kubernetes.io/managed-by": "Helm"})
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			t.Fatalf("there is no kind %v on the plane", kind)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			if o.GetAnnotations()["meta.helm.sh/release-namespace"] == h.Namespace && o.GetDeletionTimestamp() == nil {
				out = append(out, o)
			}
		}
	}
	return out
}

// rendered are the kinds that the chart can render.
func rendered() []schema.GroupVersionKind {
	out := []schema.GroupVersionKind{
		{Version: "v1", Kind: "Secret"},
		{Version: "v1", Kind: "Service"},
		{Version: "v1", Kind: "ServiceAccount"},
		{Version: "v1", Kind: "ConfigMap"},
		{Group: "apps", Version: "v1", Kind: "Deployment"},
		{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"},
		{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"},
		{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
		{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRoleBinding"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"},
		{Group: "gateway.envoyproxy.io", Version: "v1alpha1", Kind: "BackendTrafficPolicy"},
		{Group: "gateway.envoyproxy.io", Version: "v1alpha1", Kind: "ClientTrafficPolicy"},
		{Group: "gateway.k8s.aws", Version: "v1beta1", Kind: "LoadBalancerConfiguration"},
		{Group: "gateway.k8s.aws", Version: "v1beta1", Kind: "TargetGroupConfiguration"},
		{Group: "gateway.kgateway.dev", Version: "v1alpha1", Kind: "TrafficPolicy"},
		{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "Gateway"},
		{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"},
		{Group: "gateway.networking.k8s.io", Version: "v1beta1", Kind: "ReferenceGrant"},
		{Group: "http.keda.sh", Version: "v1alpha1", Kind: "HTTPScaledObject"},
		{Group: "http.keda.sh", Version: "v1beta1", Kind: "InterceptorRoute"},
		{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"},
		{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"},
		{Group: "toolhive.stacklok.dev", Version: "v1beta1", Kind: "MCPServer"},
	}
	for _, each := range standIns() {
		out = append(out, schema.GroupVersionKind{Group: each.group, Version: each.version, Kind: each.kind})
	}
	return out
}
