package traffic

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// An envoyGatewayCase is what somebody installs for Envoy Gateway.
type envoyGatewayCase struct {
	values map[string]any
	// manifests are what an example says that is there before.
	manifests []*unstructured.Unstructured
}

// envoyGatewayCases are the values files of test/charts and of the examples that are for
// Envoy Gateway, by name.
func envoyGatewayCases(t *testing.T) map[string]envoyGatewayCase {
	t.Helper()
	found := map[string]envoyGatewayCase{}
	for _, pattern := range []string{"test/charts/testdata/*.values.yaml", "examples/gateway-api/*/values.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := envoyGatewayCase{}
			if err := yaml.UnmarshalStrict(data, &c.values); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			manifests := filepath.Join(filepath.Dir(file), "manifests.yaml")
			if _, err := os.Stat(manifests); err == nil {
				if c.manifests, err = plane.ReadObjects(manifests); err != nil {
					t.Fatal(err)
				}
			}
			controller, _, _ := unstructured.NestedString(c.values, "gateway", "controller")
			name := strings.TrimSuffix(filepath.Base(file), ".values.yaml")
			if name == "values.yaml" {
				name = "example-" + filepath.Base(filepath.Dir(file))
			}
			// The one that names no controller is for the product's Gateway as well.
			if controller == "envoy-gateway" || name == "shared-redirect" {
				found[name] = c
			}
		}
	}
	if len(found) < 13 {
		t.Fatalf("found %d values files for Envoy Gateway", len(found))
	}
	return found
}

// apply puts a case into a namespace: what there is before (Gateways of others, certificates,
// Services and grants), then what the chart renders for the controller, which it returns.
func (c envoyGatewayCase) apply(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) []*unstructured.Unstructured {
	t.Helper()
	inNamespace(ctx, t, p, namespace)
	for _, object := range c.manifests {
		if object.GetKind() == "Namespace" {
			inNamespace(ctx, t, p, object.GetName())
		}
		if isOfGateway(object) {
			certificates(ctx, t, p, object)
			// The product's own GatewayClass and Gateway are there already.
			if err := client.IgnoreAlreadyExists(p.Client().Create(ctx, object)); err != nil {
				t.Fatal(err)
			}
		}
	}
	rendered, err := helm.Render(ctx, root, namespace, c.values)
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for _, object := range rendered.Objects {
		if !isOfGateway(object) && object.GetKind() != "Service" {
			continue
		}
		if object.GetNamespace() == "" {
			object.SetNamespace(namespace)
		}
		inNamespace(ctx, t, p, object.GetNamespace()) // a grant is where the other Service is
		certificates(ctx, t, p, object)
		objects = append(objects, object)
	}
	if err := p.Apply(ctx, objects...); err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		for _, ref := range refs(object.Object["spec"], "backendRefs") {
			backend(ctx, t, p, object, ref)
		}
	}
	return objects
}

// isOfGateway tells whether the controller reads an object.
func isOfGateway(object *unstructured.Unstructured) bool {
	group := object.GroupVersionKind().Group
	return group == "gateway.networking.k8s.io" || group == "gateway.envoyproxy.io"
}

// inNamespace makes a namespace that the Gateways of the examples admit, unless it is there.
func inNamespace(ctx context.Context, t *testing.T, p *plane.Plane, name string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"gateway-access": "true"}}}
	if err := client.IgnoreAlreadyExists(p.Client().Create(ctx, namespace)); err != nil {
		t.Fatalf("cannot make a namespace: %v", err)
	}
}

// certificates makes those that a Gateway's listeners name.
func certificates(ctx context.Context, t *testing.T, p *plane.Plane, object *unstructured.Unstructured) {
	t.Helper()
	for _, ref := range refs(object.Object["spec"], "certificateRefs") {
		namespace, elsewhere := ref["namespace"].(string)
		if !elsewhere {
			namespace = object.GetNamespace()
		}
		inNamespace(ctx, t, p, namespace)
		certificate(ctx, t, p, namespace, fmt.Sprint(ref["name"]))
	}
}

// refs are the references under a name, anywhere in a spec.
func refs(spec any, name string) []map[string]any {
	var out []map[string]any
	switch spec := spec.(type) {
	case map[string]any:
		for key, value := range spec {
			list, _ := value.([]any)
			for _, each := range list {
				if ref, ok := each.(map[string]any); ok && key == name {
					out = append(out, ref)
				}
			}
			out = append(out, refs(value, name)...)
		}
	case []any:
		for _, value := range spec {
			out = append(out, refs(value, name)...)
		}
	}
	return out
}

// backend makes the Service of a reference that the release does not bring: of ToolHive's
// operator, or of KEDA's interceptor with the grant that a Cluster gives.
func backend(ctx context.Context, t *testing.T, p *plane.Plane, route *unstructured.Unstructured, ref map[string]any) {
	t.Helper()
	name, _ := ref["name"].(string)
	namespace, elsewhere := ref["namespace"].(string)
	if !elsewhere {
		namespace = route.GetNamespace()
	}
	inNamespace(ctx, t, p, namespace)
	service := plane.Reference("v1", "Service", namespace, name)
	service.Object["spec"] = map[string]any{"ports": []any{map[string]any{"port": ref["port"]}}}
	if err := p.Client().Create(ctx, service); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	if !elsewhere {
		return
	}
	grant := plane.Reference("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", namespace, route.GetNamespace())
	grant.Object["spec"] = map[string]any{
		"from": []any{map[string]any{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": route.GetNamespace()}},
		"to":   []any{map[string]any{"group": "", "kind": "Service", "name": name}},
	}
	if err := p.Apply(ctx, grant); err != nil {
		t.Fatal(err)
	}
}

// certificate makes a Secret with a certificate that nobody trusts: a controller only looks
// whether it is one.
func certificate(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mcp.example.com"}, NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Type:       corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
			corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		},
	}
	if err := client.IgnoreAlreadyExists(p.Client().Create(ctx, secret)); err != nil {
		t.Fatal(err)
	}
}
