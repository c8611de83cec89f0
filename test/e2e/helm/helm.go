// Package helm installs charts on the plane with the real Helm.
package helm

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// ReleaseName is the release of the chart mcp-server, in every test in a namespace of its own.
const ReleaseName = "mcp"

// hookLimit is how long a chart's hooks may take: the default of --timeout.
const hookLimit = 5 * time.Minute

// A Release installs, upgrades and removes a chart in one namespace, with server-side
// apply and field validation Strict: both are the defaults of Helm 4
// (pkg/kube/client.go, ClientCreateOptionFieldValidationDirective).
type Release struct {
	Namespace string
	// Force takes fields over that others manage: definitions that the harness applied, of
	// which a chart brings its own edition. Helm 4 refuses to otherwise.
	Force bool

	name   string
	plane  *plane.Plane
	chart  string
	config *action.Configuration
}

// Options name a release of a chart.
type Options struct {
	Chart     string // folder or archive
	Name      string
	Namespace string // has to be there
}

// New connects Helm with the plane, for the chart mcp-server of a repository.
func New(p *plane.Plane, root, namespace string) (*Release, error) {
	return Open(p, Options{Chart: filepath.Join(root, "charts", "mcp-server"), Name: ReleaseName, Namespace: namespace})
}

// Open connects Helm with the plane, for any chart.
func Open(p *plane.Plane, o Options) (*Release, error) {
	settings := cli.New()
	settings.KubeConfig = p.Kubeconfig()
	// The plane has no other user to be considerate of.
	settings.QPS, settings.BurstLimit = 1000, 1000
	settings.SetNamespace(o.Namespace)
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	if err := config.Init(settings.RESTClientGetter(), o.Namespace, "secret"); err != nil {
		return nil, fmt.Errorf("cannot connect Helm: %w", err)
	}
	return &Release{Namespace: o.Namespace, name: o.Name, plane: p, chart: o.Chart, config: config}, nil
}

// Install returns the objects of the release.
func (r *Release) Install(ctx context.Context, values map[string]any) ([]*unstructured.Unstructured, error) {
	chart, err := loader.Load(r.chart)
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(r.config)
	install.ReleaseName, install.Namespace = r.name, r.Namespace
	install.WaitStrategy, install.Timeout = kube.HookOnlyStrategy, hookLimit
	install.ForceConflicts = r.Force
	return r.objects(install.RunWithContext(ctx, chart, values))
}

// Upgrade returns the objects of the new revision.
func (r *Release) Upgrade(ctx context.Context, values map[string]any) ([]*unstructured.Unstructured, error) {
	chart, err := loader.Load(r.chart)
	if err != nil {
		return nil, err
	}
	upgrade := action.NewUpgrade(r.config)
	upgrade.Namespace, upgrade.ResetValues, upgrade.Timeout = r.Namespace, true, hookLimit
	upgrade.WaitStrategy = kube.HookOnlyStrategy
	return r.objects(upgrade.RunWithContext(ctx, r.name, chart, values))
}

// Uninstall removes the release, if there is one.
func (r *Release) Uninstall() error {
	uninstall := action.NewUninstall(r.config)
	uninstall.IgnoreNotFound = true
	uninstall.WaitStrategy = kube.HookOnlyStrategy
	_, err := uninstall.Run(r.name)
	return err
}

// objects are those of a release, each with its namespace.
func (r *Release) objects(released any, err error) ([]*unstructured.Unstructured, error) {
	if err != nil {
		return nil, err
	}
	made, ok := released.(*v1.Release)
	if !ok {
		return nil, fmt.Errorf("cannot read a release of type %T", released)
	}
	objects, err := plane.ParseObjects([]byte(made.Manifest))
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		namespaced, err := r.plane.Client().IsObjectNamespaced(o)
		if err != nil {
			return nil, err
		}
		if namespaced && o.GetNamespace() == "" {
			o.SetNamespace(r.Namespace)
		}
	}
	return objects, nil
}

// Identities names objects so that two lists of them can be compared.
func Identities(objects []*unstructured.Unstructured) []string {
	var out []string
	for _, o := range objects {
		out = append(out, fmt.Sprintf("%s %s/%s", o.GroupVersionKind().GroupKind(), o.GetNamespace(), o.GetName()))
	}
	slices.Sort(out)
	return out
}
