// Package traffic shows the chart mcp-server at work: its pods really run, on a node
// whose images come from this repository, and calls reach them through a real gateway.
//
// It needs root, for the node: see package plane.
package traffic

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/certmanager"
	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

var root = filepath.Join("..", "..", "..")

func TestMain(m *testing.M) {
	suite.Main(m, suite.Options{
		Tier: suite.Node,
		// The last three run in pods, which the tests of theirs install.
		Components: []string{"traefik", certmanager.Component, "kube-router", "envoy-gateway", "toolhive-operator", "toolhive-proxyrunner"},
		Prepare:    product.PushServer,
	})
}

// install installs the chart and waits until its pods are ready.
func install(ctx context.Context, t *testing.T, p *plane.Plane, namespace, values string) []*unstructured.Unstructured {
	t.Helper()
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
	deployment := plane.Reference("apps/v1", "Deployment", namespace, "mcp-mcp-server")
	if err := p.WaitCondition(ctx, deployment, "Available"); err != nil {
		t.Fatal(err)
	}
	return objects
}

// caller returns an agent that may call the server of a release, through the gateway.
func caller(ctx context.Context, t *testing.T, p *plane.Plane, objects []*unstructured.Unstructured, url string) agent.Options {
	t.Helper()
	for _, each := range objects {
		if each.GetKind() != "Service" {
			continue
		}
		token, err := p.Caller(ctx, each.GetNamespace(), "agent", callerRole(t, objects))
		if err != nil {
			t.Fatal(err)
		}
		return agent.Options{URL: url, Address: p.GatewayAddress() + ":80", Token: token}
	}
	t.Fatal("the release has no Service")
	return agent.Options{}
}

// callerRole is the ClusterRole of a release that lets its subjects call the server.
func callerRole(t *testing.T, objects []*unstructured.Unstructured) string {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() == "ClusterRole" && strings.HasSuffix(o.GetName(), "-caller") {
			return o.GetName()
		}
	}
	t.Fatal("the release has no role for callers")
	return ""
}

// pods are the names of the pods of a namespace.
func pods(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) map[string]bool {
	t.Helper()
	list := &corev1.PodList{}
	if err := p.Client().List(ctx, list, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, pod := range list.Items {
		names[pod.Name] = true
	}
	return names
}
