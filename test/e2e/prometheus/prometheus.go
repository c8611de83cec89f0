// Package prometheus installs prometheus-operator on the node of a plane, from the
// manifests of its module and with the rights that those give, and a Prometheus as
// kube-prometheus-stack describes it: under its names, with what it selects.
package prometheus

import (
	"context"
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

const (
	// Namespace is where the product installs kube-prometheus-stack.
	Namespace = "prometheus-system"
	// Name is that of its Prometheus, and of the Service that leads to it.
	Name = "kube-prometheus-stack-prometheus"

	operator = "prometheus-operator"
	reloader = "prometheus-config-reloader"

	// nobody is who runs in their images.
	nobody = "65534:65534"
)

// stack is what kube-prometheus-stack makes for a Prometheus, as far as it matters here.
//
//go:embed stack.yaml
var stack string

// Components are what [Install] needs of a plane.
func Components() []string { return []string{"node", operator, reloader, "prometheus"} }

// Install does what [InstallOperator] does, and installs a Prometheus as well.
// It returns when Prometheus answers.
func Install(ctx context.Context, p *plane.Plane) error {
	if err := InstallOperator(ctx, p); err != nil {
		return err
	}
	dir, err := modules.Dir(ctx, "prometheus", "github.com/prometheus/prometheus")
	if err != nil {
		return err
	}
	version, err := release(dir)
	if err != nil {
		return err
	}
	image := plane.Image{Name: "quay.io/prometheus/prometheus:" + version, Component: "prometheus", Path: "/bin/prometheus", User: nobody}
	if err := p.PushImage(ctx, image); err != nil {
		return err
	}
	rights, err := rights(ctx)
	if err != nil {
		return err
	}
	if err := p.Apply(ctx, rights); err != nil {
		return err
	}
	if err := p.ApplyYAML(ctx, strings.NewReplacer("NAMESPACE", Namespace, "NAME", Name, "VERSION", version).Replace(stack)); err != nil {
		return err
	}
	return p.WaitCondition(ctx, plane.Reference("monitoring.coreos.com/v1", "Prometheus", Namespace, Name), "Available")
}

// release is the release of Prometheus whose module has a folder: version 3.15.0 is
// tagged v0.315.0 for Go.
func release(dir string) (string, error) {
	var major, minor, patch int
	_, tag, _ := strings.Cut(filepath.Base(dir), "@")
	if _, err := fmt.Sscanf(tag, "v0.%1d%d.%d", &major, &minor, &patch); err != nil {
		return "", fmt.Errorf("cannot tell the release of Prometheus %q: %w", tag, err)
	}
	return fmt.Sprintf("v%d.%d.%d", major, minor, patch), nil
}

// rights is the ClusterRole that prometheus-operator's module gives a Prometheus.
func rights(ctx context.Context) (*unstructured.Unstructured, error) {
	dir, err := modules.Dir(ctx, operator, operatorModule)
	if err != nil {
		return nil, err
	}
	objects, err := plane.ReadObjects(filepath.Join(dir, "example", "rbac", "prometheus", "prometheus-cluster-role.yaml"))
	if err != nil {
		return nil, err
	}
	objects[0].SetName(Name)
	return objects[0], nil
}
