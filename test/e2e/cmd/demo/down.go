package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

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
