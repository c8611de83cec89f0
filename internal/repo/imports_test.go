package repo

import (
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A layer is a folder and what its code may import. A package belongs to the
// layer with the longest matching folder; tests may import what they like.
type layer struct {
	folder string
	// ours lists folders of this module. A folder may always import itself.
	ours []string
	// others lists module paths, or beginnings of them. Nil means any.
	others []string
	// pure forbids every package of the standard library by which the outside
	// world could change the result: see impure.
	pure bool
}

// What a pure layer may use of other people's code.
var pureOthers = []string{
	"github.com/Masterminds/semver/v3",
	"k8s.io/apimachinery",
	"sigs.k8s.io/yaml",
}

// impure is what would let a clock, a network, files, chance or the machine into
// a rendering that must be the same bytes for the same input.
var impure = []string{
	"crypto/rand", "log", "math/rand", "net", "os", "plugin", "runtime", "syscall", "time", "unsafe",
}

// layers are in the order in which data flows. A package that is in none of them
// fails the test: decide where it stands, and add its line.
var layers = []layer{
	{folder: "api", others: pureOthers, pure: true},
	{folder: "catalog", others: pureOthers, pure: true},
	{folder: "internal/composed", ours: []string{"api", "catalog"}, others: pureOthers, pure: true},

	// These three know nothing of each other: what two of them share is in composed,
	// and what exists only because two apps meet is in wiring.
	{folder: "internal/cloud", ours: []string{"api", "catalog", "internal/composed"}, others: pureOthers, pure: true},
	{folder: "internal/apps", ours: []string{"api", "catalog", "internal/composed"}, others: pureOthers, pure: true},
	{folder: "internal/wiring", ours: []string{"api", "catalog", "internal/composed"}, others: pureOthers, pure: true},

	{folder: "internal/compose", ours: []string{"api", "catalog", "internal/composed", "internal/cloud", "internal/apps", "internal/wiring"}, others: pureOthers, pure: true},

	// The function's image carries the pure core and the SDK, nothing more.
	{folder: "internal/function", ours: []string{"internal/compose", "internal/composed"}, others: []string{"github.com/crossplane/function-sdk-go", "google.golang.org/protobuf"}},
	{folder: "internal/serve", others: []string{"github.com/crossplane/function-sdk-go", "github.com/grpc-ecosystem/go-grpc-middleware", "github.com/prometheus/client_golang", "google.golang.org/grpc"}},
	{folder: "internal/version", others: []string{}, pure: true},
	{folder: "internal/render", ours: []string{"api", "catalog", "internal/compose", "internal/composed", "internal/tree"}, others: append([]string{"go.yaml.in/yaml/v2"}, pureOthers...)},

	// The MCP server: what is in a cluster, how long streams last there, the tools on
	// both, and the HTTP server that knows nothing of either.
	{folder: "docs", others: []string{}, pure: true},
	{folder: "internal/streaming", ours: []string{"catalog"}, others: pureOthers, pure: true},
	{folder: "internal/plainyaml", others: []string{}, pure: true},
	{folder: "internal/topology", ours: []string{"catalog", "internal/plainyaml", "internal/streaming"}, others: []string{
		"k8s.io/api", "k8s.io/apimachinery", "sigs.k8s.io/controller-runtime/pkg/client", "sigs.k8s.io/gateway-api", "sigs.k8s.io/yaml",
	}},
	{folder: "internal/diagnose", ours: []string{"catalog", "internal/streaming", "internal/topology"}, pure: true, others: []string{
		"github.com/Masterminds/semver/v3", "k8s.io/api", "k8s.io/apimachinery", "sigs.k8s.io/gateway-api", "sigs.k8s.io/yaml",
	}},
	{folder: "internal/tree", others: []string{}, pure: true},
	{folder: "internal/explain", ours: []string{"internal/diagnose", "internal/streaming", "internal/topology", "internal/tree"}, pure: true, others: []string{
		"k8s.io/api", "k8s.io/apimachinery", "sigs.k8s.io/gateway-api",
	}},
	{folder: "internal/graph", ours: []string{"internal/diagnose", "internal/topology", "internal/tree"}, pure: true, others: []string{
		"k8s.io/api", "k8s.io/apimachinery", "sigs.k8s.io/gateway-api",
	}},
	{folder: "internal/migrate", ours: []string{"catalog", "internal/streaming"}, others: append([]string{"k8s.io/api", "sigs.k8s.io/gateway-api"}, pureOthers...), pure: true},
	{folder: "internal/kube", ours: []string{"internal/topology"}},

	// Without Crossplane: what is to be done, and Helm, which only this links.
	{
		folder: "internal/install", ours: []string{"api", "internal/compose", "internal/composed", "internal/render"},
		others: append([]string{"github.com/fluxcd/cli-utils/pkg/kstatus/status", "helm.sh/helm/v4/pkg/strvals"}, pureOthers...),
	},
	{folder: "internal/helm", ours: []string{"internal/install", "internal/kube"}},
	{
		folder: "internal/mcpserver",
		ours: []string{
			"api", "catalog", "docs", "internal/compose", "internal/composed", "internal/diagnose", "internal/explain", "internal/migrate", "internal/render",
			"internal/streaming", "internal/topology",
		},
		others: append([]string{"github.com/google/jsonschema-go", "github.com/modelcontextprotocol/go-sdk"}, pureOthers...),
	},
	{folder: "internal/edge", others: []string{
		"github.com/coreos/go-oidc/v3", "github.com/hashicorp/golang-lru/v2", "github.com/modelcontextprotocol/go-sdk", "github.com/prometheus/client_golang", "golang.org/x/time",
	}},

	// Only tests import it: it generates what they go over.
	{folder: "internal/matrix", ours: []string{"api"}, others: []string{}, pure: true},

	// Only tests import it, which is why it has a flag: -update.
	{folder: "internal/looktest", ours: []string{"internal/diagnose", "internal/topology"}},

	{folder: "cmd", ours: []string{"api", "catalog", "internal"}},
	{folder: "internal/repo"},
}

func TestImportsFollowTheDataFlow(t *testing.T) {
	for folder, imports := range importsByFolder(t) {
		at, ok := layerOf(folder)
		if !ok {
			t.Errorf("%s: in no layer; add it to the table in this file", folder)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(imports)) {
			if why := at.refuses(name); why != "" {
				t.Errorf("%s: imports %q: %s", imports[name], name, why)
			}
		}
	}
}

// Flags are parsed in cmd and nowhere else, so that everything else can be called
// by a test, by the function and by the CLI alike.
func TestOnlyCommandsParseFlags(t *testing.T) {
	for folder, imports := range importsByFolder(t) {
		for _, name := range []string{"github.com/alecthomas/kong", "flag", "github.com/spf13/cobra", "github.com/spf13/pflag"} {
			if file, found := imports[name]; found && !under(folder, "cmd") && folder != "internal/looktest" {
				t.Errorf("%s: imports %q, which only cmd may", file, name)
			}
		}
	}
}

// The Helm SDK makes a program several times as large: one links it.
func TestOnlyGatehouseLinksHelm(t *testing.T) {
	for folder, imports := range importsByFolder(t) {
		for name, file := range imports {
			links := name == module+"/internal/helm" || under(name, "helm.sh/helm/v4/pkg/action")
			if links && folder != "cmd/gatehouse" && folder != "internal/helm" {
				t.Errorf("%s: imports %q, which only cmd/gatehouse and internal/helm may", file, name)
			}
		}
	}
}

func TestEveryLayerExists(t *testing.T) {
	found := importsByFolder(t)
	for _, at := range layers {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(found)), func(folder string) bool { return under(folder, at.folder) }) {
			t.Errorf("no package in %q: the rule about it says nothing", at.folder)
		}
	}
}

