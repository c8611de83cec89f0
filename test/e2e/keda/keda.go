// Package keda installs KEDA on the node of a plane: its operator and its metrics server
// as pods of their real names, from the manifests of its module, with the rights that
// those give.
package keda

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

const (
	// Namespace is where KEDA's manifests install it.
	Namespace = "keda"
	// Adapter is the Deployment of its metrics server, and the Service that leads to it.
	Adapter = "keda-metrics-apiserver"

	module   = "github.com/kedacore/keda/v2"
	operator = "keda-operator"
)

// Components are what [Install] needs of a plane.
func Components() []string { return []string{"node", operator, Adapter} }

// images are those that the manifests name.
func images() []plane.Image {
	return []plane.Image{
		{Name: "ghcr.io/kedacore/keda", Component: operator, Path: "/keda", User: "65532:65532"},
		{Name: "ghcr.io/kedacore/keda-metrics-apiserver", Component: Adapter, Path: "/keda-adapter", User: "65532:65532"},
	}
}

// Install installs KEDA and returns when ScaledObjects are acted upon.
func Install(ctx context.Context, p *plane.Plane) error {
	dir, err := modules.Dir(ctx, "keda", module)
	if err != nil {
		return err
	}
	_, version, _ := strings.Cut(filepath.Base(dir), "@v")
	for _, image := range images() {
		image.Name += ":" + version
		if err := p.PushImage(ctx, image); err != nil {
			return err
		}
	}
	config := filepath.Join(dir, "config")
	definitions, err := plane.ReadObjects(filepath.Join(config, "crd", "bases", "*.yaml"))
	if err != nil {
		return err
	}
	if err := p.InstallDefinitions(ctx, definitions...); err != nil {
		return err
	}
	objects, err := manifests(config, version)
	if err != nil {
		return err
	}
	if err := p.Apply(ctx, objects...); err != nil {
		return err
	}
	return errors.Join(
		p.WaitCondition(ctx, plane.Reference("apps/v1", "Deployment", Namespace, operator), "Available"),
		p.WaitCondition(ctx, plane.Reference("apps/v1", "Deployment", Namespace, Adapter), "Available"),
		p.WaitCondition(ctx, plane.Reference("apiregistration.k8s.io/v1", "APIService", "", "v1beta1.external.metrics.k8s.io"), "Available"),
	)
}

// manifests are those of config/default without the admission webhooks, which only refuse
// what is wrong.
func manifests(config, version string) ([]*unstructured.Unstructured, error) {
	objects, err := plane.ReadObjects(
		filepath.Join(config, "general", "namespace.yaml"), filepath.Join(config, "service_account", "service_account.yaml"),
		filepath.Join(config, "rbac", "*role*.yaml"),
		filepath.Join(config, "manager", "[ms]*.yaml"), filepath.Join(config, "metrics-server", "[adrs]*.yaml"),
	)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		if o.GetKind() != "Deployment" {
			continue
		}
		if err := settle(o, version); err != nil {
			return nil, fmt.Errorf("cannot read the Deployment %q: %w", o.GetName(), err)
		}
	}
	return objects, nil
}

// settle names the version as a release does, and has the pods asked early whether they
// are ready. No webhook is there to be given a certificate.
func settle(deployment *unstructured.Unstructured, version string) error {
	typed := &appsv1.Deployment{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(deployment.Object, typed); err != nil {
		return err
	}
	container := &typed.Spec.Template.Spec.Containers[0]
	container.Image = strings.TrimSuffix(container.Image, ":latest") + ":" + version
	container.ImagePullPolicy = corev1.PullIfNotPresent
	container.ReadinessProbe.InitialDelaySeconds, container.ReadinessProbe.PeriodSeconds = 1, 1
	if typed.Name == operator {
		container.Args = append(container.Args, "--enable-webhook-patching=false")
	}
	var err error
	deployment.Object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	return err
}
