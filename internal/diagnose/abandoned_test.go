package diagnose_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// TestAbandonedClass has Ingresses of a class that exists, in a cluster of which everything
// is seen.
func TestAbandonedClass(t *testing.T) {
	class := func(controller string) runtime.Object {
		return &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "main"}, Spec: networkingv1.IngressClassSpec{Controller: controller}}
	}
	ingress := func(name string, addresses ...networkingv1.IngressLoadBalancerIngress) runtime.Object {
		in := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name}, Spec: networkingv1.IngressSpec{IngressClassName: new("main")}}
		in.Status.LoadBalancer.Ingress = addresses
		return in
	}
	deployment := func(name string, labels map[string]string) runtime.Object {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: name, Labels: labels}}
	}
	daemon := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: "nginx-ingress-microk8s-controller"}}
	nginx := class("k8s.io/ingress-nginx")
	cases := map[string]struct {
		reason  string
		objects []runtime.Object
		want    []string
	}{
		"NobodyThere":   {reason: "the controller was removed, its class was not", objects: []runtime.Object{nginx, ingress("web")}, want: []string{"warning ingress-class team/web"}},
		"DaemonSet":     {reason: "a DaemonSet has its name", objects: []runtime.Object{nginx, ingress("web"), daemon}},
		"ByLabel":       {reason: "a Deployment has its label", objects: []runtime.Object{nginx, ingress("web"), deployment("c", map[string]string{"app.kubernetes.io/name": "ingress-nginx"})}},
		"OtherAddress":  {reason: "somebody gives addresses to the class", objects: []runtime.Object{nginx, ingress("web"), ingress("old", networkingv1.IngressLoadBalancerIngress{IP: "192.0.2.1"})}},
		"OfACloud":      {reason: "it runs where nobody sees it", objects: []runtime.Object{class("eks.amazonaws.com/alb"), ingress("web")}},
		"NobodysClass":  {reason: "nothing is known of such a controller", objects: []runtime.Object{class("example.com/own"), ingress("web")}},
		"OtherWorkload": {reason: "what runs is something else", objects: []runtime.Object{nginx, ingress("web"), deployment("web", nil)}, want: []string{"warning ingress-class team/web"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := topology.FromObjects(tc.objects)
			if err != nil {
				t.Fatal(err)
			}
			findings, err := diagnose.Diagnose(s, looktest.Options())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%s %s %s/%s", f.Severity, f.Check, f.Object.Namespace, f.Object.Name))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
