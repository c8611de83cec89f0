package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// down ends the demo's plane, or removes the demo from the cluster of KUBECONFIG.
func (d *demo) down(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	if d.kubeconfig != "" {
		return d.remove(ctx)
	}
	place, err := d.place()
	if err != nil {
		return err
	}
	found, err := place.TakeDown(ctx, d.screen.out)
	if err != nil {
		return err
	}
	if !found {
		d.screen.sayf("There is no demo on this machine.")
		return nil
	}
	d.screen.sayf("The demo is stopped and removed.")
	return nil
}

// remove takes everything of the demo away from a cluster that others run.
func (d *demo) remove(ctx context.Context) error {
	var err error
	if d.plane, err = plane.Attach(d.kubeconfig); err != nil {
		return err
	}
	space := &corev1.Namespace{}
	err = d.plane.Client().Get(ctx, client.ObjectKey{Name: namespace}, space)
	if apierrors.IsNotFound(err) {
		d.screen.sayf("There is no demo on %s.", d.plane.Config().Host)
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot look for the demo: %w", err)
	}
	if space.Labels[demoLabel] != "true" {
		return fmt.Errorf("cannot remove namespace %q: it is not the demo's", namespace)
	}
	d.screen.sayf("The demo is on %s, in namespace %s.", d.plane.Config().Host, namespace)
	if err := d.ask("Remove it there, with everything that its Cluster installed?"); err != nil {
		return err
	}
	return d.removeAll(ctx, space)
}

// removeAll removes in the order in which one thing needs the other: the charts of the
// Cluster, which Crossplane removes; what Helm installed; then the namespace.
func (d *demo) removeAll(ctx context.Context, space *corev1.Namespace) error {
	d.screen.sayf("removing the Cluster and what it installed ...")
	xr := reference()
	err := d.plane.Client().Delete(ctx, xr)
	if err != nil && !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
		return fmt.Errorf("cannot delete the Cluster: %w", err)
	}
	if err == nil {
		if err := d.plane.WaitGone(ctx, xr); err != nil {
			return err
		}
	}
	if err := d.removeCharts(ctx, space); err != nil {
		return err
	}
	d.screen.sayf("removing the chart mcp-server ...")
	release, err := helm.New(d.plane, d.root, namespace)
	if err != nil {
		return err
	}
	if err := release.Uninstall(); err != nil {
		return fmt.Errorf("cannot uninstall the chart: %w", err)
	}
	d.screen.sayf("removing namespace %s ...", namespace)
	// Of the agent, which [plane.Plane.Caller] made.
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: namespace + "-agent"}}
	if err := client.IgnoreNotFound(d.plane.Client().Delete(ctx, binding)); err != nil {
		return fmt.Errorf("cannot delete the binding of the demo's agent: %w", err)
	}
	if err := client.IgnoreNotFound(d.plane.Client().Delete(ctx, space)); err != nil {
		return fmt.Errorf("cannot delete namespace %q: %w", namespace, err)
	}
	if err := d.plane.WaitGone(ctx, plane.Reference("v1", "Namespace", "", namespace)); err != nil {
		return err
	}
	d.screen.sayf("The demo is removed.")
	return nil
}

// removeCharts removes what stays when a Cluster goes: its charts and their namespaces.
// The demo makes no Cluster where one of them is there before; what is older than the demo
// is somebody else's all the same.
func (d *demo) removeCharts(ctx context.Context, space *corev1.Namespace) error {
	resources, err := d.means.planned()
	if err != nil {
		return err
	}
	spaces, err := d.means.clusterNamespaces()
	if err != nil {
		return err
	}
	for _, name := range append(spaces, teamNamespace) {
		ours, err := d.youngerThan(ctx, name, space)
		if err != nil {
			return err
		}
		if !ours {
			continue
		}
		d.screen.sayf("removing namespace %s and what is installed there ...", name)
		if err := d.uninstall(resources, name); err != nil {
			return err
		}
		gone := plane.Reference("v1", "Namespace", "", name)
		if err := client.IgnoreNotFound(d.plane.Client().Delete(ctx, gone)); err != nil {
			return fmt.Errorf("cannot delete namespace %q: %w", name, err)
		}
		if err := d.plane.WaitGone(ctx, gone); err != nil {
			return err
		}
	}
	return nil
}

// uninstall removes the charts in a namespace, the last one first.
func (d *demo) uninstall(resources []composed.Resource, namespace string) error {
	for _, r := range slices.Backward(resources) {
		o := &unstructured.Unstructured{Object: r.Object}
		in, _, _ := unstructured.NestedString(r.Object, "spec", "forProvider", "namespace")
		if o.GetKind() != "Release" || in != namespace {
			continue
		}
		name := cmp.Or(o.GetAnnotations()["crossplane.io/external-name"], o.GetName())
		release, err := helm.Open(d.plane, helm.Options{Name: name, Namespace: namespace})
		if err != nil {
			return err
		}
		if err := release.Uninstall(); err != nil {
			return fmt.Errorf("cannot uninstall %q in namespace %q: %w", name, namespace, err)
		}
	}
	return nil
}

// youngerThan tells whether a namespace is there and was made after another one.
func (d *demo) youngerThan(ctx context.Context, name string, other *corev1.Namespace) (bool, error) {
	found := &corev1.Namespace{}
	err := d.plane.Client().Get(ctx, client.ObjectKey{Name: name}, found)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot look for namespace %q: %w", name, err)
	}
	return !found.CreationTimestamp.Before(&other.CreationTimestamp), nil
}
