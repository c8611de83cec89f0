package repo

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// modules are those with code of ours. Those that only pin a tool go their own way.
var modules = []string{".", "test/charts", "test/e2e", "test/inspector", "test/schemas", "tools"}

// apart are the components that do not build with the versions of the others, and why.
var apart = map[string]string{
	"cni":                 "as its makers release it: it shares nothing that takes long",
	"containerd":          "its packages need the CRI and the tracing of its own time",
	"crds":                "nothing of it is compiled",
	"function-auto-ready": "crossplane-runtime of its time needs an older controller-runtime, and that an older client-go",
	"runc":                "compiled with C: it shares nothing",
	"provider-helm":       "crossplane-runtime of its time needs an older controller-runtime, and that an older client-go",
	"provider-kubernetes": "crossplane-runtime of its time needs an older controller-runtime, and that an older client-go",
}

// various are the modules of which the others need different versions, and why.
var various = map[string]string{
	"github.com/crossplane/crossplane/apis/v2":                    "a part of Crossplane itself, replaced there",
	"github.com/go-openapi/runtime/server-middleware":             "not among what several compile",
	"github.com/gobwas/glob":                                      "KEDA needs 1.0.0, which the others do not build with",
	"github.com/prometheus/alertmanager":                          "prometheus-operator reads what its own time could",
	"github.com/prometheus/prometheus":                            "the parser has another API in each",
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp": "before 1.0: Traefik needs the older API",
	"go.opentelemetry.io/otel/log":                                "before 1.0: Traefik needs the older API",
	"go.opentelemetry.io/otel/sdk/log":                            "before 1.0: Traefik needs the older API",
	"go.uber.org/atomic":                                          "small",
	"k8s.io/apiextensions-apiserver":                              placeholder,
	"k8s.io/kube-aggregator":                                      placeholder,
	"k8s.io/kubectl":                                              placeholder,
	"k8s.io/pod-security-admission":                               placeholder,
	"sigs.k8s.io/controller-runtime":                              "prometheus-operator does not build with a newer one",
	"sigs.k8s.io/gateway-api":                                     "each controller understands its own edition",
}

// placeholder: a replace directive fills in the version.
const placeholder = "k8s.io/kubernetes requires v0.0.0 of it"

var requirement = regexp.MustCompile(`(?m)^(?:require)?\s+([a-z]\S+/\S+) (v\S+)`)

// TestModulesAgree holds what our modules and the components of the end-to-end tests
// require to one version each. Two versions of a library at the bottom, however near,
// have everything above it compiled twice: with an empty cache that is minutes.
func TestModulesAgree(t *testing.T) {
	components, err := filepath.Glob(filepath.Join("..", "..", "test", "e2e", "components", "*", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if len(components) < 15 {
		t.Fatalf("only %d components found", len(components))
	}
	files := components
	for _, module := range modules {
		files = append(files, filepath.Join("..", "..", module, "go.mod"))
	}
	versions := map[string]map[string][]string{}
	for _, file := range files {
		if apart[filepath.Base(filepath.Dir(file))] != "" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range requirement.FindAllStringSubmatch(string(data), -1) {
			path, version := match[1], match[2]
			if versions[path] == nil {
				versions[path] = map[string][]string{}
			}
			versions[path][version] = append(versions[path][version], filepath.Base(filepath.Dir(file)))
		}
	}
	if len(versions) < 500 {
		t.Fatalf("only %d requirements read: the pattern no longer fits go.mod", len(versions))
	}
	for _, path := range slices.Sorted(maps.Keys(versions)) {
		if len(versions[path]) > 1 && various[path] == "" {
			t.Errorf("%q is required in different versions: %v; run go get with the highest one in each module", path, versions[path])
		}
	}
	for path := range various {
		if len(versions[path]) < 2 {
			t.Errorf("%q is there in one version only, and needs no exception", path)
		}
	}
}
