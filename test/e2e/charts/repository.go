package charts

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"
)

// Media types of a chart in an OCI registry, see https://helm.sh/docs/topics/registries.
const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.cncf.helm.config.v1+json"
	layerType    = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// registryPath is the part of the OCI distribution API that a pull uses:
// /v2/<repository>/{manifests,blobs,tags}/<reference>.
var registryPath = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs|tags)/([^/]+)$`)

// repository serves packaged charts, read once.
type repository struct {
	index    []byte
	archives map[string][]byte // by file name
	blobs    map[string][]byte // by digest
	// manifests are image manifests by chart name, then by tag and by digest.
	manifests map[string]map[string][]byte
}

// Repository serves the packaged charts of dir, both as a chart repository
// (index.yaml, *.tgz) below any path and as an OCI registry.
func Repository(dir string) (http.Handler, error) {
	r := &repository{archives: map[string][]byte{}, blobs: map[string][]byte{}, manifests: map[string]map[string][]byte{}}
	// Relative addresses in the index hold for whatever host it is asked on.
	index, err := repo.IndexDirectory(dir, "")
	if err != nil {
		return nil, fmt.Errorf("cannot index the charts in %q: %w", dir, err)
	}
	if err := r.read(dir); err != nil {
		return nil, fmt.Errorf("cannot read the charts in %q: %w", dir, err)
	}
	index.SortEntries()
	data, err := yaml.Marshal(index)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the index of %q: %w", dir, err)
	}
	r.index = data
	return r, nil
}

// read loads every archive and makes what an OCI registry says about it.
func (r *repository) read(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		loaded, err := loader.LoadFile(file)
		if err != nil {
			return err
		}
		config, err := json.Marshal(loaded.Metadata)
		if err != nil {
			return err
		}
		manifest, err := json.Marshal(map[string]any{
			"schemaVersion": 2,
			"mediaType":     manifestType,
			"config":        r.blob(configType, config),
			"layers":        []any{r.blob(layerType, data)},
		})
		if err != nil {
			return err
		}
		r.archives[filepath.Base(file)] = data
		name := loaded.Metadata.Name
		if r.manifests[name] == nil {
			r.manifests[name] = map[string][]byte{}
		}
		// A tag cannot hold the plus sign of a semantic version.
		r.manifests[name][strings.ReplaceAll(loaded.Metadata.Version, "+", "_")] = manifest
		r.manifests[name][digest(manifest)] = manifest
	}
	return nil
}

// blob keeps data and returns its OCI descriptor.
func (r *repository) blob(mediaType string, data []byte) map[string]any {
	r.blobs[digest(data)] = data
	return map[string]any{"mediaType": mediaType, "digest": digest(data), "size": len(data)}
}

// ServeHTTP answers GET and HEAD.
func (r *repository) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		http.Error(w, "read only", http.StatusMethodNotAllowed)
		return
	}
	if at := registryPath.FindStringSubmatch(request.URL.Path); at != nil {
		r.serveRegistry(w, path.Base(at[1]), at[2], at[3])
		return
	}
	switch base := path.Base(request.URL.Path); {
	case request.URL.Path == "/v2/":
		answer(w, "application/json", []byte("{}"))
	case base == "index.yaml":
		answer(w, "application/yaml", r.index)
	default:
		answer(w, "application/gzip", r.archives[base])
	}
}

// serveRegistry answers one request for a chart of the OCI registry.
func (r *repository) serveRegistry(w http.ResponseWriter, name, what, reference string) {
	switch what {
	case "blobs":
		answer(w, "application/octet-stream", r.blobs[reference])
	case "manifests":
		if manifest := r.manifests[name][reference]; manifest != nil {
			w.Header().Set("Docker-Content-Digest", digest(manifest))
		}
		answer(w, manifestType, r.manifests[name][reference])
	case "tags":
		answer(w, "application/json", r.tags(name))
	}
}

// tags lists the versions of a chart, or is nil when there is no such chart.
func (r *repository) tags(name string) []byte {
	tags := []string{}
	for reference := range r.manifests[name] {
		if !strings.Contains(reference, ":") {
			tags = append(tags, reference)
		}
	}
	if len(tags) == 0 {
		return nil
	}
	data, err := json.Marshal(map[string]any{"name": name, "tags": tags})
	if err != nil {
		return nil
	}
	return data
}

// answer sends data, or says that there is none.
func answer(w http.ResponseWriter, mediaType string, data []byte) {
	if data == nil {
		http.Error(w, "there is no such chart", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	// Nobody is left to tell when the client went away.
	_, _ = w.Write(data)
}

func digest(data []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(data))
}
