// Package helm deploys charts with the Helm SDK. Only commands that install link it: it
// is large.
package helm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v4/pkg/action"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	helmkube "helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/install"
	"github.com/gatehouse-platform/gatehouse/internal/kube"
)

// maxHistory is how many revisions of a release are kept, as provider-helm keeps them
// (releaseMaxHistory in its pkg/clients/helm/client.go).
const maxHistory = 20

// Options of New.
type Options struct {
	// Folder takes charts from there: NAME-VERSION.tgz, or the unpacked chart NAME.
	// Empty: from where they are published.
	Folder string
	// PlainHTTP talks to OCI registries without TLS.
	PlainHTTP bool
	// Timeout of hooks and of the end of what is uninstalled.
	Timeout time.Duration
}

// Helm deploys charts on one cluster. It is safe for use by several goroutines.
type Helm struct {
	client  *kube.Client
	options Options
	cache   cache

	mu      sync.Mutex
	getters map[string]*kube.Getter
}

var _ install.Charts = &Helm{}

// New returns a Helm for a cluster. From now on everything that Helm applies in this
// program is owned by install.FieldManager: Helm knows one manager only.
func New(client *kube.Client, o Options) *Helm {
	helmkube.ManagedFieldsManager = install.FieldManager
	return &Helm{client: client, options: o, getters: map[string]*kube.Getter{}, cache: cache{paths: map[install.Chart]string{}}}
}

// getter of a namespace. What the API server serves is asked for once for each.
func (h *Helm) getter(namespace string) (*kube.Getter, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.getters[namespace] == nil {
		getter, err := h.client.Getter(namespace)
		if err != nil {
			return nil, err
		}
		h.getters[namespace] = getter
	}
	return h.getters[namespace], nil
}

// config is new for every action: actions keep in it what they have learned.
func (h *Helm) config(namespace string) (*action.Configuration, error) {
	getter, err := h.getter(namespace)
	if err != nil {
		return nil, err
	}
	config := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	if err := config.Init(getter, namespace, "secret"); err != nil {
		return nil, fmt.Errorf("cannot connect Helm: %w", err)
	}
	config.SetHookOutputFunc(func(string, string, string) io.Writer { return io.Discard })
	config.Releases.MaxHistory = maxHistory
	return config, nil
}

// Last returns the newest revision of a release; nil if there is none.
func (h *Helm) Last(_ context.Context, id install.ReleaseID) (*install.Release, error) {
	config, err := h.config(id.Namespace)
	if err != nil {
		return nil, err
	}
	all, err := history(config, id.Name)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return h.read(id, all)
}

// history of a release, oldest first; none if there is no such release.
func history(config *action.Configuration, name string) ([]*releasev1.Release, error) {
	all, err := config.Releases.History(name)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read release %q: %w", name, err)
	}
	var out []*releasev1.Release
	for _, one := range all {
		r, ok := one.(*releasev1.Release)
		if !ok {
			return nil, fmt.Errorf("cannot read release %q: it is a %T", name, one)
		}
		out = append(out, r)
	}
	sortByRevision(out)
	return out, nil
}

func (h *Helm) read(id install.ReleaseID, all []*releasev1.Release) (*install.Release, error) {
	last := all[len(all)-1]
	out := &install.Release{Values: last.Config, Revision: last.Version, Status: string(last.Info.Status), EverDeployed: everDeployed(all)}
	if last.Chart != nil && last.Chart.Metadata != nil {
		out.Chart, out.Version = last.Chart.Metadata.Name, last.Chart.Metadata.Version
	}
	var err error
	out.Objects, err = h.objects(id, last.Manifest)
	return out, err
}

func everDeployed(all []*releasev1.Release) bool {
	for _, r := range all {
		if r.Info.Status == common.StatusDeployed || r.Info.Status == common.StatusSuperseded {
			return true
		}
	}
	return false
}

// Deploy installs or upgrades.
func (h *Helm) Deploy(ctx context.Context, d install.Deployment) (*install.Release, error) {
	chart, err := h.load(ctx, d.Chart)
	if err != nil {
		return nil, err
	}
	config, err := h.config(d.ID.Namespace)
	if err != nil {
		return nil, err
	}
	if err := h.prepare(ctx, config, d); err != nil {
		return nil, err
	}
	if d.How == install.Upgrade || d.How == install.Mend {
		err = h.upgrade(ctx, config, chart, d)
	} else {
		err = h.install(ctx, config, chart, d)
	}
	if err != nil {
		return nil, err
	}
	return h.Last(ctx, d.ID)
}

// prepare removes what would keep Helm from beginning.
func (h *Helm) prepare(ctx context.Context, config *action.Configuration, d install.Deployment) error {
	switch d.How {
	case install.Finish:
		return h.Uninstall(ctx, d.ID)
	case install.Restart:
		return forget(config, d.ID.Name)
	case install.Mend:
		return fail(config, d.ID.Name)
	default:
		return nil
	}
}

// forget deletes all revisions of a release, and nothing else: what they have made is
// taken over by the next one, as it carries the name of the release.
func forget(config *action.Configuration, name string) error {
	all, err := history(config, name)
	for _, r := range all {
		if _, err := config.Releases.Delete(name, r.Version); err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
			return fmt.Errorf("cannot forget revision %d of release %q: %w", r.Version, name, err)
		}
	}
	return err
}

