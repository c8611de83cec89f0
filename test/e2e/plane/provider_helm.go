package plane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

func providerHelm() component {
	return component{
		name: "provider-helm",
		source: &source{
			folder: "provider-helm",
			target: "github.com/crossplane-contrib/provider-helm/cmd/provider",
			// It has no flag for its metrics, which would take port 8080 of
			// every interface; this is the default that it leaves alone.
			ldflags: "-X sigs.k8s.io/controller-runtime/pkg/metrics/server.DefaultBindAddress=0",
		},
		needs: []string{"kube-apiserver", reachName},
		start: startProviderHelm,
	}
}

// startProviderHelm runs the provider with a /tmp of its own: it keeps charts in
// /tmp/charts, where those of other planes, and of other days, would be taken for the
// ones that it is told to install.
func startProviderHelm(ctx context.Context, p *Plane, program string) error {
	// The provider makes this folder when the first Releases come; when several come at
	// once, all but one fail at that.
	if err := os.MkdirAll(filepath.Join(p.dir, "tmp", "charts"), 0o700); err != nil {
		return fmt.Errorf("cannot make the chart cache: %w", err)
	}
	return p.startProvider(ctx, program, provider{
		name:   "provider-helm",
		module: "github.com/crossplane-contrib/provider-helm",
		config: "helm.m.crossplane.io/v1beta1",
		args:   []string{"--debug", "--poll=10s"},
		env:    p.outside.environment(),
		ownTmp: p.dir,
	})
}
