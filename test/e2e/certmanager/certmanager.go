// Package certmanager installs the real cert-manager on a plane with a node: its own
// chart runs its programs as pods, from images of the names that users know.
package certmanager

import (
	"context"
	"fmt"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// Component has to be among the components of the plane.
const Component = "cert-manager"

// Namespace is where the product installs cert-manager.
const Namespace = "cert-manager"

// PushImages gives the node what the chart runs, for those who have somebody else
// install it.
func PushImages(ctx context.Context, p *plane.Plane) error {
	chart, err := charts.LoadReal(ctx, "cert-manager")
	if err != nil {
		return err
	}
	for _, image := range chart.Images {
		if err := p.PushImage(ctx, plane.Image{Name: image.Name, Component: image.Component, Path: image.Path}); err != nil {
			return err
		}
	}
	return nil
}

// Install installs the chart and returns when cert-manager works: the chart ends with a
// Job that has the webhook accept a request, and refuse one. The definitions of the
// Gateway API have to be there.
func Install(ctx context.Context, p *plane.Plane) error {
	if err := PushImages(ctx, p); err != nil {
		return err
	}
	chart, err := charts.LoadReal(ctx, "cert-manager")
	if err != nil {
		return err
	}
	archive, err := chart.Save(p.Dir())
	if err != nil {
		return err
	}
	if err := p.ApplyYAML(ctx, "{apiVersion: v1, kind: Namespace, metadata: {name: "+Namespace+"}}"); err != nil {
		return err
	}
	release, err := helm.Open(p, helm.Options{Chart: archive, Name: "cert-manager", Namespace: Namespace})
	if err != nil {
		return err
	}
	if _, err := release.Install(ctx, Values()); err != nil {
		return fmt.Errorf("cannot install cert-manager: %w", err)
	}
	return nil
}

// Values are those that the product gives the chart where there are Gateways.
func Values() map[string]any {
	return map[string]any{
		"crds":   map[string]any{"enabled": true},
		"config": map[string]any{"gatewayAPI": map[string]any{"enabled": true}},
	}
}
