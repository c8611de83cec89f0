package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
	"github.com/gatehouse-platform/gatehouse/test/schemas"
)

// root is the folder of the repository.
var root = filepath.Join("..", "..", "..")

// TestMain has a control plane with the definitions of everything that the chart
// renders. Crossplane is there only to serve Clusters.
func TestMain(m *testing.M) {
	suite.Main(m, suite.Options{
		Tier: suite.Plane, Components: []string{"kube-controller-manager", "crossplane"},
		Prepare: func(ctx context.Context, p *plane.Plane) error {
			return errors.Join(installDefinitions(ctx, p), installClusters(ctx, p))
		},
	})
}

// wanted are the kinds that the chart, or an example beside it, renders, by group.
func wanted() map[string][]string {
	return map[string][]string{
		"cert-manager.io":           {"Certificate", "ClusterIssuer", "Issuer"},
		"gateway.envoyproxy.io":     {"BackendTrafficPolicy", "ClientTrafficPolicy"},
		"gateway.k8s.aws":           {"LoadBalancerConfiguration", "TargetGroupConfiguration"},
		"gateway.kgateway.dev":      {"TrafficPolicy"},
		"gateway.networking.k8s.io": {"Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant"},
		"http.keda.sh":              {"HTTPScaledObject", "InterceptorRoute"},
		"keda.sh":                   {"ScaledObject", "TriggerAuthentication"},
		"monitoring.coreos.com":     {"PodMonitor"},
		"toolhive.stacklok.dev":     {"MCPServer"},
	}
}

// A standIn is a definition without a schema, for a kind whose own is not to be had:
// see kindsByHand in test/charts. Without one Helm would not know the kind at all.
type standIn struct{ group, version, kind, plural string }

func standIns() []standIn {
	return []standIn{
		{"alb.networking.azure.io", "v1", "RoutePolicy", "routepolicies"},
		{"cloud.google.com", "v1", "BackendConfig", "backendconfigs"},
		{"gateway.nginx.org", "v1alpha1", "ProxySettingsPolicy", "proxysettingspolicies"},
		{"networking.gke.io", "v1", "GCPBackendPolicy", "gcpbackendpolicies"},
		{"networking.gke.io", "v1", "HealthCheckPolicy", "healthcheckpolicies"},
	}
}

func (s standIn) definition() *unstructured.Unstructured {
	free := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": s.plural + "." + s.group, "annotations": map[string]any{
			// Some groups are protected; this is how a definition says that it is a private one.
			"api-approved.kubernetes.io": "unapproved, for tests",
		}},
		"spec": map[string]any{
			"group": s.group, "scope": "Namespaced",
			"names": map[string]any{"kind": s.kind, "plural": s.plural, "singular": strings.ToLower(s.kind), "listKind": s.kind + "List"},
			"versions": []any{map[string]any{
				"name": s.version, "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": free},
			}},
		},
	}}
}

// installDefinitions installs the definitions of all kinds that are wanted, from the
// modules that test/schemas pins. A kind that none of them has is an error, but for
// those of KEDA's HTTP add-on, which stand beside the repository.
func installDefinitions(ctx context.Context, p *plane.Plane) error {
	folders, err := schemas.CRDFolders(ctx)
	if err != nil {
		return err
	}
	found := map[string]*unstructured.Unstructured{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := readDefinitions(file, found); err != nil {
				return err
			}
		}
	}
	var all []*unstructured.Unstructured
	for group, kinds := range wanted() {
		for _, kind := range kinds {
			definition := found[group+" "+kind]
			if definition == nil {
				return fmt.Errorf("cannot find the definition of %s in group %q", kind, group)
			}
			all = append(all, definition)
		}
	}
	for _, each := range standIns() {
		all = append(all, each.definition())
	}
	return p.InstallDefinitions(ctx, all...)
}

// readDefinitions reads the wanted definitions of a file; the first of a kind counts.
func readDefinitions(file string, found map[string]*unstructured.Unstructured) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	isWanted := false
	for group := range wanted() {
		isWanted = isWanted || strings.Contains(string(content), "\n  group: "+group+"\n")
	}
	if !isWanted {
		return nil
	}
	objects, err := plane.ParseObjects(content)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", file, err)
	}
	for _, o := range objects {
		group, _, _ := unstructured.NestedString(o.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "names", "kind")
		if key := group + " " + kind; o.GetKind() == "CustomResourceDefinition" && found[key] == nil {
			found[key] = o
		}
	}
	return nil
}

// create creates the objects as kubectl apply does the first time, with every field
// checked. What names no namespace goes into the given one; what is there stays.
func create(ctx context.Context, t *testing.T, p *plane.Plane, namespace, file string) {
	t.Helper()
	objects, err := plane.ReadObjects(file)
	if err != nil {
		t.Fatal(err)
	}
	strict := client.WithFieldValidation(p.Client(), metav1.FieldValidationStrict)
	for _, o := range objects {
		namespaced, err := p.Client().IsObjectNamespaced(o)
		if err != nil {
			t.Fatal(err)
		}
		if namespaced && o.GetNamespace() == "" {
			o.SetNamespace(namespace)
		}
		if err := strict.Create(ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func readValues(t *testing.T, file string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parseValues(t, string(content))
}

func parseValues(t *testing.T, text string) map[string]any {
	t.Helper()
	values := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(text), &values); err != nil {
		t.Fatalf("cannot read values: %v\n%s", err, text)
	}
	return values
}
