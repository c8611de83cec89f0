package main

import (
	"context"
	"errors"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/standing"
)

// serve runs the plane until it is told to end. What it prints goes into a log that up
// shows while it waits.
func serve(ctx context.Context, o options) (err error) {
	hold, err := o.place.Take()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hold.End()) }()
	if err := hold.Starting(o.tier, o.selected()); err != nil {
		return err
	}
	p, err := plane.Start(ctx, plane.Options{Components: o.selected(), Charts: product.Charts, Signals: true, Progress: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := hold.Running(standing.Starting, p); err != nil {
		return err
	}
	if err := furnish(ctx, p, o); err != nil {
		return err
	}
	if err := hold.Running(standing.Up, p); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// furnish gives the plane what people want to try on it, as far as its components allow.
func furnish(ctx context.Context, p *plane.Plane, o options) error {
	if hasAll(o.selected(), product.Components()) {
		if err := product.Install(ctx, p); err != nil {
			return err
		}
		if err := welcome(ctx, p); err != nil {
			return err
		}
	}
	if o.tier == plane.TierNode {
		return product.PushServer(ctx, p)
	}
	return nil
}

// welcome makes what examples/consumers/cluster.yaml expects to be there: its namespace,
// and in a Secret the kubeconfig of the cluster that it is about, which is the plane.
func welcome(ctx context.Context, p *plane.Plane) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "platform"}}
	if err := client.IgnoreAlreadyExists(p.Client().Create(ctx, namespace)); err != nil {
		return err
	}
	return p.WriteKubeconfigSecret(ctx, "platform", "team-a-cluster", "kubeconfig")
}

func hasAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(name string) bool { return !slices.Contains(have, name) })
}
