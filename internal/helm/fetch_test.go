package helm

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"github.com/gatehouse-platform/gatehouse/internal/install"
)

// A chart repository that asks for a password gets the one of the Cluster's pull secret,
// and the chart is fetched once.
func TestFetchWithPassword(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HELM_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("HELM_CONFIG_HOME", filepath.Join(dir, "config"))
	if _, err := chartutil.Save(&chartv2.Chart{Metadata: &chartv2.Metadata{APIVersion: "v2", Name: "keda", Version: "1.0.0"}}, dir); err != nil {
		t.Fatal(err)
	}
	index := "apiVersion: v1\nentries: {keda: [{apiVersion: v2, name: keda, version: 1.0.0, urls: [keda-1.0.0.tgz]}]}\n"
	if err := os.WriteFile(filepath.Join(dir, "index.yaml"), []byte(index), 0o600); err != nil {
		t.Fatal(err)
	}
	fetched := 0
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ann" || password != "secret" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		fetched++
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	chart := install.Chart{Name: "keda", Version: "1.0.0", Repository: server.URL}
	if version, err := New(nil, Options{}).Version(t.Context(), chart); err == nil {
		t.Errorf("want no chart without a password, got version %s", version)
	}
	chart.Username, chart.Password = "ann", "secret"
	h := New(nil, Options{})
	for range 2 {
		if version, err := h.Version(t.Context(), chart); err != nil || version != "1.0.0" {
			t.Errorf("want the chart, got %q %v", version, err)
		}
	}
	if fetched != 2 {
		t.Errorf("want the index and the chart fetched once, got %d requests", fetched)
	}
}