func TestRefuses(t *testing.T) {
	cases := map[string]struct {
		reason   string
		folder   string
		imported string
		refused  bool
	}{
		"ClockInTheCore":        {reason: "A rendering must not depend on when it is made.", folder: "internal/compose", imported: "time", refused: true},
		"NetworkInTheCore":      {reason: "A forbidden package covers those below it.", folder: "api/v2", imported: "net/http", refused: true},
		"ClientInTheCore":       {reason: "The core sees what it is handed, never a cluster.", folder: "internal/apps", imported: "k8s.io/client-go/rest", refused: true},
		"NeighbourOfTheApps":    {reason: "An app that needs another one is wiring.", folder: "internal/apps", imported: module + "/internal/wiring", refused: true},
		"Upwards":               {reason: "Data flows one way.", folder: "internal/cloud/eks", imported: module + "/internal/compose", refused: true},
		"SimilarName":           {reason: "compose is not composed.", folder: "internal/apps", imported: module + "/internal/composed"},
		"InsideOneLayer":        {reason: "The providers are listed in the folder above them.", folder: "internal/cloud", imported: module + "/internal/cloud/eks"},
		"StandardLibrary":       {reason: "What only computes is free to use.", folder: "internal/compose", imported: "strings"},
		"SDKInTheFunction":      {reason: "The adapter is where the SDK belongs.", folder: "internal/function", imported: "github.com/crossplane/function-sdk-go/response"},
		"HelmInTheFunction":     {reason: "The function's image stays small.", folder: "internal/function", imported: "helm.sh/helm/v4/pkg/action", refused: true},
		"CommandFromAPackage":   {reason: "Nothing imports a main package.", folder: "internal/render", imported: module + "/cmd/gatehouse", refused: true},
		"AnythingInTheCommands": {reason: "Commands put everything together.", folder: "cmd/gatehouse", imported: "github.com/alecthomas/kong"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			at, ok := layerOf(tc.folder)
			if !ok {
				t.Fatalf("no layer for %q", tc.folder)
			}
			if why := at.refuses(tc.imported); (why != "") != tc.refused {
				t.Errorf("%s\n%s importing %q: refused %t (%s), want %t", tc.reason, tc.folder, tc.imported, why != "", why, tc.refused)
			}
		})
	}
}

