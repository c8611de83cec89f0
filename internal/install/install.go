package install

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Options of an Installer.
type Options struct {
	// Force takes what others own: fields, objects and releases.
	Force bool
	// Prune removes what the Cluster no longer asks for.
	Prune bool
	// LocalCharts says that charts are taken from a folder, so no credentials are needed.
	LocalCharts bool
	// Timeout of every step: from its beginning until it is ready. 0 for ten minutes.
	Timeout time.Duration
	// Poll is how often what is not ready is looked at. 0 for one second.
	Poll time.Duration
}

const (
	defaultTimeout = 10 * time.Minute
	defaultPoll    = time.Second
	// atOnce is how many steps run, and objects are read, at the same time.
	atOnce = 8
)

// Config of an Installer.
type Config struct {
	Planner *compose.Planner
	// Object is the Cluster. It has a namespace.
	Object map[string]any
	Target Cluster
	Charts Charts
	// Report takes what happens, from several goroutines. Nil: nobody listens.
	Report  func(Event)
	Options Options
}

// Installer installs one Cluster. It is used once.
type Installer struct {
	planner *compose.Planner
	object  map[string]any
	cluster *v2.Cluster
	target  Cluster
	charts  Charts
	report  func(Event)
	options Options
	record  *record
	seen    map[string]seen
	// secrets are what was read from Secrets.
	secrets words
}

// New checks the Cluster. The error is a *compose.InvalidError when the Cluster is not
// valid, or not one on a cluster that exists.
func New(c Config) (*Installer, error) {
	cluster, _, err := compose.Check(c.Object)
	if err != nil {
		return nil, err
	}
	if p := cluster.Provider(); p != v2.ProviderExisting {
		path := field.NewPath("spec", "crossplane", "compositionSelector", "matchLabels").Key("provider")
		return nil, &compose.InvalidError{Name: cluster.Name, Errors: field.ErrorList{
			field.Invalid(path, string(p), fmt.Sprintf("must be %q: what the others need, a cluster, only Crossplane creates", v2.ProviderExisting)),
		}}
	}
	i := &Installer{
		planner: c.Planner, object: c.Object, cluster: cluster, target: c.Target, charts: c.Charts, report: c.Report,
		options: c.Options, record: &record{Version: recordVersion}, seen: map[string]seen{},
	}
	if i.report == nil {
		i.report = func(Event) {}
	}
	if i.options.Timeout == 0 {
		i.options.Timeout = defaultTimeout
	}
	if i.options.Poll == 0 {
		i.options.Poll = defaultPoll
	}
	return i, nil
}

// plan is what the Cluster is composed of, given what was seen so far.
func (i *Installer) plan() (*compose.Plan, error) {
	observed := composed.Observed{Resources: map[string]composed.Fields{}}
	for key, s := range i.seen {
		if fields := s.fields(); fields != nil {
			observed.Resources[key] = fields
		}
	}
	return i.planner.Plan(i.object, observed)
}

// begin reads what is there: what was installed before, and how it does.
func (i *Installer) begin(ctx context.Context) (*compose.Plan, error) {
	if err := i.loadRecord(ctx); err != nil {
		return nil, err
	}
	plan, err := i.plan()
	if err != nil {
		return nil, err
	}
	if err := i.observeAll(ctx, plan.All); err != nil {
		return nil, err
	}
	return i.plan()
}

// notByCrossplane refuses to work on what Crossplane keeps: it would be put back.
func (i *Installer) notByCrossplane(ctx context.Context) error {
	gvk := schema.GroupVersionKind{Group: v2.Group, Version: v2.Version, Kind: v2.Kind}
	_, err := i.target.Get(ctx, gvk, i.cluster.Namespace, i.cluster.Name)
	switch {
	case absent(err):
		return nil
	case err != nil:
		return err
	default:
		return found("Crossplane keeps Cluster %s/%s here already: change or delete the Cluster there", i.cluster.Namespace, i.cluster.Name)
	}
}
