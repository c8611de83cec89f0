package helm

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"helm.sh/helm/v4/pkg/action"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/registry"

	"github.com/gatehouse-platform/gatehouse/internal/install"
	"github.com/gatehouse-platform/gatehouse/internal/kube"
)

// cache remembers where charts were fetched to. They are read anew each time: actions
// change what they are given.
type cache struct {
	mu    sync.Mutex
	paths map[install.Chart]string
}

// Version of a chart that is given by its address.
func (h *Helm) Version(ctx context.Context, c install.Chart) (string, error) {
	chart, err := h.load(ctx, c)
	if err != nil {
		return "", err
	}
	return chart.Metadata.Version, nil
}

// load fetches a chart, once, and reads it.
func (h *Helm) load(ctx context.Context, c install.Chart) (*chartv2.Chart, error) {
	path, err := kube.Within(ctx, 0, func() (string, error) { return h.path(c) })
	if err != nil {
		return nil, fmt.Errorf("cannot get chart %q: %w", c.Name, err)
	}
	chart, err := loader.Load(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read chart %q from %q: %w", c.Name, path, err)
	}
	if chart.Metadata == nil || chart.Metadata.Name != c.Name {
		return nil, fmt.Errorf("cannot use chart %q from %q: it is another chart", c.Name, path)
	}
	if c.Version != "" && c.URL == "" && chart.Metadata.Version != c.Version {
		return nil, fmt.Errorf("cannot use chart %q from %q: it is version %s, and %s is asked for (apps.….version of the Cluster)", c.Name, path, chart.Metadata.Version, c.Version)
	}
	return chart, nil
}

func (h *Helm) path(c install.Chart) (string, error) {
	if h.options.Folder != "" {
		return inFolder(h.options.Folder, c)
	}
	h.cache.mu.Lock()
	path := h.cache.paths[c]
	h.cache.mu.Unlock()
	if path != "" {
		return path, nil
	}
	path, err := h.fetch(c)
	if err != nil {
		return "", err
	}
	h.cache.mu.Lock()
	defer h.cache.mu.Unlock()
	h.cache.paths[c] = path
	return path, nil
}

// inFolder finds a packaged or unpacked chart.
func inFolder(folder string, c install.Chart) (string, error) {
	names := []string{c.Name + "-" + c.Version + ".tgz", c.Name}
	if c.URL != "" {
		names[0] = filepath.Base(c.URL)
	}
	for _, name := range names {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("cannot find %s in folder %q", strings.Join(names, " or "), folder)
}

// fetch takes a chart from its repository, registry or address into Helm's cache.
func (h *Helm) fetch(c install.Chart) (string, error) {
	client, err := h.registry(c)
	if err != nil {
		return "", err
	}
	// Only actions take a registry client to look charts up with.
	action := action.NewInstall(&action.Configuration{RegistryClient: client})
	action.Version, action.Username, action.Password, action.PlainHTTP = c.Version, c.Username, c.Password, h.options.PlainHTTP
	name := c.Name
	switch {
	case c.URL != "":
		name, action.Version = c.URL, ""
	case registry.IsOCI(c.Repository):
		name = strings.TrimSuffix(c.Repository, "/") + "/" + c.Name
	default:
		action.RepoURL = c.Repository
	}
	path, err := action.LocateChart(name, cli.New())
	if err != nil {
		return "", fmt.Errorf("cannot fetch it from %q: %w", cmp.Or(c.URL, c.Repository), err)
	}
	return path, nil
}

// registry is a client for OCI registries, with the logins that Helm and Docker keep on
// this machine unless credentials are given.
func (h *Helm) registry(c install.Chart) (*registry.Client, error) {
	var options []registry.ClientOption
	if h.options.PlainHTTP {
		options = append(options, registry.ClientOptPlainHTTP())
	}
	if c.Username != "" {
		options = append(options, registry.ClientOptBasicAuth(c.Username, c.Password))
	}
	client, err := registry.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("cannot make a registry client: %w", err)
	}
	return client, nil
}
