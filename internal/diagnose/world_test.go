package diagnose_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// world holds objects as an API server would: actions of fixes change them.
type world map[diagnose.Object]map[string]any

func worldOf(t *testing.T, all []topology.File) world {
	t.Helper()
	w := world{}
	for _, f := range all {
		reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(f.Data)))
		for {
			raw, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			obj := map[string]any{}
			if err := yaml.Unmarshal(raw, &obj); err != nil {
				t.Fatal(err)
			}
			if len(obj) > 0 {
				w[nameOf(obj)] = obj
			}
		}
	}
	return w
}

func nameOf(obj map[string]any) diagnose.Object {
	meta, _ := obj["metadata"].(map[string]any)
	text := func(v any) string { s, _ := v.(string); return s }
	// An object has the same name in every version.
	group, _, grouped := strings.Cut(text(obj["apiVersion"]), "/")
	if !grouped {
		group = ""
	}
	return diagnose.Object{APIVersion: group, Kind: text(obj["kind"]), Namespace: text(meta["namespace"]), Name: text(meta["name"])}
}

func (w world) files(t *testing.T) []topology.File {
	t.Helper()
	out := []topology.File{}
	for name, obj := range w {
		raw, err := json.Marshal(obj)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, topology.File{Name: name.String(), Data: raw})
	}
	return out
}

// act does what an action says.
func (w world) act(t *testing.T, a diagnose.Action) {
	t.Helper()
	if a.Type == diagnose.ApplyURL {
		w.install(t, a.URL)
		return
	}
	key := *a.Object
	group, _, grouped := strings.Cut(key.APIVersion, "/")
	if !grouped {
		group = ""
	}
	key.APIVersion = group
	before, exists := w[key]
	if a.Type != diagnose.Apply && !exists {
		t.Fatalf("%s of %s, which does not exist", a.Type, a.Object)
	}
	switch a.Type {
	case diagnose.Delete:
		delete(w, key)
	case diagnose.Apply:
		w[key] = updated(before, w.patched(t, before, mustJSON(t, a.Manifest), nil))
	case diagnose.Patch:
		merge, operations := []byte(nil), []byte(nil)
		if a.MergePatch != nil {
			merge = mustJSON(t, a.MergePatch)
		} else {
			operations = mustJSON(t, a.JSONPatch)
		}
		w[key] = updated(before, w.patched(t, before, merge, operations))
	default:
		t.Fatalf("what is a %q?", a.Type)
	}
}

func (world) patched(t *testing.T, before map[string]any, merge, operations []byte) map[string]any {
	t.Helper()
	if before == nil {
		before = map[string]any{}
	}
	raw := mustJSON(t, before)
	var err error
	if merge != nil {
		raw, err = jsonpatch.MergePatch(raw, merge)
	} else {
		var patch jsonpatch.Patch
		if patch, err = jsonpatch.DecodePatch(operations); err == nil {
			raw, err = patch.Apply(raw)
		}
	}
	if err != nil {
		t.Fatalf("cannot apply the fix: %v\n%s%s", err, merge, operations)
	}
	out := map[string]any{}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// updated counts the generation, as the API server does when the spec changes.
func updated(before, after map[string]any) map[string]any {
	if before == nil || reflect.DeepEqual(before["spec"], after["spec"]) {
		return after
	}
	meta, _ := after["metadata"].(map[string]any)
	generation, _ := meta["generation"].(float64)
	meta["generation"] = generation + 1
	return after
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var release = regexp.MustCompile(`^https://github\.com/kubernetes-sigs/gateway-api/releases/download/(v[0-9.]+)/(standard|experimental)-install\.yaml$`)

// install applies the CRDs of a release of the Gateway API, from the module of that
// version.
func (w world) install(t *testing.T, url string) {
	t.Helper()
	m := release.FindStringSubmatch(url)
	if m == nil {
		t.Fatalf("want the address of a release, got %q", url)
	}
	maps.Copy(w, worldOf(t, gatewayCRDs(t, m[1], m[2])))
}

// gatewayCRDs are those of a channel of a release of the Gateway API; of the one of the
// module, if no version is asked for.
func gatewayCRDs(t *testing.T, version, channel string) []topology.File {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatal(err)
	}
	got, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if version != "" && version != got {
		t.Fatalf("want the release of the module %s, got %s", got, version)
	}
	return slices.DeleteFunc(looktest.Files(t, filepath.Join(dir, "config/crd", channel)), func(f topology.File) bool {
		return !strings.HasPrefix(filepath.Base(f.Name), "gateway.networking.k8s.io_")
	})
}
