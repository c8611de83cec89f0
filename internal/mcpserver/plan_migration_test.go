package mcpserver_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

const oldIngress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations: {nginx.ingress.kubernetes.io/rewrite-target: /$1, nginx.ingress.kubernetes.io/limit-rps: "10"}
spec:
  ingressClassName: nginx
  rules: [{host: shop.example.com, http: {paths: [{path: "/old/(.*)", pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}]}}]
`

func TestPlanMigration(t *testing.T) {
	cases := map[string]struct {
		reason  string
		args    arguments
		refused bool
		want    []string
	}{
		"YAML": {
			reason: "Manifests and what is lost, without any cluster.", args: arguments{"ingresses": oldIngress, "controller": "envoy-gateway"},
			want: []string{"lost       nginx.ingress.kubernetes.io/limit-rps: 10", "gatewayClassName: eg", "replacePrefixMatch: /"},
		},
		"Existing": {
			reason: "The routes attach to a Gateway that is there.", args: arguments{"ingresses": oldIngress, "gateway": "gateways/shared"},
			want: []string{"namespace: gateways", "kind: HTTPRoute"},
		},
		"NoGateway": {reason: "A name without a namespace is none.", args: arguments{"ingresses": oldIngress, "gateway": "shared"}, refused: true, want: []string{"NAMESPACE/NAME"}},
		"NoIngress": {reason: "What is no Ingress is said.", args: arguments{"ingresses": "kind: Secret"}, refused: true, want: []string{"cannot find an Ingress"}},
		"Unknown":   {reason: "The schema lists the controllers.", args: arguments{"ingresses": oldIngress, "controller": "nginx"}, refused: true, want: []string{"nginx"}},
		"NoCluster": {reason: "Without YAML it is the cluster's, and there is none.", args: arguments{}, refused: true, want: []string{"cannot look at a cluster"}},
		"TooMuch": {
			reason: "An answer is bounded.", args: arguments{"ingresses": manyIngresses(120)}, refused: true, want: []string{"name one namespace or one Ingress"},
		},
	}
	session := client(t, mcpserver.Options{}, nil)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			result, text := callTool(t, session, "plan_migration", tc.args)
			if result.IsError != tc.refused {
				t.Errorf("%s\nrefused: %t, want %t: %s", tc.reason, result.IsError, tc.refused, text)
			}
			for _, want := range tc.want {
				if !strings.Contains(text, want) {
					t.Errorf("%s\nwant %q in the answer, got:\n%s", tc.reason, want, text)
				}
			}
		})
	}
}

// manyIngresses are in namespaces of their own, so that no Gateway has too many listeners.
func manyIngresses(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("---\n" + strings.ReplaceAll(oldIngress, "namespace: shop", "namespace: shop"+strings.Repeat("x", i%60)+string(rune('a'+i/60))))
	}
	return b.String()
}

// TestPlanMigrationOfCluster reads the Ingresses of the cluster, one or all.
func TestPlanMigrationOfCluster(t *testing.T) {
	ingress := func(namespace, name string) string {
		return strings.NewReplacer("namespace: shop", "namespace: "+namespace, "name: web\n", "name: "+name+"\n").Replace(oldIngress)
	}
	var objects []runtime.Object
	for _, text := range []string{ingress("shop", "web"), ingress("shop", "api"), ingress("blog", "web")} {
		objects = append(objects, object(t, text))
	}
	snapshot, err := topology.FromObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	cluster := newFake(t)
	cluster.snapshot = snapshot
	session := client(t, mcpserver.Options{Cluster: cluster}, nil)
	for want, args := range map[string]arguments{
		"Ingress blog/web": {"namespace": "blog"},
		"Ingress shop/api": {"namespace": "shop", "name": "api"},
	} {
		_, text := callTool(t, session, "plan_migration", args)
		if !strings.Contains(text, want) || strings.Count(text, "\nIngress ")+strings.Count(text[:7], "Ingress") != 1 {
			t.Errorf("%v: want %s alone, got:\n%s", args, want, text)
		}
	}
}
