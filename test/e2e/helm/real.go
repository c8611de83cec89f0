package helm

import (
	"context"
	"fmt"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// InstallReal installs a third party's own chart, with images of the programs that are
// built here. The namespace has to be there.
func InstallReal(ctx context.Context, p *plane.Plane, name, namespace string) (*Release, error) {
	made, err := charts.LoadReal(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, image := range made.Images {
		if err := p.PushImage(ctx, plane.Image{Name: image.Name, Component: image.Component, Path: image.Path, Writable: image.Writable}); err != nil {
			return nil, err
		}
	}
	archive, err := made.Save(p.Dir())
	if err != nil {
		return nil, err
	}
	release, err := Open(p, Options{Chart: archive, Name: name, Namespace: namespace})
	if err != nil {
		return nil, err
	}
	release.Force = true
	if _, err := release.Install(ctx, nil); err != nil {
		return nil, fmt.Errorf("cannot install chart %q: %w", name, err)
	}
	return release, nil
}
