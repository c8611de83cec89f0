package plane

import (
	"context"
	"path/filepath"
	"strings"
)

func providerKubernetes() component {
	return component{
		name: "provider-kubernetes",
		source: &source{
			folder: "provider-kubernetes",
			target: "github.com/crossplane-contrib/provider-kubernetes/cmd/provider",
		},
		needs: []string{"kube-apiserver", reachName},
		start: startProviderKubernetes,
	}
}

// startProviderKubernetes runs the provider in a network namespace of its own:
// ports 8080 and 9443 are fixed, and its controllers are internal packages, so
// no other main can be put around them. It needs nothing but the API server.
func startProviderKubernetes(ctx context.Context, p *Plane, program string) error {
	certificates := filepath.Join(p.dir, "provider-kubernetes")
	if err := p.issueInto(certificates, identity{name: "provider-kubernetes", hosts: []string{"localhost"}}); err != nil {
		return err
	}
	return p.startProvider(ctx, program, provider{
		name:   "provider-kubernetes",
		module: "github.com/crossplane-contrib/provider-kubernetes",
		config: "kubernetes.m.crossplane.io/v1alpha1",
		args:   []string{"--debug", "--poll=10s"},
		env:    []string{"TLS_SERVER_CERTS_DIR=" + certificates},
		reach:  []string{strings.TrimPrefix(p.kubernetes.config.Host, "https://")},
	})
}
