package plane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// startLimit is how long one component may take from its start until it is
// ready, on a machine that is busy building others. It takes seconds normally.
const startLimit = 3 * time.Minute

// component is one part of the plane. It lives in a file of its own and is
// named once, in components.
type component struct {
	name   string
	source *source // what to build first; nil when there is nothing
	needs  []string

	// check says what the component needs of this machine and does not find. It is
	// asked before anything is built. Nil: nothing.
	check func() error

	// start starts the component and returns once it is ready for use. It gets
	// the path of the built program. Nil when others run it: see programs.
	start func(ctx context.Context, p *Plane, program string) error
}

// components lists every component there is. Adding one is one line here and
// one file beside this one.
func components() []component {
	return []component{
		etcd(),
		kubeAPIServer(),
		kubeControllerManager(),
		crossplane(),
		reach(),
		providerHelm(),
		providerKubernetes(),
		functionAutoReady(),
		runc(),
		containerd(),
		containerdShim(),
		cniPlugin("main/bridge"),
		cniPlugin("ipam/host-local"),
		cniPlugin("main/loopback"),
		pause(),
		coreDNS(),
		node(),
		traefik(),
		kubeRouter(),
		certManager(),
		egctl(),
		kubectl(),
		envoyGateway(),
		toolhiveOperator(),
		toolhiveProxyrunner(),
		kedaProgram("keda-operator", "operator"),
		kedaProgram("keda-metrics-apiserver", "adapter"),
		prometheus(),
		prometheusOperatorProgram("prometheus-operator", "operator"),
		prometheusOperatorProgram("prometheus-config-reloader", "prometheus-config-reloader"),
	}
}

// selectComponents returns the named components and what they need, in the
// order of the list. No names select all.
func selectComponents(all []component, names []string) ([]component, error) {
	if len(names) == 0 {
		return all, nil
	}
	wanted := map[string]bool{}
	var want func(name string) error
	want = func(name string) error {
		if wanted[name] {
			return nil
		}
		at := slices.IndexFunc(all, func(c component) bool { return c.name == name })
		if at < 0 {
			return fmt.Errorf("cannot select component %q: there is none of that name", name)
		}
		wanted[name] = true
		for _, need := range all[at].needs {
			if err := want(need); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range names {
		if err := want(name); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(c component) bool { return !wanted[c.name] }), nil
}

// Tier is what a plane needs of the machine.
type Tier string

const (
	// TierPlane is processes on loopback: whoever may run programs may run it.
	TierPlane Tier = "plane"
	// TierNode is a node whose pods run, which only root can have.
	TierNode Tier = "node"
)

// TierOf returns the tier of the named components and what they need.
func TierOf(names []string) (Tier, error) {
	chosen, err := selectComponents(components(), names)
	if slices.ContainsFunc(chosen, func(c component) bool { return c.name == "node" }) {
		return TierNode, err
	}
	return TierPlane, err
}

// startComponents looks for what they need of this machine, builds them one after
// the other and starts them side by side, each once it is built and everything it needs is ready. The first failure
// stops the others and is returned.
func (p *Plane) startComponents(ctx context.Context, chosen []component) error {
	var missing []error
	for _, c := range chosen {
		if c.check != nil {
			missing = append(missing, c.check())
		}
	}
	if err := errors.Join(missing...); err != nil {
		return err
	}
	built, ready := map[string]chan string{}, map[string]chan struct{}{}
	for _, c := range chosen {
		built[c.name], ready[c.name] = make(chan string, 1), make(chan struct{})
	}
	group, ctx := errgroup.WithContext(ctx)
	// One heavy build at a time: two would compete for the same few cores and
	// twice the memory.
	group.Go(func() error { return p.buildComponents(ctx, chosen, built) })
	for _, c := range chosen {
		group.Go(func() error {
			for _, need := range c.needs {
				if _, err := receive(ctx, ready[need]); err != nil {
					return err
				}
			}
			program, err := receive(ctx, built[c.name])
			if err != nil {
				return err
			}
			if err := p.startComponent(ctx, c, program); err != nil {
				return err
			}
			close(ready[c.name])
			return nil
		})
	}
	return group.Wait()
}

// buildComponents gives the program of each component, in order; none for those
// that have no source of their own.
func (p *Plane) buildComponents(ctx context.Context, chosen []component, built map[string]chan string) error {
	for _, c := range chosen {
		program := ""
		if c.source != nil {
			var err error
			if program, err = p.builder.program(ctx, *c.source); err != nil {
				return fmt.Errorf("cannot have component %q: %w", c.name, err)
			}
		}
		built[c.name] <- program
	}
	return nil
}

// receive waits for what a channel gives, or for the end of the context.
func receive[T any](ctx context.Context, from <-chan T) (T, error) {
	select {
	case got := <-from:
		return got, nil
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// startComponent starts one component and returns once it is ready.
func (p *Plane) startComponent(ctx context.Context, c component, program string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	p.remember(c.name, program)
	if c.start == nil {
		return nil
	}
	done := p.progress.step("starting " + c.name)
	err := c.start(ctx, p, program)
	done(err)
	if err != nil {
		return fmt.Errorf("cannot start component %q: %w", c.name, err)
	}
	return nil
}

// remember keeps where the program of a component is, for those that run it.
func (p *Plane) remember(name, program string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.programs == nil {
		p.programs = map[string]string{}
	}
	p.programs[name] = program
}

// program is where the program of a component is that this one needs.
func (p *Plane) program(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.programs[name]
}
