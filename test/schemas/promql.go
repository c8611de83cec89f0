package schemas

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

var (
	variable = regexp.MustCompile(`\$\{(\w+)(?:[.:][^}]*)?\}|\$(\w+)`)
	// takesNumber matches what stands before a variable where PromQL wants a number.
	takesNumber = regexp.MustCompile(`\b(topk|bottomk|limitk|quantile|histogram_quantile)\s*((by|without)\s*\([^)]*\)\s*)?\(\s*$`)
)

// ParseExpr says whether Prometheus accepts a PromQL expression, without experimental functions.
func ParseExpr(expr string) error {
	if _, err := parser.ParseExpr(expr); err != nil {
		return fmt.Errorf("cannot parse PromQL %q: %w", expr, err)
	}
	return nil
}

// DashboardExprs returns the PromQL expressions of a Grafana dashboard, in its panels and annotations, sorted and
// without repetitions. Grafana's variables are replaced by values which are legal where they stand.
func DashboardExprs(dashboard []byte) ([]string, error) {
	var doc any
	if err := json.Unmarshal(dashboard, &doc); err != nil {
		return nil, fmt.Errorf("cannot parse the dashboard: %w", err)
	}
	exprs := collectExprs(doc)
	slices.Sort(exprs)
	return slices.Compact(exprs), nil
}

// collectExprs looks at any depth: Grafana nests panels in rows, and targets in panels.
func collectExprs(node any) []string {
	var exprs []string
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			exprs = append(exprs, collectExprs(item)...)
		}
	case map[string]any:
		if expr, ok := n["expr"].(string); ok && isPrometheus(n) {
			exprs = append(exprs, replaceVariables(expr))
		}
		for _, value := range n {
			exprs = append(exprs, collectExprs(value)...)
		}
	}
	return exprs
}

// isPrometheus keeps LogQL and the like away from the parser. A target without a data source has its panel's.
func isPrometheus(target map[string]any) bool {
	source, _ := target["datasource"].(map[string]any)
	kind, found := source["type"].(string)
	return !found || kind == "prometheus"
}

func replaceVariables(expr string) string {
	var out strings.Builder
	end := 0
	for _, m := range variable.FindAllStringSubmatchIndex(expr, -1) {
		out.WriteString(expr[end:m[0]])
		name := ""
		for _, group := range [][2]int{{m[2], m[3]}, {m[4], m[5]}} {
			if group[0] >= 0 {
				name = expr[group[0]:group[1]]
			}
		}
		out.WriteString(legalValue(name, out.String()))
		end = m[1]
	}
	return out.String() + expr[end:]
}

// legalValue is what Grafana could put in place of a variable, given the text before it.
func legalValue(name, before string) string {
	switch name {
	case "__rate_interval", "__interval", "__range", "interval", "resolution":
		return "5m"
	case "__range_s", "__range_ms", "__interval_ms", "__rate_interval_ms", "__from", "__to":
		return "300"
	default:
	}
	trimmed := strings.TrimRight(before, " \t\n")
	if takesNumber.MatchString(before) {
		return "1"
	}
	// A user-defined duration: rate(x[$window]), x[1h:$step], x offset $shift.
	open := strings.LastIndex(before, "[")
	if strings.HasSuffix(trimmed, " offset") || open > strings.LastIndexAny(before, `]"'{`) {
		return "5m"
	}
	// A name is legal as text inside quotes, as a label name and as a metric.
	return "x"
}