// refuses says why code of the layer may not import a package, or nothing.
func (l layer) refuses(name string) string {
	allowed := func(list []string) bool {
		return slices.ContainsFunc(list, func(item string) bool { return under(name, item) })
	}
	first, _, _ := strings.Cut(name, "/")
	folder, ours := strings.CutPrefix(name, module+"/")
	switch {
	case ours && under(folder, l.folder):
		return ""
	case ours && !slices.ContainsFunc(l.ours, func(item string) bool { return under(folder, item) }):
		return l.folder + " may import of ours only: " + strings.Join(l.ours, ", ")
	case ours:
		return ""
	case strings.Contains(first, ".") && l.others != nil && !allowed(l.others):
		return l.folder + " may import only: " + strings.Join(l.others, ", ")
	case l.pure && allowed(impure):
		return l.folder + " has to give the same bytes for the same input"
	}
	return ""
}

func layerOf(folder string) (layer, bool) {
	best, found := layer{}, false
	for _, at := range layers {
		if under(folder, at.folder) && len(at.folder) >= len(best.folder) {
			best, found = at, true
		}
	}
	return best, found
}

// importsByFolder lists, for every package of the product's module, what its code
// imports and a file that does. Tests are left out.
func importsByFolder(t *testing.T) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	for _, file := range files(t, func(file string) bool { return isGo(file) && !isGoTest(file) && moduleOf(file) == "." }) {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		folder := path.Dir(file)
		if out[folder] == nil {
			out[folder] = map[string]string{}
		}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			out[folder][name] = file
		}
	}
	return out
}

// moduleOf is the folder of the Go module that a file belongs to.
func moduleOf(file string) string {
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		if exists(path.Join(dir, "go.mod")) {
			return dir
		}
		if dir == "." {
			return dir
		}
	}
}
