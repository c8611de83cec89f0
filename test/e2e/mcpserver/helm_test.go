package mcpserver

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// releaseName is the release of every test, each in a namespace of its own.
const releaseName = "mcp"

// A helm installs, upgrades and removes the chart in one namespace, with server-side
// apply and field validation Strict: both are the defaults of Helm 4
// (pkg/kube/client.go, ClientCreateOptionFieldValidationDirective).
type helm struct {
	plane     *plane.Plane
	namespace string
	config    *action.Configuration
}

func newHelm(t *testing.T, p *plane.Plane, namespace string) *helm {
	t.Helper()
	settings := cli.New()
	settings.KubeConfig = p.Kubeconfig()
	// The plane has no other user to be considerate of.
	settings.QPS, settings.BurstLimit = 1000, 1000
	settings.SetNamespace(namespace)
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	if err := config.Init(settings.RESTClientGetter(), namespace, "secret"); err != nil {
		t.Fatalf("cannot connect Helm: %v", err)
	}
	return &helm{plane: p, namespace: namespace, config: config}
}

// install returns the objects of the release.
func (h *helm) install(ctx context.Context, values map[string]any) ([]*unstructured.Unstructured, error) {
	chart, err := loader.LoadDir(chartFolder)
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(h.config)
	install.ReleaseName, install.Namespace = releaseName, h.namespace
	install.WaitStrategy = kube.HookOnlyStrategy
	return h.objects(install.RunWithContext(ctx, chart, values))
}

// upgrade returns the objects of the new revision.
func (h *helm) upgrade(ctx context.Context, values map[string]any) ([]*unstructured.Unstructured, error) {
	chart, err := loader.LoadDir(chartFolder)
	if err != nil {
		return nil, err
	}
	upgrade := action.NewUpgrade(h.config)
	upgrade.Namespace, upgrade.ResetValues = h.namespace, true
	upgrade.WaitStrategy = kube.HookOnlyStrategy
	return h.objects(upgrade.RunWithContext(ctx, releaseName, chart, values))
}

func (h *helm) uninstall() error {
	uninstall := action.NewUninstall(h.config)
	uninstall.WaitStrategy = kube.HookOnlyStrategy
	_, err := uninstall.Run(releaseName)
	return err
}

// objects are those of a release, each with its namespace.
func (h *helm) objects(released any, err error) ([]*unstructured.Unstructured, error) {
	if err != nil {
		return nil, err
	}
	made, ok := released.(*v1.Release)
	if !ok {
		return nil, fmt.Errorf("cannot read a release of type %T", released)
	}
	objects, err := plane.ParseObjects([]byte(made.Manifest))
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		namespaced, err := h.plane.Client().IsObjectNamespaced(o)
		if err != nil {
			return nil, err
		}
		if namespaced && o.GetNamespace() == "" {
			o.SetNamespace(h.namespace)
		}
	}
	return objects, nil
}

// identities names objects so that two lists of them can be compared.
func identities(objects []*unstructured.Unstructured) []string {
	var out []string
	for _, o := range objects {
		out = append(out, fmt.Sprintf("%s %s/%s", o.GroupVersionKind().GroupKind(), o.GetNamespace(), o.GetName()))
	}
	slices.Sort(out)
	return out
}

// live lists what there is on the plane of the release in its namespace, of every kind
// that the chart can render, and everywhere for what lies outside.
func (h *helm) live(ctx context.Context, t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for _, kind := range rendered() {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		err := h.plane.Client().List(ctx, list, client.MatchingLabels{"app.kubernetes.io/instance": releaseName, "app.kubernetes.io/managed-by": "Helm"})
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			t.Fatalf("there is no kind %v on the plane", kind)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			if o.GetAnnotations()["meta.helm.sh/release-namespace"] == h.namespace && o.GetDeletionTimestamp() == nil {
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
