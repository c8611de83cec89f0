package schemas

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseExpr(t *testing.T) {
	cases := map[string]struct {
		reason string
		expr   string
		want   bool
	}{
		"Legal": {
			reason: "A usual expression of a panel.",
			expr:   `histogram_quantile(0.99, sum by (le) (rate(request_duration_seconds_bucket{job="a"}[5m])))`,
			want:   true,
		},
		"Unbalanced": {
			reason: "A missing parenthesis breaks a panel.",
			expr:   `sum(rate(requests_total[5m])`,
		},
		"RateOfInstantVector": {
			reason: "Types are checked: rate wants a range.",
			expr:   `rate(requests_total)`,
		},
		"Variable": {
			reason: "Grafana's variables are not PromQL, so that one in an alert or a trigger is found.",
			expr:   `rate(requests_total[$__rate_interval])`,
		},
		"Experimental": {
			reason: "The pinned Prometheus runs without experimental functions.",
			expr:   `sort_by_label(up, "job")`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := ParseExpr(tc.expr)
			if diff := cmp.Diff(tc.want, err == nil); diff != "" {
				t.Errorf("\n%s\nParseExpr(%q): %v: -want legal, +got legal:\n%s", tc.reason, tc.expr, err, diff)
			}
		})
	}
}

func TestDashboardExprs(t *testing.T) {
	cases := map[string]struct {
		reason    string
		dashboard string
		want      []string
	}{
		"Nested": {
			reason: "Panels sit in rows, annotations beside them; other data sources speak other languages.",
			dashboard: `{"annotations":{"list":[{"expr":"a"}]},
				"panels":[{"panels":[{"targets":[{"expr":"c"},{"expr":"b"},{"expr":"a"}]}]},{"targets":[{"expr":"{app=\"x\"} |= \"y\"","datasource":{"type":"loki"}}]}]}`,
			want: []string{"a", "b", "c"},
		},
		"Durations": {
			reason:    "Variables that stand for durations, Grafana's and a dashboard's own.",
			dashboard: `{"expr":"rate(a[$__rate_interval]) + rate(b[${window}]) + c[1h:$step] offset $shift"}`,
			want:      []string{"rate(a[5m]) + rate(b[5m]) + c[1h:5m] offset 5m"},
		},
		"Names": {
			reason:    "Label values, label names and formatted variables; a dollar that ends a regular expression stays.",
			dashboard: `{"expr":"sum by ($label) (a{n=~\"${ns:regex}\",p=~\"b.*$\"})"}`,
			want:      []string{`sum by (x) (a{n=~"x",p=~"b.*$"})`},
		},
		"Numbers": {
			reason:    "Where PromQL wants a number a name would be refused.",
			dashboard: `{"expr":"topk($n, a) / $__range_s"}`,
			want:      []string{"topk(1, a) / 300"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := DashboardExprs([]byte(tc.dashboard))
			if err != nil {
				t.Fatalf("DashboardExprs(...): %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nDashboardExprs(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestProductDashboards parses what the product ships, and fails for a dashboard in which no expression is found.
func TestProductDashboards(t *testing.T) {
	folder := filepath.Join("..", "..", "internal", "wiring", "dashboards")
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("cannot find dashboards in %q", folder)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			dashboard, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			exprs, err := DashboardExprs(dashboard)
			if err != nil {
				t.Fatalf("DashboardExprs(%q): %v", file, err)
			}
			if len(exprs) == 0 {
				t.Errorf("DashboardExprs(%q): found no expression", file)
			}
			for _, expr := range exprs {
				if err := ParseExpr(expr); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
