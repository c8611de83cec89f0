package mcpserver_test

import (
	"path/filepath"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

// Whatever text a caller brings, the tools that read YAML answer: no panic, no
// protocol error, and nothing beyond the bound.
func FuzzTools(f *testing.F) {
	files, err := filepath.Glob(examples + "*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("cannot find examples: %v", err)
	}
	for _, file := range files {
		rel, err := filepath.Rel(examples, file[:len(file)-len(".yaml")])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(example(f, rel), observedSecret, "")
	}
	f.Add("a: &a [x]\nb: *a", "- *", "team")
	f.Add("kind: List\nitems: [{kind: Cluster, apiVersion: v2}]", "[[", "(")
	f.Add("apiVersion: devopstoolkit.ai/v2\nmetadata: 1\nspec: []", "metadata: []", "")
	session := client(f, mcpserver.Options{Cluster: newFake(f)}, nil)
	f.Fuzz(func(t *testing.T, clusters, observed, only string) {
		for tool, args := range map[string]arguments{
			"validate_cluster": {"cluster": clusters},
			"list_apps":        {"cluster": clusters},
			"diff_clusters":    {"before": clusters, "after": observed},
			"render_cluster":   {"cluster": clusters, "observed": observed, "only": only, "output": "yaml"},
		} {
			result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
			if err != nil {
				t.Fatalf("%s: %v", tool, err)
			}
			if n := len(textOf(result)); n > 1<<20 {
				t.Errorf("%s: an answer of %d bytes", tool, n)
			}
		}
	})
}
