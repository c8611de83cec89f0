package charts

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// serve packages one stand-in and serves it.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	definition := filepath.Join(t.TempDir(), "definition.yaml")
	if err := os.WriteFile(definition, []byte("kind: CustomResourceDefinition\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Package(dir, Chart{Name: "thing", Version: "1.2.3+build", Definitions: []string{definition}}); err != nil {
		t.Fatal(err)
	}
	handler, err := Repository(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// get returns status and body of an answer.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

func TestRepository(t *testing.T) {
	server := serve(t)
	cases := map[string]struct {
		reason   string
		path     string
		status   int
		contains string
	}{
		"Index":          {reason: "a chart is in the index", path: "/index.yaml", status: http.StatusOK, contains: "- thing-1.2.3+build.tgz"},
		"IndexBelowPath": {reason: "public repositories are not at the root", path: "/charts/stable/index.yaml", status: http.StatusOK, contains: "thing"},
		"Archive":        {reason: "a chart may be given by its address", path: "/charts/thing-1.2.3+build.tgz", status: http.StatusOK},
		"NoArchive":      {reason: "a wrong version must not be answered", path: "/charts/thing-9.9.9.tgz", status: http.StatusNotFound},
		"Registry":       {reason: "clients ask whether there is a registry", path: "/v2/", status: http.StatusOK},
		"Tags":           {reason: "a registry lists versions", path: "/v2/owner/thing/tags/list", status: http.StatusOK, contains: "1.2.3_build"},
		"NoTags":         {reason: "an unknown chart has no versions", path: "/v2/owner/other/tags/list", status: http.StatusNotFound},
		"NoManifest":     {reason: "a wrong tag must not be answered", path: "/v2/owner/thing/manifests/9.9.9", status: http.StatusNotFound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			status, body := get(t, server.URL+tc.path)
			if status != tc.status || !strings.Contains(body, tc.contains) {
				t.Errorf("%s: %d %q, want %d and %q", tc.reason, status, body, tc.status, tc.contains)
			}
		})
	}
}

// TestRegistryLeadsToTheChart follows a pull from the tag to the archive.
func TestRegistryLeadsToTheChart(t *testing.T) {
	server := serve(t)
	_, body := get(t, server.URL+"/v2/owner/thing/manifests/1.2.3_build")
	var manifest struct {
		Config struct {
			Digest string `json:"digest"`
		} `json:"config"`
		Layers []struct {
			Digest string `json:"digest"`
		} `json:"layers"`
	}
	if err := json.Unmarshal([]byte(body), &manifest); err != nil || len(manifest.Layers) != 1 {
		t.Fatalf("the manifest is %q, want one with one layer: %v", body, err)
	}
	if status, config := get(t, server.URL+"/v2/owner/thing/blobs/"+manifest.Config.Digest); status != http.StatusOK || !strings.Contains(config, `"name":"thing"`) {
		t.Errorf("the configuration is %d %q, want the chart's metadata", status, config)
	}
	_, archive := get(t, server.URL+"/v2/owner/thing/blobs/"+manifest.Layers[0].Digest)
	chart, err := loader.LoadArchive(strings.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	if got := chart.Metadata.Annotations[StandInAnnotation]; got != "true" {
		t.Errorf("the chart does not say that it is a stand-in: %q", got)
	}
	if got := len(chart.CRDObjects()); got != 1 {
		t.Errorf("the chart brings %d definitions, want 1", got)
	}
}

// TestStandIns makes every stand-in there is, so a module that moved its
// definitions is noticed by name.
func TestStandIns(t *testing.T) {
	var got []string
	for _, name := range Names() {
		made, err := StandIn(t.Context(), name, "0.1.0")
		if err != nil {
			t.Errorf("cannot make every stand-in: %v", err)
			continue
		}
		if len(made.Definitions) > 0 {
			got = append(got, name)
		}
	}
	want := []string{"argo-cd", "external-secrets", "gateway-helm", "keda", "kube-prometheus-stack"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stand-ins with definitions: -want +got:\n%s", diff)
	}
	if _, err := StandIn(t.Context(), "unheard-of", "0.1.0"); err == nil {
		t.Error("a chart that is not in the list got a stand-in, want an error")
	}
}
