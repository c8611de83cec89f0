package main

import (
	"strings"
	"testing"
)

const frontDoor = "../../internal/explain/testdata/shop"

func TestExplain(t *testing.T) {
	cases := map[string]struct {
		reason         string
		args           []string
		stdin          string
		code           int
		stdout, stderr string
	}{
		"Arrives":   {"A request that arrives is 0, warnings or not", []string{"route/mcp", "-n", "shop"}, "", 0, "The request arrives", ""},
		"Answered":  {"A redirect is an answer", []string{"route/to-https"}, "", 0, "The Gateway answers by itself", ""},
		"Stops":     {"One that does not is 1", []string{"route/admin"}, "", 1, "ERROR route-namespace-not-allowed", ""},
		"Elsewhere": {"So is one that another route gets", []string{"route/web", "--path", "/mcp"}, "", 1, `HTTPRoute "shop/mcp" gets the request`, ""},
		"Partly":    {"And one of which a part is lost", []string{"route/web"}, "", 1, "10 % of the requests stop", ""},
		"Everything": {
			"All of a request can be given",
			strings.Fields("route/web --host shop.example.com --path /beta --method get --header X-Beta=yes --gateway infra/front --port 443"),
			"", 0, "spec.rules[1].matches[0]", "",
		},
		"JSON":      {"Programs get a version", []string{"route/mcp", "-o", "json"}, "", 0, `"apiVersion": "explain.devopstoolkit.ai/v1"`, ""},
		"Unknown":   {"Wrong input is 1", []string{"route/none"}, "", 1, "", `cannot find route "none"`},
		"BadTarget": {"So is no target", []string{"web"}, "", 1, "", "route/NAME"},
		"BadHeader": {"And a header that is none, without its value", []string{"route/web", "--header", "Authorization: Bearer PRIVATE"}, "", 1, "", `cannot use header "Authorization"`},
		"NoTarget":  {"Without a target it cannot run", nil, "", 2, "", "kind/name"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := gatehouse(tc.stdin, append([]string{"explain", "-f", frontDoor}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || strings.Contains(stdout+stderr, "PRIVATE") {
				t.Errorf("%s: want exit code %d, %q and %q, got %d:\n%s%s", tc.reason, tc.code, tc.stdout, tc.stderr, code, stdout, stderr)
			}
		})
	}
}

func TestExplainWithoutCluster(t *testing.T) {
	if code, _, stderr := gatehouse("", "explain", "route/web", "--kubeconfig", "/nowhere"); code != 2 || !strings.Contains(stderr, "/nowhere") {
		t.Errorf("want that there is no cluster, got %d: %s", code, stderr)
	}
}

func TestGraph(t *testing.T) {
	cases := map[string]struct {
		reason         string
		args           []string
		code           int
		stdout, stderr string
	}{
		"Tree":     {"Errors in the cluster are no failure to draw", nil, 0, "✗ HTTPRoute shop/web", ""},
		"Dot":      {"For Graphviz", []string{"-o", "dot"}, 0, "digraph gatehouse {", ""},
		"Mermaid":  {"For Markdown", []string{"-o", "mermaid"}, 0, "flowchart LR", ""},
		"SVG":      {"By itself", []string{"-o", "svg"}, 0, "</svg>", ""},
		"One":      {"One object", []string{"gateway/front", "-n", "infra"}, 0, "Gateway infra/front", ""},
		"Folded":   {"What is folded is told on standard error, where a picture goes out", []string{"-o", "svg", "--rows", "9"}, 0, "3 more routes", "gatehouse: Folded to fit"},
		"InTree":   {"And in the tree itself", []string{"--rows", "9"}, 0, "Folded to fit: 3 of 8 routes", ""},
		"Unknown":  {"Wrong input is 1", []string{"route/none"}, 1, "", `cannot find "route/none"`},
		"Format":   {"A format that there is not", []string{"-o", "png"}, 2, "", "tree"},
		"NoFolder": {"What cannot be read is 2", []string{"-f", "no-such-folder"}, 2, "", "no-such-folder"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := gatehouse("", append([]string{"graph", "-f", frontDoor}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
				t.Errorf("%s: want exit code %d, %q and %q, got %d:\n%s%s", tc.reason, tc.code, tc.stdout, tc.stderr, code, stdout, stderr)
			}
		})
	}
}
