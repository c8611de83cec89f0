package topology_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// large is a cluster of many routes, each attached to one of many Gateways.
func large(routes, gateways int) []runtime.Object {
	objects := []runtime.Object{&gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "eg"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: "gateway.envoyproxy.io/gatewayclass-controller"}}}
	all := gatewayv1.NamespacesFromAll
	for i := range gateways {
		g := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "gateways", Name: fmt.Sprintf("g%04d", i)}}
		g.Spec.GatewayClassName = "eg"
		g.Spec.Listeners = []gatewayv1.Listener{{
			Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType,
			AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: &all}},
		}}
		objects = append(objects, g)
	}
	namespace := gatewayv1.Namespace("gateways")
	for i := range routes {
		name := fmt.Sprintf("r%05d", i)
		r := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name}}
		r.Spec.Hostnames = []gatewayv1.Hostname{gatewayv1.Hostname(name + ".example.com")}
		r.Spec.ParentRefs = []gatewayv1.ParentReference{{Namespace: &namespace, Name: gatewayv1.ObjectName(fmt.Sprintf("g%04d", i%gateways))}}
		r.Spec.Rules = []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{
			BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(name), Port: new(gatewayv1.PortNumber(80))},
		}}}}}
		r.Status.Parents = []gatewayv1.RouteParentStatus{{
			ParentRef: r.Spec.ParentRefs[0], ControllerName: "gateway.envoyproxy.io/gatewayclass-controller",
			Conditions: []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue}, {Type: "ResolvedRefs", Status: metav1.ConditionTrue}},
		}}
		objects = append(objects, r, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}})
	}
	return objects
}

// Ten times as much may cost about ten times as much: compare the ns/op.
func BenchmarkSnapshot(b *testing.B) {
	for _, size := range []struct{ routes, gateways int }{{1000, 100}, {10000, 1000}} {
		objects := large(size.routes, size.gateways)
		name := fmt.Sprintf("%dx%d", size.routes, size.gateways)
		b.Run("Build/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := topology.FromObjects(objects); err != nil {
					b.Fatal(err)
				}
			}
		})
		s, err := topology.FromObjects(objects)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("Routes/"+name, func(b *testing.B) {
			for b.Loop() {
				if got := len(s.Routes()); got != size.routes {
					b.Fatalf("want %d routes, got %d", size.routes, got)
				}
			}
		})
		b.Run("Gateways/"+name, func(b *testing.B) {
			for b.Loop() {
				if got := len(s.Gateways()); got != size.gateways {
					b.Fatalf("want %d Gateways, got %d", size.gateways, got)
				}
			}
		})
		b.Run("Exposure/"+name, func(b *testing.B) {
			for b.Loop() {
				if got := len(s.Exposure("team", "r00007").Entries); got != 1 {
					b.Fatalf("want one way in, got %d", got)
				}
			}
		})
	}
}
