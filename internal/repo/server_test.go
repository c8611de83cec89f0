package repo

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
	"github.com/gatehouse-platform/gatehouse/internal/version"
)

// The chart runs the server of its own build, and scales by the add-on that a Cluster
// installs.
func TestChartFitsTheBuild(t *testing.T) {
	var chart struct {
		Version    string `json:"version"`
		AppVersion string `json:"appVersion"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "charts/mcp-server/Chart.yaml")), &chart); err != nil {
		t.Fatal(err)
	}
	if chart.Version != version.Version || chart.AppVersion != version.Version {
		t.Errorf("the chart is %s and runs %s, this build is %s", chart.Version, chart.AppVersion, version.Version)
	}
	all, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	addOn := regexp.MustCompile(`(?m)^ +addOnVersion: (.*)$`).FindStringSubmatch(read(t, "charts/mcp-server/values.yaml"))
	if want := all.Chart("keda-add-ons-http").Version; addOn == nil || addOn[1] != want {
		t.Errorf("the chart expects version %q of KEDA's HTTP add-on, a Cluster installs %s", addOn, want)
	}
}

// The guide of the server names every tool, and no other.
func TestDocsNameEveryTool(t *testing.T) {
	var want, got []string
	for _, tool := range mcpserver.All() {
		want = append(want, tool.Name)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(read(t, "docs/mcp-server.md"), -1) {
		got = append(got, row[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tools: -built, +docs:\n%s", diff)
	}
}
