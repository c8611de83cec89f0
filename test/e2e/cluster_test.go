package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
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
      certManager: {enabled: true}
      externalDNS: {enabled: true}
      dapr: {enabled: true}
      vllm: {enabled: true}
`

// composedByKey are the resources that a Cluster is composed of, by their keys.
type composedByKey map[string]*unstructured.Unstructured

// composedOf lists what Crossplane says that a Cluster is composed of.
func composedOf(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string) composedByKey {
	t.Helper()
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, name)
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(xr), xr); err != nil {
		t.Fatal(err)
	}
	refs, _, err := unstructured.NestedSlice(xr.Object, "spec", "crossplane", "resourceRefs")
	if err != nil {
		t.Fatal(err)
	}
	out := composedByKey{}
	for _, item := range refs {
		ref := item.(map[string]any)
		o := plane.Reference(ref["apiVersion"].(string), ref["kind"].(string), namespace, ref["name"].(string))
		err := p.Client().Get(ctx, client.ObjectKeyFromObject(o), o)
		if apierrors.IsNotFound(err) {
			continue // named before it is created
		}
		if err != nil {
			t.Fatal(err)
		}
		out[o.GetAnnotations()["crossplane.io/composition-resource-name"]] = o
	}
	return out
}

// change is what has happened to a resource between two looks.
func changes(before, after composedByKey) map[string]string {
	out := map[string]string{}
	for key, was := range before {
		is := after[key]
		switch {
		case is == nil:
			out[key] = "gone"
		case is.GetUID() != was.GetUID():
			out[key] = "re-created"
		case is.GetGeneration() != was.GetGeneration():
			out[key] = "changed"
		}
	}
	for key := range after {
		if before[key] == nil {
			out[key] = "new"
		}
	}
	return out
}

func patch(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name, merge string) {
	t.Helper()
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, name)
	if err := p.Client().Patch(ctx, xr, client.RawPatch(types.MergePatchType, []byte(merge))); err != nil {
		t.Fatalf("cannot change the Cluster: %v", err)
	}
}

// awaitChanges waits until the resources have changed as wanted, and no others.
func awaitChanges(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string, before composedByKey, want map[string]string) composedByKey {
	t.Helper()
	var after composedByKey
	err := p.Poll(ctx, "the change of Cluster "+name, func(ctx context.Context) error {
		after = composedOf(ctx, t, p, namespace, name)
		if diff := cmp.Diff(want, changes(before, after)); diff != "" {
			return errors.New("changes (-want +got):\n" + diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return after
}

func standInOf(ctx context.Context, p *plane.Plane, namespace, release string) (*corev1.ConfigMap, error) {
	installed := &corev1.ConfigMap{}
	err := p.Client().Get(ctx, client.ObjectKey{Namespace: namespace, Name: release + "-stand-in"}, installed)
	return installed, err
}

// TestClusterOnExistingCluster follows one Cluster through its life: Crossplane
// itself, this function, provider-helm and provider-kubernetes.
func TestClusterOnExistingCluster(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	if err := p.WriteKubeconfigSecret(ctx, namespace, "plane", "kubeconfig"); err != nil {
		t.Fatal(err)
	}
	apply(ctx, t, p, namespace, frontDoor)
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, "door")
	awaitReady(ctx, t, p, xr)

	t.Run("IsComposedAsRendered", func(t *testing.T) { checkComposed(ctx, t, p, namespace) })
	t.Run("IsInTheCluster", func(t *testing.T) { checkInstalled(ctx, t, p) })
	t.Run("SaysSoInItsStatus", func(t *testing.T) { checkStatus(ctx, t, p, xr) })
	t.Run("SettlesWithoutChurn", func(t *testing.T) { checkQuiet(ctx, t, p, namespace) })
	t.Run("ChangesVersion", func(t *testing.T) { changeVersion(ctx, t, p, namespace) })
	t.Run("ChangesValues", func(t *testing.T) { changeValues(ctx, t, p, namespace) })
	t.Run("FatalKeepsEverything", func(t *testing.T) { breakAndMend(ctx, t, p, namespace, xr) })
	t.Run("SwitchedOffStaysInstalled", func(t *testing.T) { switchOffAndOn(ctx, t, p, namespace) })
	t.Run("Ends", func(t *testing.T) { deleteCluster(ctx, t, p, namespace, xr) })
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
	argo, err := standInOf(ctx, p, "argocd", "argo-cd")
	if err != nil || !strings.Contains(argo.Data[charts.ValuesKey], "ingressClassName: traefik") || strings.Contains(argo.Data[charts.ValuesKey], "argocdServerAdminPassword") {
		t.Errorf("want Argo CD behind Traefik and without a password of ours, got %v %v", argo.Data, err)
	}
	if _, err := standInOf(ctx, p, "cert-manager", "cert-manager"); err != nil {
		t.Errorf("cert-manager is not installed: %v", err)
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
		"externalSecrets": "2.0.0", "certManager": "v1.21.1", "externalDNS": "1.21.1", "dapr": "1.16.8", "vllm": "2025-12-12",
	} {
		out[app] = map[string]any{"version": version, "ready": true, "reason": "Available"}
	}
	return out
}

// checkQuiet holds that nothing is written to a Cluster that is ready: neither
// its resources nor the Cluster itself change.
func checkQuiet(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	before := composedOf(ctx, t, p, namespace, "door")
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, "door")
	// An annotation makes Crossplane look again at once.
	for i := range 3 {
		patch(ctx, t, p, namespace, "door", fmt.Sprintf(`{"metadata":{"annotations":{"e2e.gatehouse.example.org/look":"%d"}}}`, i))
		time.Sleep(time.Second)
	}
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(xr), xr); err != nil {
		t.Fatal(err)
	}
	generation := xr.GetGeneration()
	if diff := cmp.Diff(map[string]string{}, changes(before, composedOf(ctx, t, p, namespace, "door"))); diff != "" {
		t.Errorf("resources of a Cluster that nobody changed (-want +got):\n%s", diff)
	}
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(xr), xr); err != nil {
		t.Fatal(err)
	}
	if xr.GetGeneration() != generation {
		t.Errorf("the Cluster's spec changed by itself: generation %d became %d", generation, xr.GetGeneration())
	}
}

func changeVersion(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	before := composedOf(ctx, t, p, namespace, "door")
	patch(ctx, t, p, namespace, "door", `{"spec":{"parameters":{"apps":{"keda":{"version":"`+product.OtherKEDA+`"}}}}}`)
	awaitChanges(ctx, t, p, namespace, "door", before, map[string]string{"door-app-keda": "changed"})
	err := p.Poll(ctx, "the new version of KEDA", func(ctx context.Context) error {
		installed, err := standInOf(ctx, p, "keda", "keda")
		if err != nil {
			return err
		}
		if got := installed.Annotations[charts.StandInAnnotation]; got != "keda-"+product.OtherKEDA {
			return fmt.Errorf("%s is installed", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func changeValues(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	before := composedOf(ctx, t, p, namespace, "door")
	patch(ctx, t, p, namespace, "door", `{"spec":{"parameters":{"apps":{"argocd":{"values":{"server":{"replicas":2}}}}}}}`)
	awaitChanges(ctx, t, p, namespace, "door", before, map[string]string{"door-app-argo-cd": "changed"})
	err := p.Poll(ctx, "the new values of Argo CD", func(ctx context.Context) error {
		installed, err := standInOf(ctx, p, "argocd", "argo-cd")
		if err != nil {
			return err
		}
		values := installed.Data[charts.ValuesKey]
		if !strings.Contains(values, "replicas: 2") || !strings.Contains(values, "ingressClassName: traefik") {
			return fmt.Errorf("the values are %q", values)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// breakAndMend gives the Cluster what the API server takes and the function does
// not, together with a change that would be made if it did.
func breakAndMend(ctx context.Context, t *testing.T, p *plane.Plane, namespace string, xr *unstructured.Unstructured) {
	before := composedOf(ctx, t, p, namespace, "door")
	patch(ctx, t, p, namespace, "door", `{"spec":{"parameters":{"namespaces":["team-a","Team_B"],"apps":{"keda":{"enabled":false}}}}}`)
	err := p.WaitFor(ctx, xr, func(o *unstructured.Unstructured) error {
		message := conditionMessage(o, "Synced", "False")
		for _, want := range []string{"spec.parameters.namespaces[1]", `"Team_B"`, "must be a DNS label"} {
			if !strings.Contains(message, want) {
				return fmt.Errorf("condition Synced=False does not say %q: %q", want, message)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{}, changes(before, composedOf(ctx, t, p, namespace, "door"))); diff != "" {
		t.Errorf("a Fatal result changed resources (-want +got):\n%s", diff)
	}
	patch(ctx, t, p, namespace, "door", `{"spec":{"parameters":{"namespaces":["team-a"],"apps":{"keda":{"enabled":true}}}}}`)
	awaitReady(ctx, t, p, xr)
	awaitChanges(ctx, t, p, namespace, "door", before, map[string]string{})
}

func conditionMessage(o *unstructured.Unstructured, kind, status string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range conditions {
		c := item.(map[string]any)
		if c["type"] == kind && c["status"] == status {
			message, _ := c["message"].(string)
			return message
		}
	}
	return ""
}

func switchOffAndOn(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	before := composedOf(ctx, t, p, namespace, "door")
	patch(ctx, t, p, namespace, "door", `{"spec":{"parameters":{"apps":{"keda":{"enabled":false}}}}}`)
	gone := map[string]string{}
	for _, key := range []string{"app-keda", "app-keda-add-ons-http", "app-keda-interceptor-grant"} {
		gone["door-"+key], gone["door-"+key+"-usage"] = "gone", "gone"
	}
	awaitChanges(ctx, t, p, namespace, "door", before, gone)
	installed, err := standInOf(ctx, p, "keda", "keda")
	if err != nil || installed.DeletionTimestamp != nil {
		t.Fatalf("KEDA was uninstalled when it was switched off: %v", err)
	}
	patch(ctx, t, p, namespace, "door", `{"spec":{"parameters":{"apps":{"keda":{"enabled":true}}}}}`)
	back := map[string]string{}
	for key := range gone {
		back[key] = "re-created"
	}
	awaitChanges(ctx, t, p, namespace, "door", before, back)
	again, err := standInOf(ctx, p, "keda", "keda")
	if err != nil || again.UID != installed.UID {
		t.Errorf("KEDA was installed anew instead of being taken over: %v", err)
	}
}

// deleteCluster deletes the Cluster. Its Usages must not keep it for ever, and its
// charts stay.
func deleteCluster(ctx context.Context, t *testing.T, p *plane.Plane, namespace string, xr *unstructured.Unstructured) {
	all := composedOf(ctx, t, p, namespace, "door")
	if err := p.Client().Delete(ctx, xr); err != nil {
		t.Fatal(err)
	}
	finishApplication(ctx, t, p)
	if err := p.WaitGone(ctx, xr); err != nil {
		t.Fatal(err)
	}
	for key, o := range all {
		if err := p.WaitGone(ctx, o); err != nil {
			t.Fatalf("%s stays: %v", key, err)
		}
	}
	if _, err := standInOf(ctx, p, "traefik", "traefik"); err != nil {
		t.Errorf("Traefik went with the Cluster: %v", err)
	}
	eg := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg")
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(eg), eg); !apierrors.IsNotFound(err) {
		t.Errorf("want the Gateway to be deleted, got %v", err)
	}
}

// finishApplication does what Argo CD would: no controller of it runs here, and
// its Application has a finalizer that only Argo CD takes away.
func finishApplication(ctx context.Context, t *testing.T, p *plane.Plane) {
	t.Helper()
	application := plane.Reference("argoproj.io/v1alpha1", "Application", "argocd", "apps")
	err := p.WaitFor(ctx, application, func(o *unstructured.Unstructured) error {
		if o.GetDeletionTimestamp() == nil {
			return errors.New("it is not being deleted")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Client().Patch(ctx, application, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))); err != nil {
		t.Fatal(err)
	}
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
