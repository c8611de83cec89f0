package prometheus

import (
	"context"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

const operatorModule = "github.com/prometheus-operator/prometheus-operator"

// InstallOperator installs prometheus-operator with its definitions, and returns when it
// runs.
func InstallOperator(ctx context.Context, p *plane.Plane) error {
	dir, err := modules.Dir(ctx, operator, operatorModule)
	if err != nil {
		return err
	}
	_, version, _ := strings.Cut(filepath.Base(dir), "@")
	for _, image := range []plane.Image{
		{Name: "quay.io/prometheus-operator/prometheus-operator:" + version, Component: operator, Path: "/bin/operator", User: nobody},
		{Name: "quay.io/prometheus-operator/prometheus-config-reloader:" + version, Component: reloader, Path: "/bin/prometheus-config-reloader", User: nobody},
	} {
		if err := p.PushImage(ctx, image); err != nil {
			return err
		}
	}
	definitions, err := plane.ReadObjects(filepath.Join(dir, "example", "prometheus-operator-crd", "*.yaml"))
	if err != nil {
		return err
	}
	if err := p.InstallDefinitions(ctx, definitions...); err != nil {
		return err
	}
	folder := filepath.Join(dir, "example", "rbac", operator)
	objects, err := plane.ReadObjects(filepath.Join(folder, "*-role*.yaml"), filepath.Join(folder, "*-account.yaml"), filepath.Join(folder, "*-deployment.yaml"))
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := move(o); err != nil {
			return err
		}
	}
	home := plane.Reference("v1", "Namespace", "", Namespace)
	if err := p.Apply(ctx, append([]*unstructured.Unstructured{home}, objects...)...); err != nil {
		return err
	}
	return p.WaitCondition(ctx, plane.Reference("apps/v1", "Deployment", Namespace, operator), "Available")
}

// move takes an object of the namespace default into the one of the stack.
func move(o *unstructured.Unstructured) error {
	if o.GetNamespace() != "" {
		o.SetNamespace(Namespace)
	}
	if o.GetKind() != "ClusterRoleBinding" {
		return nil
	}
	account := map[string]any{"kind": "ServiceAccount", "namespace": Namespace, "name": operator}
	return unstructured.SetNestedSlice(o.Object, []any{account}, "subjects")
}
