package topology_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

const brokenGateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: broken, namespace: a, generation: 3}
spec:
  gatewayClassName: none
  listeners: [{name: tls, port: 443, protocol: TLS, hostname: db.example.com}]
status:
  conditions: [{type: Accepted, status: "True", reason: Accepted, message: "", observedGeneration: 2, lastTransitionTime: "2026-01-01T00:00:00Z"}]
  listeners:
    - name: tls
      attachedRoutes: 0
      supportedKinds: []
      conditions:
        - {type: ResolvedRefs, status: "False", reason: InvalidCertificateRef, message: no Secret, lastTransitionTime: "2026-01-01T00:00:00Z"}
        - {type: Conflicted, status: "False", reason: NoConflicts, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}
`

func TestGateways(t *testing.T) {
	want := []topology.Gateway{{
		Namespace: "a", Name: "broken", Class: "none", Accepted: topology.StateUnknown, Programmed: topology.StateUnknown,
		Listeners: []topology.Listener{{
			Name: "tls", Port: 443, Protocol: "TLS", Hostname: "db.example.com", TLS: true,
			Problems: []string{`listener "tls" refers to something that cannot be used (InvalidCertificateRef: no Secret)`},
		}},
		Problems: []string{
			`GatewayClass "none" does not exist`,
			"no controller has accepted the Gateway (Stale: the controller has not looked at the newest generation yet)",
		},
	}, {
		Namespace: "gateways", Name: "eg", Class: "eg", Controller: "envoy-gateway", Accepted: topology.True, Programmed: topology.True,
		Addresses: []string{"192.0.2.1"},
		Listeners: []topology.Listener{
			{Name: "http", Port: 80, Protocol: "HTTP", AttachedRoutes: 1},
			{Name: "https", Port: 443, Protocol: "HTTPS", Hostname: "*.example.com", TLS: true, AttachedRoutes: 1},
		},
	}}
	if diff := cmp.Diff(want, of(t, platform, brokenGateway).Gateways()); diff != "" {
		t.Errorf("gateways (-want +got):\n%s", diff)
	}
}

const grpc = `
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: api, namespace: team}
spec:
  parentRefs: [{name: eg, namespace: gateways}, {kind: Service, group: "", name: mesh}]
  rules:
    - matches: [{method: {service: pkg.Api, method: Get}, headers: [{name: tenant, value: a}]}, {method: {service: pkg.Api}}]
      backendRefs: [{name: missing, port: 80}, {group: example.org, kind: Bucket, name: b, weight: 0}]
`

func TestRoutes(t *testing.T) {
	two := 2
	want := []topology.Route{{
		Kind: "GRPCRoute", Namespace: "team", Name: "api",
		Parents: []topology.Parent{
			{Gateway: "gateways/eg", Listeners: []string{"http", "https"}, Accepted: topology.StateUnknown, ResolvedRefs: topology.StateUnknown},
			{Gateway: "Service/team/mesh", Accepted: topology.StateUnknown, ResolvedRefs: topology.StateUnknown},
		},
		Rules: []topology.Rule{{
			Matches: []string{"/pkg.Api/Get header tenant=a", "/pkg.Api/*"},
			Backends: []topology.Backend{
				{Kind: "Service", Namespace: "team", Name: "missing", Port: 80, Weight: 1, Problem: `Service "team/missing" does not exist`},
				{Kind: "Bucket", Namespace: "team", Name: "b"},
			},
		}},
		Problems: []string{
			`no controller has accepted it for Gateway "gateways/eg"`,
			`no controller has accepted it for Service "team/mesh": its parent is a Service, which is not looked at here`,
			`Service "team/missing" does not exist`,
		},
	}, {
		Kind: "HTTPRoute", Namespace: "team", Name: "mcp", Hostnames: []string{"mcp.example.com"},
		Parents: []topology.Parent{{Gateway: "gateways/eg", Listeners: []string{"http", "https"}, Accepted: topology.True, ResolvedRefs: topology.True}},
		Rules: []topology.Rule{{
			Matches:  []string{"/mcp*"},
			Backends: []topology.Backend{{Kind: "Service", Namespace: "team", Name: "mcp", Port: 3456, Weight: 1, ReadyEndpoints: &two}},
			Request:  "0s", BackendRequest: "0s",
		}},
	}}
	if diff := cmp.Diff(want, of(t, grpc, platform, route()).Routes()); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	reserved := of(t, platform, route("reason: Accepted, message: \"\"", "reason: UnsupportedField, message: timeouts")).Routes()[0].Parents[0]
	if reserved.Accepted != topology.True || reserved.Reason != "UnsupportedField" || reserved.Message != "timeouts" {
		t.Errorf("want a reservation of the controller to be told, got %+v", reserved)
	}
}

// reader hands out objects of some namespaces, by kind, and refuses some kinds.
type reader struct {
	services map[string][]corev1.Service
	errs     map[string]error
	asked    []string
}

func (r *reader) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	o := client.ListOptions{}
	o.ApplyOptions(opts)
	services, ok := list.(*corev1.ServiceList)
	if !ok {
		kind := list.GetObjectKind().GroupVersionKind().Kind
		if err := r.errs[kind]; err != nil {
			return err
		}
		return apierrors.NewNotFound(schema.GroupResource{}, kind)
	}
	if err := r.errs["Service"]; err != nil {
		return err
	}
	r.asked = append(r.asked, o.Namespace)
	services.Items = r.services[o.Namespace]
	return nil
}

func TestLoadNamespaces(t *testing.T) {
	service := func(namespace string) []corev1.Service {
		return []corev1.Service{{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "s", ManagedFields: []metav1.ManagedFieldsEntry{{}}}}}
	}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "backendtrafficpolicies"}, "", nil)
	r := &reader{services: map[string][]corev1.Service{"a": service("a"), "b": service("b")}, errs: map[string]error{"BackendTrafficPolicyList": forbidden}}
	s, err := topology.Load(t.Context(), r, topology.Options{Namespaces: []string{"b", "a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, r.asked); diff != "" {
		t.Errorf("want each namespace once (-want +got):\n%s", diff)
	}
	if got := s.Objects.Services.Get("b", "s"); got == nil || got.ManagedFields != nil {
		t.Errorf("want the Service without managed fields, got %v", got)
	}
	if got := s.Exposure("a", "s").Unseen; len(got) != 1 || got[0].Kind != "BackendTrafficPolicy" || got[0].Reason != topology.Forbidden {
		t.Errorf("want what we may not see, got %v", got)
	}
	for i := 1; i < len(s.Unseen); i++ {
		if s.Unseen[i-1].Kind >= s.Unseen[i].Kind {
			t.Errorf("want the missing kinds sorted and once, got %v", s.Unseen)
		}
	}
	r.errs["Service"] = apierrors.NewInternalError(errors.New("broken"))
	if _, err := topology.Load(t.Context(), r, topology.Options{}); err == nil {
		t.Error("want any other failure to be an error")
	}
}

func TestFromObjects(t *testing.T) {
	if _, err := topology.FromObjects(nil); err != nil {
		t.Errorf("want an empty cluster to be one, got %v", err)
	}
	s := of(t, "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: a}}", "{apiVersion: devopstoolkit.ai/v2, kind: Cluster, metadata: {name: c, namespace: a}}",
		"{apiVersion: example.org/v1, kind: Gateway, metadata: {name: g, namespace: a}}")
	if len(s.Objects.Other("Secret")) != 0 || len(s.Clusters()) != 1 || len(s.Gateways()) != 0 {
		t.Error("want Clusters to be kept, Secrets and kinds of other groups not")
	}
}
