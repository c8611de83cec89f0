package charts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// Image is an image that a real chart runs, made of a program that is built here.
type Image struct {
	// Name is the whole name, with the tag.
	Name string
	// Component of the plane whose program is in it.
	Component string
	// Path of the program in the image.
	Path string
	// Writable are folders of the image that everybody may write to.
	Writable []string
}

// shipped is a third-party chart that a Go module ships.
type shipped struct {
	name           string
	component      string // the component folder that pins the module
	module, folder string // where its files are
	// template is the file that its makers make values.yaml of, with replace; empty when the
	// chart is complete as it is, its version included.
	template string
	replace  func(version string) map[string]string
	// unversioned is a chart that gets the version of the module, as it is, when it is released.
	unversioned bool
	// withoutV is one that gets it without the v in front.
	withoutV bool
	images   func(version string) []Image
}

func reals() []shipped {
	return []shipped{
		{
			name: "cert-manager", component: "cert-manager", module: "github.com/cert-manager/cert-manager", folder: "deploy/charts/cert-manager",
			// https://github.com/cert-manager/cert-manager/blob/v1.21.1/make/manifests.mk (helm package)
			unversioned: true,
			// https://github.com/cert-manager/cert-manager/tree/v1.21.1/hack/containers; without
			// the one that answers ACME servers, as none can call from outside.
			images: func(version string) []Image {
				var all []Image
				for _, program := range []string{"controller", "webhook", "cainjector", "startupapicheck"} {
					all = append(all, Image{
						Name: "quay.io/jetstack/cert-manager-" + program + ":" + version, Component: "cert-manager",
						Path: "/app/cmd/" + program + "/" + program,
					})
				}
				return all
			},
		},
		{
			name: "crossplane", component: "crossplane", module: "github.com/crossplane/crossplane/v2", folder: "cluster/charts/crossplane",
			// https://github.com/crossplane/crossplane/blob/v2.3.4/nix/build.nix (helm package)
			unversioned: true, withoutV: true,
		},
		{
			name: "gateway-helm", component: "envoy-gateway", module: "github.com/envoyproxy/gateway", folder: "charts/gateway-helm",
			// https://github.com/envoyproxy/gateway/blob/v1.7.0/tools/make/helm.mk (helm-generate, helm-package)
			template: "values.tmpl.yaml",
			replace: func(version string) map[string]string {
				return map[string]string{"${GatewayImage}": envoyGatewayImage(version), "${GatewayImagePullPolicy}": "IfNotPresent"}
			},
			// https://github.com/envoyproxy/gateway/blob/v1.7.0/tools/docker/envoy-gateway/Dockerfile
			images: func(version string) []Image {
				return []Image{{Name: envoyGatewayImage(version), Component: "envoy-gateway", Path: "/usr/local/bin/envoy-gateway", Writable: []string{"/tmp", "/var/lib/eg"}}}
			},
		},
		{name: "toolhive-operator-crds", component: "toolhive", module: toolhiveModule, folder: "deploy/charts/operator-crds"},
		{
			name: "toolhive-operator", component: "toolhive", module: toolhiveModule, folder: "deploy/charts/operator",
			// ko builds them: https://ko.build/reference/ko_build says where the program is.
			images: func(version string) []Image {
				const registry = "ghcr.io/stacklok/toolhive/"
				return []Image{
					{Name: registry + "operator:" + version, Component: "toolhive-operator", Path: "/ko-app/thv-operator", Writable: []string{"/tmp"}},
					{Name: registry + "proxyrunner:" + version, Component: "toolhive-proxyrunner", Path: "/ko-app/thv-proxyrunner", Writable: []string{"/tmp"}},
				}
			},
		},
	}
}

const toolhiveModule = "github.com/stacklok/toolhive"

func envoyGatewayImage(version string) string { return "docker.io/envoyproxy/gateway:" + version }

// RealNames returns the names of all charts that are here as their makers package them.
func RealNames() []string {
	var names []string
	for _, r := range reals() {
		names = append(names, r.name)
	}
	return names
}

// A Real is a third-party chart as its makers package it, at the version that a component
// folder pins.
type Real struct {
	// Version of the chart.
	Version string
	// Images that it runs and that are built here.
	Images []Image

	chart *chart.Chart
}

// LoadReal makes a chart of RealNames from the files of its Go module.
func LoadReal(ctx context.Context, name string) (*Real, error) {
	at := slices.IndexFunc(reals(), func(r shipped) bool { return r.name == name })
	if at < 0 {
		return nil, fmt.Errorf("cannot make chart %q: no Go module is known to ship it", name)
	}
	made, err := reals()[at].load(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot make chart %q: %w", name, err)
	}
	return made, nil
}

func (r shipped) load(ctx context.Context) (*Real, error) {
	module, err := modules.Find(ctx, r.component, r.module)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(module.Dir, filepath.FromSlash(r.folder))
	loaded, err := loader.LoadDir(folder)
	if err != nil {
		return nil, err
	}
	if r.template != "" {
		loaded.Metadata.Version, loaded.Metadata.AppVersion = strings.TrimPrefix(module.Version, "v"), module.Version
		if err := r.fill(loaded, folder, module.Version); err != nil {
			return nil, err
		}
	}
	if r.unversioned {
		loaded.Metadata.Version, loaded.Metadata.AppVersion = module.Version, module.Version
	}
	if r.withoutV {
		loaded.Metadata.Version = strings.TrimPrefix(module.Version, "v")
	}
	made := &Real{Version: loaded.Metadata.Version, chart: loaded}
	if r.images != nil {
		made.Images = r.images(module.Version)
	}
	return made, nil
}

// fill makes values.yaml of the template that stands in its place, and that Helm is told
// not to package.
func (r shipped) fill(loaded *chart.Chart, folder, version string) error {
	template, err := os.ReadFile(filepath.Join(folder, r.template))
	if err != nil {
		return err
	}
	text := string(template)
	for from, to := range r.replace(version) {
		if !strings.Contains(text, from) {
			return fmt.Errorf("cannot find %q in %q", from, r.template)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	// What is packaged is the text; the parsed values are what this process would use.
	loaded.Raw = append(loaded.Raw, &chart.File{Name: chartutil.ValuesfileName, Data: []byte(text)})
	return yaml.Unmarshal([]byte(text), &loaded.Values)
}

// Save writes the chart as an archive into dir, which must exist, and returns its path.
func (r *Real) Save(dir string) (string, error) {
	path, err := chartutil.Save(r.chart, dir)
	if err != nil {
		return "", fmt.Errorf("cannot package chart %q: %w", r.chart.Name(), err)
	}
	return path, nil
}