// fail marks the newest revision as failed: Helm refuses to upgrade while one is pending.
func fail(config *action.Configuration, name string) error {
	all, err := history(config, name)
	if err != nil || len(all) == 0 {
		return err
	}
	last := all[len(all)-1]
	last.SetStatus(common.StatusFailed, "the program that worked on it did not finish")
	if err := config.Releases.Update(last); err != nil {
		return fmt.Errorf("cannot mark revision %d of release %q: %w", last.Version, name, err)
	}
	return nil
}

func (h *Helm) install(ctx context.Context, config *action.Configuration, chart *chartv2.Chart, d install.Deployment) error {
	a := action.NewInstall(config)
	a.ReleaseName, a.Namespace = d.ID.Name, d.ID.Namespace
	a.CreateNamespace = true
	a.TakeOwnership, a.ForceConflicts = d.Force, d.Force
	a.DisableOpenAPIValidation = true // the API server checks fields strictly as it applies
	// What is ready is for the caller to see: it can say what is missing.
	a.WaitStrategy, a.Timeout = helmkube.HookOnlyStrategy, h.options.Timeout
	_, err := a.RunWithContext(ctx, chart, d.Values)
	return err //nolint:wrapcheck // the caller knows the chart
}

func (h *Helm) upgrade(ctx context.Context, config *action.Configuration, chart *chartv2.Chart, d install.Deployment) error {
	a := action.NewUpgrade(config)
	a.Namespace, a.ResetValues, a.MaxHistory = d.ID.Namespace, true, maxHistory
	a.ServerSideApply = "true"
	a.DisableOpenAPIValidation = true // the API server checks fields strictly as it applies
	a.TakeOwnership, a.ForceConflicts = d.Force, d.Force
	a.WaitStrategy, a.Timeout = helmkube.HookOnlyStrategy, h.options.Timeout
	_, err := a.RunWithContext(ctx, d.ID.Name, chart, d.Values)
	return err //nolint:wrapcheck // the caller knows the chart
}

// Uninstall returns when everything of the release is gone.
func (h *Helm) Uninstall(_ context.Context, id install.ReleaseID) error {
	config, err := h.config(id.Namespace)
	if err != nil {
		return err
	}
	a := action.NewUninstall(config)
	a.IgnoreNotFound = true
	a.WaitStrategy, a.Timeout = helmkube.StatusWatcherStrategy, h.options.Timeout
	_, err = a.Run(id.Name)
	return err //nolint:wrapcheck // the caller knows the release
}

// Render returns the objects that deploying would apply.
//
// An upgrade is rendered as the API server would see it. Of what is not there yet the
// kinds may be missing, so an installation is rendered without it.
func (h *Helm) Render(ctx context.Context, d install.Deployment) ([]*unstructured.Unstructured, error) {
	chart, err := h.load(ctx, d.Chart)
	if err != nil {
		return nil, err
	}
	config, err := h.config(d.ID.Namespace)
	if err != nil {
		return nil, err
	}
	a := action.NewInstall(config)
	a.ReleaseName, a.Namespace = d.ID.Name, d.ID.Namespace
	a.DryRunStrategy, a.IsUpgrade, a.DisableOpenAPIValidation = action.DryRunServer, true, true
	if d.How != install.Upgrade && d.How != install.Mend {
		a.DryRunStrategy, a.IsUpgrade = action.DryRunClient, false
		if err := h.capabilities(d.ID.Namespace, a); err != nil {
			return nil, err
		}
	}
	made, err := a.RunWithContext(ctx, chart, d.Values)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller knows the chart
	}
	r, ok := made.(*releasev1.Release)
	if !ok {
		return nil, fmt.Errorf("cannot read a release of type %T", made)
	}
	objects, err := h.objects(d.ID, r.Manifest)
	for _, obj := range objects {
		own(obj, d.ID)
	}
	return objects, err
}

// capabilities tells a rendering without API server what that one serves.
func (h *Helm) capabilities(namespace string, a *action.Install) error {
	getter, err := h.getter(namespace)
	if err != nil {
		return err
	}
	discovery, err := getter.ToDiscoveryClient()
	if err != nil {
		return fmt.Errorf("cannot ask what is served: %w", err)
	}
	version, err := discovery.ServerVersion()
	if err != nil {
		return fmt.Errorf("cannot ask for the version: %w", err)
	}
	a.KubeVersion = &kubeVersion{Version: version.GitVersion, Major: version.Major, Minor: version.Minor}
	if a.APIVersions, err = action.GetVersionSet(discovery); err != nil {
		return fmt.Errorf("cannot ask what is served: %w", err)
	}
	return nil
}

// own adds what Helm adds to every object of a release (setMetadataVisitor in its
// pkg/action/validate.go).
func own(obj *unstructured.Unstructured, id install.ReleaseID) {
	labels, annotations := obj.GetLabels(), obj.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	labels["app.kubernetes.io/managed-by"] = "Helm"
	annotations["meta.helm.sh/release-name"] = id.Name
	annotations["meta.helm.sh/release-namespace"] = id.Namespace
	obj.SetLabels(labels)
	obj.SetAnnotations(annotations)
}

// objects of a manifest, each with its namespace.
func (h *Helm) objects(id install.ReleaseID, manifest string) ([]*unstructured.Unstructured, error) {
	objects, err := parse(strings.NewReader(manifest))
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest of release %s: %w", id, err)
	}
	getter, err := h.getter(id.Namespace)
	if err != nil {
		return nil, err
	}
	mapper, err := getter.ToRESTMapper()
	if err != nil {
		return nil, fmt.Errorf("cannot ask what is served: %w", err)
	}
	for _, obj := range objects {
		if obj.GetNamespace() == "" && namespaced(mapper, obj) {
			obj.SetNamespace(id.Namespace)
		}
	}
	return objects, nil
}
