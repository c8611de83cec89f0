package charts

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// definitions says where the real CustomResourceDefinitions of a chart are: a
// module that the component folder "crds" pins, and files within it.
type definitions struct {
	module, files string
}

// standIn is a chart that can be stood in for. Those without definitions bring
// none, or none that the product uses.
type standIn struct {
	name        string
	definitions definitions
}

// standIns lists every chart that the product installs.
func standIns() []standIn {
	return []standIn{
		{name: "argo-cd", definitions: definitions{"github.com/argoproj/argo-cd/v2", "manifests/crds/*-crd.yaml"}},
		{name: "cert-manager"},
		{name: "cilium"},
		{name: "crossplane"},
		{name: "dapr"},
		{name: "external-dns"},
		{name: "external-secrets", definitions: definitions{"github.com/external-secrets/external-secrets", "config/crds/bases/external-secrets.io_*.yaml"}},
		{name: "gateway-helm", definitions: definitions{"sigs.k8s.io/gateway-api", "config/crd/experimental/gateway.*.yaml"}},
		{name: "gpu-operator"},
		{name: "keda", definitions: definitions{"github.com/kedacore/keda/v2", "config/crd/bases/keda.sh_*.yaml"}},
		{name: "keda-add-ons-http"},
		{name: "kube-prometheus-stack", definitions: definitions{"github.com/prometheus-operator/prometheus-operator", "example/prometheus-operator-crd/monitoring.coreos.com_*.yaml"}},
		{name: "openfunction"},
		{name: "traefik"},
	}
}

// Names returns the names of all charts that can be stood in for, in order.
func Names() []string {
	var names []string
	for _, s := range standIns() {
		names = append(names, s.name)
	}
	return names
}

// StandIn returns the stand-in of a named chart at a version, with the
// definitions that the chart brings.
func StandIn(ctx context.Context, name, version string) (Chart, error) {
	for _, s := range standIns() {
		if s.name != name {
			continue
		}
		files, err := s.definitions.find(ctx)
		if err != nil {
			return Chart{}, fmt.Errorf("cannot make the stand-in of chart %q: %w", name, err)
		}
		return Chart{Name: name, Version: version, Definitions: files}, nil
	}
	return Chart{}, fmt.Errorf("cannot make the stand-in of chart %q: it is not in the list", name)
}

// find returns the files with the definitions; none is an error, because then
// the module has moved them.
func (d definitions) find(ctx context.Context) ([]string, error) {
	if d.module == "" {
		return nil, nil
	}
	dir, err := modules.Dir(ctx, "crds", d.module)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, d.files))
	if err != nil {
		return nil, fmt.Errorf("cannot list %q: %w", d.files, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("cannot find %q in module %q", d.files, d.module)
	}
	return files, nil
}
