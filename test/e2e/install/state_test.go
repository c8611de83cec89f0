package install

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// cluster is a Cluster on the plane, of charts whose definitions are small: an API server
// takes seconds for each large one; %[1]s is its namespace, %[2]s are more fields of
// keda, %[3]s more parameters.
const cluster = `
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
%[3]s
    apps:
      envoyGateway: {enabled: true}
      keda: {%[2]s, routeNamespaces: [team-b]}
      traefik: {enabled: true}
      certManager: {enabled: true}
      externalDNS: {enabled: true}
      openfunction: {enabled: true}
`

func on(namespace string) string { return fmt.Sprintf(cluster, namespace, "enabled: true", "") }

// releases are those that the Cluster asks for: name and namespace.
func releases() map[string]string {
	return map[string]string{
		"gateway-helm": "envoy-gateway-system", "keda": "keda", "keda-add-ons-http": "keda",
		"traefik": "traefik", "cert-manager": "cert-manager", "external-dns": "external-dns", "openfunction": "openfunction",
	}
}

// objects are the others that it asks for.
func objects() []*unstructured.Unstructured {
	return []*unstructured.Unstructured{
		plane.Reference("v1", "Namespace", "", "team-a"),
		plane.Reference("gateway.networking.k8s.io/v1", "GatewayClass", "", "eg"),
		plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg"),
		plane.Reference("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "keda", "httproutes-to-interceptor"),
	}
}

// state is what is there: the UID and resourceVersion of every object, those of the
// charts included, and status and version of every revision of the releases.
type state map[string]string

func stateOf(ctx context.Context, t *testing.T, p *plane.Plane) state {
	t.Helper()
	out := state{}
	for _, o := range objects() {
		note(ctx, t, p, out, o)
	}
	for name, namespace := range releases() {
		note(ctx, t, p, out, plane.Reference("v1", "ConfigMap", namespace, name+"-stand-in"))
	}
	secrets := &corev1.SecretList{}
	if err := p.Client().List(ctx, secrets, client.MatchingLabels{"owner": "helm"}); err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets.Items {
		out["revision "+s.Name] = s.Labels["status"] + " " + s.ResourceVersion
	}
	return out
}

func note(ctx context.Context, t *testing.T, p *plane.Plane, into state, o *unstructured.Unstructured) {
	t.Helper()
	key := fmt.Sprintf("%s %s/%s", o.GetKind(), o.GetNamespace(), o.GetName())
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(o), o); client.IgnoreNotFound(err) != nil && !meta.IsNoMatchError(err) {
		t.Fatal(err)
	} else if err != nil {
		return
	}
	into[key] = string(o.GetUID()) + " " + o.GetResourceVersion()
}

// everything is the resourceVersion of every object of the kinds that an installation
// makes, whoever made it, with Helm's revisions and our record among them.
func everything(ctx context.Context, t *testing.T, p *plane.Plane) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, gvk := range []schema.GroupVersionKind{
		{Version: "v1", Kind: "Namespace"},
		{Version: "v1", Kind: "ConfigMap"},
		{Version: "v1", Kind: "Secret"},
		{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"},
		{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "GatewayClass"},
		{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "Gateway"},
		{Group: "gateway.networking.k8s.io", Version: "v1beta1", Kind: "ReferenceGrant"},
	} {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(gvk)
		if err := p.Client().List(ctx, list); err != nil {
			t.Fatal(err)
		}
		if len(list.Items) == 0 {
			t.Errorf("there is no %s: nothing can be seen of it", gvk.Kind)
		}
		for _, o := range list.Items {
			out[fmt.Sprintf("%s %s/%s", gvk.Kind, o.Namespace, o.Name)] = o.ResourceVersion
		}
	}
	return out
}

// uids of a state: what is only changed is still the same.
func (s state) uids() map[string]string {
	out := map[string]string{}
	for key, value := range s {
		if !strings.HasPrefix(key, "revision ") {
			out[key], _, _ = strings.Cut(value, " ")
		}
	}
	return out
}

// ofCharts are UID and resourceVersion of the objects of charts.
func (s state) ofCharts() map[string]string {
	out := map[string]string{}
	for key, value := range s {
		if strings.HasPrefix(key, "ConfigMap ") {
			out[key] = value
		}
	}
	return out
}

// revisions of a state, without what Helm counts.
func (s state) revisions() []string {
	var out []string
	for key, value := range s {
		if name, ok := strings.CutPrefix(key, "revision sh.helm.release.v1."); ok {
			status, _, _ := strings.Cut(value, " ")
			out = append(out, name+" "+status)
		}
	}
	slices.Sort(out)
	return out
}

// helmOf is Helm's own view of a namespace.
func helmOf(t *testing.T, p *plane.Plane, namespace string) *action.Configuration {
	t.Helper()
	settings := cli.New()
	settings.KubeConfig = p.Kubeconfig()
	settings.SetNamespace(namespace)
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	if err := config.Init(settings.RESTClientGetter(), namespace, "secret"); err != nil {
		t.Fatal(err)
	}
	return config
}

// leave makes a release look as if the program that works on it had been killed.
func leave(t *testing.T, p *plane.Plane, name string, status common.Status) {
	t.Helper()
	config := helmOf(t, p, releases()[name])
	last, err := config.Releases.Last(name)
	if err != nil {
		t.Fatal(err)
	}
	release := last.(*releasev1.Release)
	release.SetStatus(status, "as if it had been killed")
	if err := config.Releases.Update(release); err != nil {
		t.Fatal(err)
	}
}

// kubeconfigOf somebody who may read what every installation reads, and nothing of the
// Gateway API.
func kubeconfigOf(ctx context.Context, t *testing.T, p *plane.Plane, user string) string {
	t.Helper()
	err := p.ApplyYAML(ctx, fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s}
rules:
- {apiGroups: [""], resources: [configmaps, secrets, namespaces], verbs: [get, list]}
- {apiGroups: [devopstoolkit.ai], resources: [clusters], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[1]s}]
`, user))
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.LoadFromFile(p.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range config.AuthInfos {
		who.Impersonate = user
	}
	out := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, out); err != nil {
		t.Fatal(err)
	}
	return out
}
