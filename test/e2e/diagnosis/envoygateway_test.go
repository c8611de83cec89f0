package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// envoyGatewaySystem is the namespace that the product installs Envoy Gateway in.
const envoyGatewaySystem = "envoy-gateway-system"

// quiet is what classes of the scenarios refer to: their Gateways have addresses, those of
// the node, and no proxies, whose image is not to be had. With loud they have proxies.
const quiet = `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {name: quiet, namespace: envoy-gateway-system}
spec: {provider: {type: Kubernetes, kubernetes: {envoyDeployment: {replicas: 0}, envoyService: {type: NodePort}}}}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {name: loud, namespace: envoy-gateway-system}
spec: {provider: {type: Kubernetes, kubernetes: {envoyService: {type: NodePort}}}}
`

// TestLiveEnvoyGateway is TestLive for Envoy Gateway's control plane, in a pod of its own
// chart. No Envoy runs, so no request passes, and every Gateway is found not to be
// programmed, which it says itself.
func TestLiveEnvoyGateway(t *testing.T) {
	t.Parallel()
	ctx, p, _ := suite.Start(t)
	all := envoyGatewayScenarios()
	definitions := interceptors(t)
	if len(definitions) > 0 {
		maps.Copy(all, ofInterceptor())
	}
	if err := errors.Join(installEnvoyGateway(ctx, p), p.InstallDefinitions(ctx, definitions...)); err != nil {
		t.Fatal(err)
	}
	b := newBackend(ctx, t, p)
	l := newLive(t, p)
	l.beside = []string{"gateway-not-programmed"}
	for name, s := range all {
		l.all = append(l.all, settle(t, name, s, ofEnvoyGateway(b)))
	}
	l.examine(ctx, t, func() {
		// What is beside everything has to be there.
		found, err := l.Look(ctx)
		if err == nil {
			err = l.unprogrammed(found)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func installEnvoyGateway(ctx context.Context, p *plane.Plane) error {
	if err := p.Apply(ctx, plane.Reference("v1", "Namespace", "", envoyGatewaySystem)); err != nil {
		return err
	}
	if _, err := helm.InstallReal(ctx, p, "gateway-helm", envoyGatewaySystem); err != nil {
		return err
	}
	if err := p.ApplyYAML(ctx, quiet); err != nil {
		return err
	}
	return p.WaitCondition(ctx, plane.Reference("apps/v1", "Deployment", envoyGatewaySystem, "envoy-gateway"), "Available")
}

// ofEnvoyGateway gives every class what keeps its Gateways quiet, and scenarios names that
// those of Traefik have not.
func ofEnvoyGateway(b backend) setup {
	const class = "{controllerName: gateway.envoyproxy.io/gatewayclass-controller"
	return setup{backend: b, prefix: "eg-", replace: append(ofClass("envoy"),
		class+"}", fmt.Sprintf("%s, parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, namespace: %s, name: quiet}}", class, envoyGatewaySystem),
	)}
}

// unprogrammed returns an error unless it is found of every Gateway of the scenarios that
// the controller accepts that nothing serves it.
func (l *live) unprogrammed(found doctor.Outcome) error {
	for _, s := range l.all {
		accepted, failed := slices.Contains(acceptedGateways, s.check()), l.failed[s.name] != nil
		finds := slices.ContainsFunc(s.of(found), func(f diagnose.Finding) bool {
			return f.Check == "gateway-not-programmed" && strings.Contains(f.Problem, "NoResources")
		})
		if accepted && !failed && !finds {
			return fmt.Errorf("%s: want to be told that no Envoy runs, got %v", s.name, s.of(found))
		}
	}
	return nil
}
