package helm

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/registry"

	"github.com/gatehouse-platform/gatehouse/internal/install"
)

// manifestType is that of an image manifest of OCI.
const manifestType = "application/vnd.oci.image.manifest.v1+json"

// registryOf serves one chart as an OCI registry does, to ann with her password.
func registryOf(t *testing.T, repository, version string, archive []byte) *httptest.Server {
	t.Helper()
	digest := func(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }
	config := []byte(`{"apiVersion":"v2","name":"keda","version":"` + version + `"}`)
	part := func(kind string, b []byte) map[string]any {
		return map[string]any{"mediaType": kind, "digest": digest(b), "size": len(b)}
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": part(registry.ConfigMediaType, config), "layers": []any{part(registry.ChartLayerMediaType, archive)},
	})
	if err != nil {
		t.Fatal(err)
	}
	served := map[string][]byte{
		"manifests/" + version: manifest, "manifests/" + digest(manifest): manifest,
		"blobs/" + digest(config): config, "blobs/" + digest(archive): archive,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ann" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="charts"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		body, there := served[strings.TrimPrefix(r.URL.Path, path.Join("/v2", repository)+"/")]
		if !there {
			http.NotFound(w, r)
			return
		}
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Content-Type", manifestType)
		}
		w.Header().Set("Docker-Content-Digest", digest(body))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// An OCI registry that asks for a password gets the one of the Cluster's pull secret, and
// no error repeats it.
func TestFetchFromARegistryWithPassword(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HELM_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("HELM_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv("HELM_REGISTRY_CONFIG", filepath.Join(dir, "registry.json"))
	t.Setenv("DOCKER_CONFIG", dir)
	file, err := chartutil.Save(&chartv2.Chart{Metadata: &chartv2.Metadata{APIVersion: "v2", Name: "keda", Version: "1.0.0"}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	server := registryOf(t, "mirror/charts/keda", "1.0.0", archive)
	chart := install.Chart{Name: "keda", Version: "1.0.0", Repository: strings.Replace(server.URL, "http://", "oci://", 1) + "/mirror/charts"}
	for name, tc := range map[string]struct {
		reason         string
		user, password string
		version        string
		plain, fine    bool
	}{
		"Password":      {"as the pull secret has it", "ann", "secret", "1.0.0", true, true},
		"Nobody":        {"nobody gets it without one", "", "", "1.0.0", true, false},
		"OtherPassword": {"nor with another one", "ann", "s3cr3t", "1.0.0", true, false},
		"OtherVersion":  {"a version that is not there", "ann", "secret", "2.0.0", true, false},
		"TLS":           {"without --plain-http only TLS is spoken", "ann", "secret", "1.0.0", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := chart
			c.Username, c.Password, c.Version = tc.user, tc.password, tc.version
			version, err := New(nil, Options{PlainHTTP: tc.plain}).Version(t.Context(), c)
			if (err == nil) != tc.fine || (tc.fine && version != "1.0.0") {
				t.Errorf("%s: got version %q, %v", tc.reason, version, err)
			}
			if err != nil && (!strings.Contains(err.Error(), `cannot get chart "keda"`) || (tc.password != "" && strings.Contains(err.Error(), tc.password))) {
				t.Errorf("%s: want the chart named and nothing secret, got %v", tc.reason, err)
			}
		})
	}
}
