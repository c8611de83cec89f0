package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, chart := range c.Charts {
		names = append(names, chart.Name)
		if _, err := semver.StrictNewVersion(strings.TrimPrefix(chart.Version, "v")); err != nil {
			t.Errorf("chart %q: version %q is not exact: %v", chart.Name, chart.Version, err)
		}
		if (chart.App == "") == (chart.Always == "") {
			t.Errorf("chart %q: give app or always", chart.Name)
		}
		if strings.HasPrefix(chart.URL, "oci://") {
			t.Errorf("chart %q: provider-helm ignores the version beside an oci:// url", chart.Name)
		}
		if diff := cmp.Diff(chart, c.Chart(chart.Name)); diff != "" {
			t.Errorf("chart %q (-want +got):\n%s", chart.Name, diff)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("the charts are not sorted by name: %v", names)
	}
}

func TestParseRefuses(t *testing.T) {
	const entry = "{name: a, version: 1.0.0, namespace: a, repository: r}"
	cases := map[string]struct{ reason, in, want string }{
		"UnknownField": {"A typing mistake would silently lose a source", "charts: [{name: a, versoin: 1.0.0}]", "versoin"},
		"Twice":        {"Two entries for a chart contradict each other", "charts: [" + entry + ", " + entry + "]", `chart "a" stands twice`},
		"Incomplete":   {"A chart without version would be the newest", "charts: [{name: a, namespace: a, repository: r}]", `chart "a" needs`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parse([]byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: want an error with %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}
