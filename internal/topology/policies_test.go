package topology

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// The most specific policy comes first, and at the same object the oldest.
func TestPolicyOrder(t *testing.T) {
	var objects []runtime.Object
	for _, doc := range []string{
		"{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: c}, " +
			"spec: {controllerName: a.b/c, parametersRef: {group: gateway.k8s.aws, kind: LoadBalancerConfiguration, name: class, namespace: sys}}}",
		"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: a, labels: {x: one}}, " +
			"spec: {gatewayClassName: c, infrastructure: {parametersRef: {group: gateway.k8s.aws, kind: LoadBalancerConfiguration, name: own}}, listeners: [{name: l, port: 80, protocol: HTTP}]}}",
		"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: a, labels: {x: one}}, spec: {rules: [{name: rule, backendRefs: [{name: s}]}]}}",
		"{apiVersion: gateway.k8s.aws/v1, kind: LoadBalancerConfiguration, metadata: {name: class, namespace: sys}}",
		"{apiVersion: gateway.k8s.aws/v1beta1, kind: LoadBalancerConfiguration, metadata: {name: own, namespace: a}}",
		btp("precise", "2026-01-09", "targetRefs: [{kind: HTTPRoute, name: r, sectionName: rule}]"),
		btp("other-rule", "2026-01-01", "targetRefs: [{kind: HTTPRoute, name: r, sectionName: other}]"),
		btp("young", "2026-01-03", "targetRef: {kind: HTTPRoute, name: r}"),
		btp("old", "2026-01-02", "targetSelectors: [{kind: HTTPRoute, matchLabels: {x: one}}]"),
		btp("unselected", "2026-01-02", "targetSelectors: [{kind: HTTPRoute, matchLabels: {x: two}}]"),
		btp("narrow", "2026-01-01", "targetRefs: [{kind: Gateway, name: g, sectionName: l}]"),
		btp("wide", "2026-01-01", "targetSelectors: [{kind: Gateway, matchExpressions: [{key: x, operator: Exists}]}]"),
		btp("shapeless", "2026-01-01", "targetRefs: nonsense"),
		"{apiVersion: networking.gke.io/v1, kind: GCPBackendPolicy, metadata: {name: p, namespace: a}, spec: {targetRef: {group: '', kind: Service, name: s}}}",
	} {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &obj.Object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, obj)
	}
	s, err := FromObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	g := s.Objects.Gateways.Get("a", "g")
	var got []string
	for _, p := range s.policiesOf(s.uses[Key{"a", "s"}][0], g, &g.Spec.Listeners[0]) {
		got = append(got, string(p.Level)+" "+p.Name)
	}
	want := []string{"rule precise", "route old", "route young", "listener narrow", "gateway wide", "service p", "gateway own", "gatewayClass class"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
}

func btp(name, day, spec string) string {
	return "{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: BackendTrafficPolicy, metadata: {name: " + name + ", namespace: a, creationTimestamp: '" + day + "T00:00:00Z'}, spec: {" + spec + "}}"
}

// A limit that may come from what we are not allowed to read is not known.
func TestUnreadPoliciesAreNotGuessed(t *testing.T) {
	class := &gatewayv1.GatewayClass{}
	class.Name, class.Spec.ControllerName = "c", "gateway.envoyproxy.io/gatewayclass-controller"
	gateway := &gatewayv1.Gateway{}
	gateway.Spec.GatewayClassName = "c"
	for reason, want := range map[string]streaming.Length{NotInstalled: "15s", Forbidden: streaming.Unknown} {
		o := &Objects{}
		if err := o.add(class); err != nil {
			t.Fatal(err)
		}
		s, err := build(o, []Unseen{{Kind: "ClientTrafficPolicy", Reason: reason}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		u := use{&routeNode{}, &ruleNode{}, backendRef{}}
		got := s.routeLimit(u, &attachment{gateway: gateway}, bound{listener: &gatewayv1.Listener{}})
		if got.Total != want {
			t.Errorf("%s: want %q, got %+v", reason, want, got)
		}
	}
}
