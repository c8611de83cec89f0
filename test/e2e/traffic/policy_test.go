package traffic

import (
	"context"
	"fmt"
	"net"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestNetworkPolicy: everybody reaches the server's pod until the chart's NetworkPolicy
// is there, and then only the gateway. Calls are answered either way.
func TestNetworkPolicy(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	values := func(enabled bool) string {
		return fmt.Sprintf("{gateway: {enabled: true, className: traefik, controller: traefik, listeners: {http: {hostname: policy.example.test}}}, networkPolicy: {enabled: %t}}", enabled)
	}
	objects := install(ctx, t, p, namespace, values(false))
	who := caller(ctx, t, p, objects, "http://policy.example.test")
	connect(ctx, t, p, who)
	pods := &corev1.PodList{}
	if err := p.Client().List(ctx, pods, client.InNamespace(namespace)); err != nil || len(pods.Items) != 1 {
		t.Fatalf("there are %d pods, want the server's: %v", len(pods.Items), err)
	}
	server := net.JoinHostPort(pods.Items[0].Status.PodIP, "3456")

	others := map[string]struct {
		reason string
		want   bool
	}{
		"traefik":       {reason: "Traefik's chart is installed in this namespace, and the policy knows it.", want: true},
		"traefik-to-be": {reason: "Somebody in another namespace, whatever its name begins with."},
	}
	for name := range others {
		if err := p.ApplyYAML(ctx, "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}"); err != nil {
			t.Fatal(err)
		}
		if err := p.IdlePod(ctx, name, "idle"); err != nil {
			t.Fatal(err)
		}
		if err := p.ReachFrom(ctx, name, "idle", server); err != nil {
			t.Fatalf("a pod in %s does not reach the server although there is no policy: %v", name, err)
		}
	}

	release, err := helm.New(p, root, namespace)
	if err != nil {
		t.Fatal(err)
	}
	parsed := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(values(true)), &parsed); err != nil {
		t.Fatal(err)
	}
	if _, err := release.Upgrade(ctx, parsed); err != nil {
		t.Fatal(err)
	}
	for name, tc := range others {
		if tc.want {
			continue
		}
		err := p.Poll(ctx, "the end of other ways in", func(ctx context.Context) error {
			if p.ReachFrom(ctx, name, "idle", server) == nil {
				return fmt.Errorf("a pod in %s still reaches the server", name)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s\n%v", tc.reason, err)
		}
	}
	for name, tc := range others {
		if err := p.ReachFrom(ctx, name, "idle", server); (err == nil) != tc.want {
			t.Errorf("%s\na pod in %s reaches the server: %t (%v), want %t", tc.reason, name, err == nil, err, tc.want)
		}
	}
	connect(ctx, t, p, who)
}
