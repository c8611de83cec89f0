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

// after is how long an action that was interrupted may take to come to its end, and
// writing down in Helm's history that it did.
const after = 2 * time.Second

// Options of New.
type Options struct {
	// Folder takes charts from there: NAME-VERSION.tgz, or the unpacked chart NAME.
	// Empty: from where they are published.
	Folder string
	// PlainHTTP talks to OCI registries without TLS.
	PlainHTTP bool
	// Timeout of hooks and of the end of what is uninstalled. Contexts that end earlier
	// end them earlier.
	Timeout time.Duration
}

// Helm deploys charts on one cluster. It is safe for use by several goroutines. All its
// calls return when their context ends, although Helm's own actions do not look at it:
// what they ask of the API server ends then.
type Helm struct {
	client  *kube.Client
	options Options
	cache   cache
}

var _ install.Charts = &Helm{}

// New returns a Helm for a cluster. From now on everything that Helm applies in this
// program is owned by install.FieldManager: Helm knows one manager only.
func New(client *kube.Client, o Options) *Helm {
	helmkube.ManagedFieldsManager = install.FieldManager
	return &Helm{client: client, options: o, cache: cache{paths: map[install.Chart]string{}}}
}

// config is new for every action: actions keep in it what they have learned, and it lives
// no longer than the context.
func (h *Helm) config(ctx context.Context, namespace string) (*action.Configuration, error) {
	getter, err := h.client.Getter(ctx, namespace)
	if err != nil {
		return nil, fmt.Errorf("cannot connect Helm: %w", err)
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
func (h *Helm) Last(ctx context.Context, id install.ReleaseID) (*install.Release, error) {
	config, err := h.config(ctx, id.Namespace)
	if err != nil {
		return nil, err
	}
	all, err := kube.Within(ctx, 0, func() ([]*releasev1.Release, error) { return history(config, id.Name) })
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return h.read(ctx, id, all)
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

func (h *Helm) read(ctx context.Context, id install.ReleaseID, all []*releasev1.Release) (*install.Release, error) {
	last := all[len(all)-1]
	out := &install.Release{Values: last.Config, Revision: last.Version, Status: string(last.Info.Status), EverDeployed: everDeployed(all)}
	if last.Chart != nil && last.Chart.Metadata != nil {
		out.Chart, out.Version = last.Chart.Metadata.Name, last.Chart.Metadata.Version
	}
	var err error
	out.Objects, err = h.objects(ctx, id, last.Manifest)
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

// Deploy installs or upgrades. A revision that is interrupted is marked as failed.
func (h *Helm) Deploy(ctx context.Context, d install.Deployment) (*install.Release, error) {
	chart, err := h.load(ctx, d.Chart)
	if err != nil {
		return nil, err
	}
	if d.How == install.Finish {
		if err := h.Uninstall(ctx, d.ID); err != nil {
			return nil, err
		}
	}
	config, err := h.config(ctx, d.ID.Namespace)
	if err != nil {
		return nil, err
	}
	_, err = kube.Within(ctx, after, func() (any, error) { return nil, h.deploy(ctx, config, chart, d) })
	if ctx.Err() != nil {
		h.interrupted(ctx, d.ID)
	}
	if err != nil {
		return nil, err
	}
	return h.Last(ctx, d.ID)
}

func (h *Helm) deploy(ctx context.Context, config *action.Configuration, chart *chartv2.Chart, d install.Deployment) error {
	switch d.How {
	case install.Restart:
		if err := forget(config, d.ID.Name); err != nil {
			return err
		}
	case install.Mend:
		if err := fail(config, d.ID.Name); err != nil {
			return err
		}
		return h.upgrade(ctx, config, chart, d)
	case install.Upgrade:
		return h.upgrade(ctx, config, chart, d)
	}
	return h.install(ctx, config, chart, d)
}

// interrupted says in Helm's history what became of a revision that is under way, for
// everybody who looks there: Helm itself refuses to work on a release with one. It is not
// said when somebody else may be at work already. Nothing depends on it: a killed program
// does not get here.
func (h *Helm) interrupted(ctx context.Context, id install.ReleaseID) {
	if errors.Is(context.Cause(ctx), kube.ErrLockLost) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), after)
	defer cancel()
	config, err := h.config(ctx, id.Namespace)
	if err != nil {
		return
	}
	_, _ = kube.Within(ctx, 0, func() (any, error) { return nil, fail(config, id.Name) })
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

// fail marks the newest revision as failed if it is pending: Helm refuses to upgrade then.
func fail(config *action.Configuration, name string) error {
	all, err := history(config, name)
	if err != nil || len(all) == 0 {
		return err
	}
	last := all[len(all)-1]
	if !last.Info.Status.IsPending() {
		return nil
	}
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
	// What is ready is for the caller to see: it can say what is missing. Definitions of
	// kinds, and hooks, Helm waits for itself.
	a.WaitStrategy, a.Timeout = helmkube.HookOnlyStrategy, h.options.Timeout
	a.WaitOptions = []helmkube.WaitOption{helmkube.WithWaitContext(ctx)}
	_, err := a.Run(chart, d.Values)
	return err //nolint:wrapcheck // the caller knows the chart
}

func (h *Helm) upgrade(ctx context.Context, config *action.Configuration, chart *chartv2.Chart, d install.Deployment) error {
	a := action.NewUpgrade(config)
	a.Namespace, a.ResetValues, a.MaxHistory = d.ID.Namespace, true, maxHistory
	a.ServerSideApply = "true"
	a.DisableOpenAPIValidation = true // the API server checks fields strictly as it applies
	a.TakeOwnership, a.ForceConflicts = d.Force, d.Force
	a.WaitStrategy, a.Timeout = helmkube.HookOnlyStrategy, h.options.Timeout
	a.WaitOptions = []helmkube.WaitOption{helmkube.WithWaitContext(ctx)}
	_, err := a.Run(d.ID.Name, chart, d.Values)
	return err //nolint:wrapcheck // the caller knows the chart
}

// Uninstall returns when everything of the release is gone. Until then Helm's history has
// the release, so that what is interrupted can be finished.
func (h *Helm) Uninstall(ctx context.Context, id install.ReleaseID) error {
	config, err := h.config(ctx, id.Namespace)
	if err != nil {
		return err
	}
	a := action.NewUninstall(config)
	a.IgnoreNotFound = true
	a.WaitStrategy, a.Timeout = helmkube.StatusWatcherStrategy, h.options.Timeout
	a.WaitOptions = []helmkube.WaitOption{helmkube.WithWaitContext(ctx)}
	_, err = kube.Within(ctx, after, func() (any, error) {
		_, err := a.Run(id.Name)
		return nil, err //nolint:wrapcheck // the caller knows the release
	})
	return err
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
	config, err := h.config(ctx, d.ID.Namespace)
	if err != nil {
		return nil, err
	}
	r, err := kube.Within(ctx, after, func() (*releasev1.Release, error) { return render(config, chart, d) })
	if err != nil {
		return nil, fmt.Errorf("cannot render chart %q: %w", d.Chart.Name, err)
	}
	objects, err := h.objects(ctx, d.ID, r.Manifest)
	for _, obj := range objects {
		own(obj, d.ID)
	}
	return objects, err
}

func render(config *action.Configuration, chart *chartv2.Chart, d install.Deployment) (*releasev1.Release, error) {
	a := action.NewInstall(config)
	a.ReleaseName, a.Namespace = d.ID.Name, d.ID.Namespace
	a.DryRunStrategy, a.IsUpgrade, a.DisableOpenAPIValidation = action.DryRunServer, true, true
	if d.How != install.Upgrade && d.How != install.Mend {
		a.DryRunStrategy, a.IsUpgrade = action.DryRunClient, false
		if err := capabilities(config, a); err != nil {
			return nil, err
		}
	}
	made, err := a.Run(chart, d.Values)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller knows the chart
	}
	r, ok := made.(*releasev1.Release)
	if !ok {
		return nil, fmt.Errorf("cannot read a release of type %T", made)
	}
	return r, nil
}

// capabilities tells a rendering without API server what that one serves.
func capabilities(config *action.Configuration, a *action.Install) error {
	discovery, err := config.RESTClientGetter.ToDiscoveryClient()
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
func (h *Helm) objects(ctx context.Context, id install.ReleaseID, manifest string) ([]*unstructured.Unstructured, error) {
	objects, err := parse(strings.NewReader(manifest))
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest of release %s: %w", id, err)
	}
	for _, obj := range objects {
		if obj.GetNamespace() != "" {
			continue
		}
		namespaced, err := h.client.Namespaced(ctx, obj.GroupVersionKind())
		if err != nil {
			return nil, err
		}
		if namespaced {
			obj.SetNamespace(id.Namespace)
		}
	}
	return objects, nil
}
