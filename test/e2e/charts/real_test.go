package charts

import (
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

// TestReals packages every real chart, and renders what was packaged with its own values:
// what it runs is what is built here.
func TestReals(t *testing.T) {
	for _, name := range RealNames() {
		t.Run(name, func(t *testing.T) {
			made, err := LoadReal(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			path, err := made.Save(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			archived, err := loader.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if archived.Name() != name || archived.Metadata.Version != made.Version {
				t.Errorf("the archive is chart %s %s, want %s %s", archived.Name(), archived.Metadata.Version, name, made.Version)
			}
			values, err := chartutil.ToRenderValues(archived, nil, chartutil.ReleaseOptions{Name: "r", Namespace: "n", IsInstall: true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			rendered, err := engine.Render(archived, values)
			if err != nil {
				t.Fatalf("cannot render what was packaged: %v", err)
			}
			for _, image := range made.Images {
				if !mention(rendered, image.Name) {
					t.Errorf("nothing in the chart names image %s", image.Name)
				}
			}
		})
	}
	if _, err := LoadReal(t.Context(), "argo-cd"); err == nil {
		t.Error("a chart that no module ships is made, want an error")
	}
}

// TestRealsAreTheProducts holds real charts that the product installs to its versions.
func TestRealsAreTheProducts(t *testing.T) {
	pinned, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, chart := range pinned.Charts {
		made, err := LoadReal(t.Context(), chart.Name)
		if err != nil || chart.Name == "crossplane" {
			continue // Crossplane's is that of the plane's own: Clusters ask for it by its version
		}
		compared++
		if made.Version != chart.Version {
			t.Errorf("chart %s is here in version %s, and the catalog installs %s: move test/e2e/components with it", chart.Name, made.Version, chart.Version)
		}
	}
	if compared == 0 {
		t.Error("no chart of the catalog is among the real ones, so nothing was compared")
	}
}

// mention tells whether a text stands in one of the rendered files.
func mention(rendered map[string]string, text string) bool {
	for _, file := range rendered {
		if strings.Contains(file, text) {
			return true
		}
	}
	return false
}
