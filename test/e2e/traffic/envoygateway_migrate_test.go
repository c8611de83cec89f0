package traffic

import (
	"context"
	"encoding/pem"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/internal/migrate"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// migratedForEnvoyGateway are the cases of internal/migrate whose policies Envoy Gateway
// is to take, by name.
func migratedForEnvoyGateway(t *testing.T, class string) map[string]*migrate.Result {
	t.Helper()
	found := map[string]*migrate.Result{}
	for _, name := range []string{"nginx-access", "nginx-all", "nginx-hosts", "traefik-guards", "haproxy-all"} {
		objects, err := plane.ReadObjects(filepath.Join(root, "internal", "migrate", "testdata", name, "in.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var fields []map[string]any
		for _, o := range objects {
			fields = append(fields, o.Object)
		}
		in, err := migrate.Read(fields)
		if err != nil {
			t.Fatal(err)
		}
		found[name], err = migrate.Run(in, migrate.Options{Controller: "envoy-gateway", GatewayClass: class})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// takenAsMigrated has Envoy Gateway judge what a migration has made: with what the Ingress
// had beside it, and what the report says is to be made, all of it is accepted.
func takenAsMigrated(ctx context.Context, t *testing.T, p *plane.Plane, result *migrate.Result) map[string]int {
	t.Helper()
	kinds := map[string]int{}
	for _, o := range result.Objects {
		inNamespace(ctx, t, p, o.GetNamespace())
		certificates(ctx, t, p, o)
		secretsOf(ctx, t, p, o)
		for _, ref := range refs(o.Object["spec"], "backendRefs") {
			backend(ctx, t, p, o, ref)
			if o.GetKind() == "SecurityPolicy" {
				endpoint(ctx, t, p, o.GetNamespace(), ref) // Envoy Gateway wants one of a server that is asked
			}
		}
	}
	t.Cleanup(func() { // another case has a Service of the same name with another port
		for _, kind := range []client.Object{&corev1.Service{}, &discoveryv1.EndpointSlice{}} {
			if err := p.Client().DeleteAllOf(context.WithoutCancel(ctx), kind, client.InNamespace(result.Objects[0].GetNamespace())); err != nil {
				t.Error(err)
			}
		}
	})
	serve(ctx, t, p, result)
	for _, o := range result.Objects {
		if slices.Contains([]string{"HTTPRouteFilter"}, o.GetKind()) {
			continue // it has no status: the route that refers to it says whether it is good
		}
		taken(ctx, t, p, o)
		kinds[o.GetKind()]++
	}
	return kinds
}

func endpoint(ctx context.Context, t *testing.T, p *plane.Plane, namespace string, ref map[string]any) {
	t.Helper()
	name, _ := ref["name"].(string)
	ready, port, protocol := true, int32(8080), corev1.ProtocolTCP
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"192.0.2.1"}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
		Ports:       []discoveryv1.EndpointPort{{Port: &port, Protocol: &protocol}},
	}
	if err := client.IgnoreAlreadyExists(p.Client().Create(ctx, slice)); err != nil {
		t.Fatal(err)
	}
}

// secretsOf makes what policies refer to: passwords, and authorities of certificates.
func secretsOf(ctx context.Context, t *testing.T, p *plane.Plane, o *unstructured.Unstructured) {
	t.Helper()
	keep := func(name, key string, value []byte) {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: o.GetNamespace(), Name: name}, Data: map[string][]byte{key: value}}
		if err := client.IgnoreAlreadyExists(p.Client().Create(ctx, secret)); err != nil {
			t.Fatal(err)
		}
	}
	if name, found, _ := unstructured.NestedString(o.Object, "spec", "basicAuth", "users", "name"); found {
		keep(name, ".htpasswd", []byte("ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="))
	}
	for _, ref := range refs(o.Object["spec"], "caCertificateRefs") {
		name, _ := ref["name"].(string)
		authority, _ := selfSigned(t, name)
		if block, _ := pem.Decode(authority); block == nil {
			t.Fatal("an authority is no certificate")
		}
		keep(name, "ca.crt", authority)
	}
}

// everyPolicyOf tells which kinds Envoy Gateway has taken: a case that makes none of a
// kind shows nothing of it.
func everyPolicyOf(t *testing.T, kinds map[string]int) {
	t.Helper()
	for _, kind := range []string{"Gateway", "HTTPRoute", "SecurityPolicy", "BackendTLSPolicy", "BackendTrafficPolicy", "ClientTrafficPolicy"} {
		if kinds[kind] == 0 {
			t.Errorf("no migrated %s was judged, only %s", kind, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
		}
	}
}
