// Package scale shows that traffic scales the chart mcp-server: Prometheus scrapes what
// its PodMonitor selects, and KEDA scales its Deployment on what Prometheus says; and what
// gatehouse diagnose finds of the two.
//
// It needs root, for the node: see package plane.
package scale

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/keda"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/prometheus"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

func TestMain(m *testing.M) {
	components := slices.Concat([]string{"traefik"}, keda.Components(), prometheus.Components())
	suite.Main(m, suite.Options{Tier: suite.Node, Components: components, Prepare: prepare, Patience: 5 * time.Minute})
}

// prepare installs what measures and what scales, and gives the node the server's image.
func prepare(ctx context.Context, p *plane.Plane) error {
	// The first time compiles the image of the server.
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return keda.Install(ctx, p) })
	group.Go(func() error { return product.PushServer(ctx, p) })
	group.Go(func() error { return doctor.Prepare(ctx, p) })
	group.Go(func() error {
		if err := prometheus.Install(ctx, p); err != nil {
			return err
		}
		return p.ApplyYAML(ctx, fmt.Sprintf(gatewayScrape, prometheus.Namespace, p.GatewayMetrics()))
	})
	return group.Wait()
}

// gatewayScrape has the gateway's metrics scraped. It is no pod here, so no PodMonitor
// could select it.
const gatewayScrape = `
apiVersion: monitoring.coreos.com/v1alpha1
kind: ScrapeConfig
metadata: {namespace: %s, name: traefik, labels: {release: kube-prometheus-stack}}
spec: {scrapeInterval: 1s, staticConfigs: [{targets: ["%s"]}]}
`

// install installs the chart, and removes it when the test ends.
func install(ctx context.Context, t *testing.T, p *plane.Plane, namespace, values string) []*unstructured.Unstructured {
	t.Helper()
	root, err := product.Root()
	if err != nil {
		t.Fatal(err)
	}
	release, err := helm.New(p, root, namespace)
	if err != nil {
		t.Fatal(err)
	}
	parsed := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(values), &parsed); err != nil {
		t.Fatal(err)
	}
	objects, err := release.Install(ctx, parsed)
	if err != nil {
		t.Fatalf("cannot install: %v", err)
	}
	t.Cleanup(func() {
		if err := release.Uninstall(); err != nil {
			t.Error(err)
		}
	})
	return objects
}

// caller returns an agent that may call the server of a release, through the gateway.
func caller(ctx context.Context, t *testing.T, p *plane.Plane, namespace string, objects []*unstructured.Unstructured) agent.Options {
	t.Helper()
	at := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool {
		return o.GetKind() == "ClusterRole" && strings.HasSuffix(o.GetName(), "-caller")
	})
	if at < 0 {
		t.Fatal("the release has no role for callers")
	}
	token, err := p.Caller(ctx, namespace, "agent", objects[at].GetName())
	if err != nil {
		t.Fatal(err)
	}
	return agent.Options{URL: "http://" + host, Address: p.GatewayAddress() + ":80", Token: token}
}
