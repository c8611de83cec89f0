package charts

import (
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/release/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "rewrite the golden files and the table in docs/gateway-api.md")

// TestMain lets garbage lie longer: a thousand short renderings make little else, and
// collecting it is a third of their time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// chartFolder is the chart under test.
var chartFolder = filepath.Join("..", "..", "charts", "mcp-server")

// options are what a user says beside values. Empty fields are the defaults below.
type options struct {
	release     string   // mcp
	namespace   string   // tools
	kubeVersion string   // v1.33.0
	apiVersions []string // beside those that every cluster has
}

func (o options) withDefaults() options {
	if o.release == "" {
		o.release = "mcp"
	}
	if o.namespace == "" {
		o.namespace = "tools"
	}
	if o.kubeVersion == "" {
		o.kubeVersion = "v1.33.0"
	}
	return o
}

// A rendering is what `helm template` and the notes of `helm install` would show.
type rendering struct {
	options  options
	manifest string
	notes    string
	objects  []object
}

var loadedChart = sync.OnceValues(func() (*v2.Chart, error) { return loader.LoadDir(chartFolder) })

// render renders the chart, or returns Helm's error.
func render(t *testing.T, values map[string]any, o options) (*rendering, error) {
	t.Helper()
	chart, err := loadedChart()
	if err != nil {
		t.Fatalf("cannot load the chart %q: %v", chartFolder, err)
	}
	o = o.withDefaults()
	version, err := common.ParseKubeVersion(o.kubeVersion)
	if err != nil {
		t.Fatalf("cannot read the version %q: %v", o.kubeVersion, err)
	}
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	install := action.NewInstall(config)
	install.DryRunStrategy = action.DryRunClient
	install.ReleaseName, install.Namespace = o.release, o.namespace
	install.KubeVersion, install.APIVersions = version, o.apiVersions

	released, err := install.RunWithContext(t.Context(), chart, values)
	if err != nil {
		return nil, err
	}
	made, ok := released.(*v1.Release)
	if !ok {
		t.Fatalf("Helm returns a release of type %T", released)
	}
	if len(made.Hooks) > 0 {
		t.Errorf("the chart has hooks, which nothing here looks at: %v", made.Hooks[0].Path)
	}
	r := &rendering{options: o, manifest: made.Manifest, notes: made.Info.Notes}
	for doc := range strings.SplitSeq("\n"+made.Manifest, "\n---") {
		obj := object{}
		if err := yaml.UnmarshalStrict([]byte(doc), &obj); err != nil {
			return nil, fmt.Errorf("cannot read what the chart renders: %w\n%s", err, doc)
		}
		if len(obj) > 0 {
			r.objects = append(r.objects, obj)
		}
	}
	return r, nil
}

// mustRender renders values that a user may give.
func mustRender(t *testing.T, values map[string]any, o options) *rendering {
	t.Helper()
	r, err := render(t, values, o)
	if err != nil {
		t.Fatalf("cannot render the chart: %v", err)
	}
	return r
}

// parse reads values as a values file has them.
func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	values := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(text), &values); err != nil {
		t.Fatalf("cannot read values: %v\n%s", err, text)
	}
	return values
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// merge lays the second values over the first, as a second --values does.
func merge(under, over map[string]any) map[string]any {
	out := maps.Clone(under)
	for key, value := range over {
		a, isMap := out[key].(map[string]any)
		b, both := value.(map[string]any)
		if isMap && both {
			value = merge(a, b)
		}
		out[key] = value
	}
	return out
}
