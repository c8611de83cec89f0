package plane

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// provider is a Crossplane provider that runs as a process.
type provider struct {
	name   string // of the component and of its module folder
	module string // the Go module it comes from, with package/crds in it

	// config is the apiVersion of its namespaced ProviderConfig.
	config string

	args   []string
	env    []string
	reach  []string // see command
	ownTmp string   // see command
}

// startProvider installs the provider's definitions, runs it, and returns once
// its controllers work.
func (p *Plane) startProvider(ctx context.Context, program string, what provider) error {
	module, err := modules.Dir(ctx, what.name, what.module)
	if err != nil {
		return err
	}
	definitions, err := ReadObjects(filepath.Join(module, "package", "crds", "*.yaml"))
	if err != nil {
		return err
	}
	for _, definition := range definitions {
		// Crossplane's package manager would say where the conversion webhook
		// is. Only the older cluster-scoped kinds convert, and nobody here uses
		// those; they must exist, as the provider's controllers watch them.
		unstructured.RemoveNestedField(definition.Object, "spec", "conversion")
	}
	if err := p.InstallDefinitions(ctx, definitions...); err != nil {
		return err
	}
	ready := func(ctx context.Context) error { return p.awaitProvider(ctx, what) }
	return p.runReady(ctx, command{name: what.name, path: program, args: what.args, env: what.env, reach: what.reach, ownTmp: what.ownTmp, ready: ready})
}

// awaitProvider gives the provider a configuration and waits until it takes
// hold of it. Providers have no endpoint that says that their controllers run.
func (p *Plane) awaitProvider(ctx context.Context, what provider) error {
	canary := Reference(what.config, "ProviderConfig", "default", "plane-canary-"+what.name)
	if err := unstructured.SetNestedField(canary.Object, "InjectedIdentity", "spec", "credentials", "source"); err != nil {
		return fmt.Errorf("cannot make %s: %w", describe(canary), err)
	}
	if err := p.Apply(ctx, canary.DeepCopy()); err != nil {
		return err
	}
	err := p.WaitFor(ctx, canary, func(o *unstructured.Unstructured) error {
		if len(o.GetFinalizers()) == 0 {
			return errors.New("its provider has not taken hold of it")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.Client().Delete(ctx, canary); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("cannot delete %s: %w", describe(canary), err)
	}
	return p.WaitGone(ctx, canary)
}
