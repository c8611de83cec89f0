package inspector

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	inspectorCLI   = "node_modules/@modelcontextprotocol/inspector/cli/build/cli.js"
	conformanceCLI = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
)

func TestForeignClients(t *testing.T) {
	folder, program := installed(t), built(t)
	t.Run("Inspector", func(t *testing.T) { inspect(t, folder, program) })
	t.Run("Conformance", func(t *testing.T) { conform(t, folder, program) })
}

// inspect: the Inspector lists, calls and reads, over standard input and over HTTP.
func inspect(t *testing.T, folder, program string) {
	t.Helper()
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("a-token-for-the-inspector\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := serve(t, program, "--token-file", tokens)
	cluster := string(read(t, filepath.Join(root, "examples/valid/aws-front-door.yaml")))
	http := []string{url, "--transport", "http"}
	ways := map[string][]string{
		"Stdio": {program, "stdio"},
		"HTTP":  append(http, "--header", "Authorization: Bearer a-token-for-the-inspector"),
	}
	for way, target := range ways {
		t.Run(way, func(t *testing.T) {
			cases := map[string]struct {
				reason string
				args   []string
				want   []string
			}{
				"List": {"All tools that only read.", []string{"--method", "tools/list"}, []string{`"render_cluster"`, `"wait_ready"`, `"readOnlyHint": true`}},
				"Call": {
					"A tool that needs no cluster works.",
					[]string{"--method", "tools/call", "--tool-name", "render_cluster", "--tool-arg", "cluster=" + cluster},
					[]string{`"structuredContent"`, "EKS cluster in us-east-1"},
				},
				"Refusal": {
					"Another one says why it does not.",
					[]string{"--method", "tools/call", "--tool-name", "list_gateways"},
					[]string{`"isError": true`, "started without one"},
				},
				"Resources": {"References are listed.", []string{"--method", "resources/list"}, []string{"gatehouse://reference/cluster-api"}},
				"Read":      {"And can be read.", []string{"--method", "resources/read", "--uri", "gatehouse://reference/cluster-api"}, []string{"# Cluster: the API"}},
			}
			for name, tc := range cases {
				t.Run(name, func(t *testing.T) {
					out, report, err := node(t, folder, append(append([]string{inspectorCLI, "--cli"}, target...), tc.args...)...)
					if err != nil || !json.Valid([]byte(out)) {
						t.Fatalf("%s: want JSON, got %v\n%s\n%s", tc.reason, err, out, report)
					}
					for _, want := range tc.want {
						if !strings.Contains(out, want) {
							t.Errorf("%s: want %q in:\n%s", tc.reason, want, out)
						}
					}
				})
			}
		})
	}
	for name, target := range map[string][]string{
		"WithoutToken":  http,
		"WithoutAToken": append(http, "--header", "Authorization: Bearer another"),
	} {
		t.Run(name, func(t *testing.T) {
			out, report, err := node(t, folder, append(append([]string{inspectorCLI, "--cli"}, target...), "--method", "tools/list")...)
			if err == nil || strings.Contains(out, "render_cluster") || !strings.Contains(report, "Failed to connect") {
				t.Errorf("want the client not to be let in, got %v\n%s\n%s", err, out, report)
			}
		})
	}
}

// applicable are the conformance scenarios that say something about any server.
func applicable() []string {
	return []string{
		"server-initialize", "logging-set-level", "ping", "completion-complete", "tools-list",
		"resources-list", "prompts-list", "dns-rebinding-protection",
	}
}

// inapplicable says of all others why not.
func inapplicable() map[string]string {
	const (
		itsTool     = "calls a tool that only the suite's own example server has"
		itsResource = "reads a resource that only the suite's own example server has"
		itsPrompt   = "gets a prompt that only the suite's own example server has"
		sessions    = "is about sessions, which this server has none of"
	)
	out := map[string]string{
		"server-sse-polling":          sessions,
		"server-sse-multiple-streams": sessions,
		"resources-subscribe":         "resources never change, so there is nothing to subscribe to",
		"resources-unsubscribe":       "resources never change, so there is nothing to subscribe to",
	}
	for reason, names := range map[string][]string{
		itsTool: {
			"tools-call-simple-text", "tools-call-image", "tools-call-audio", "tools-call-embedded-resource", "tools-call-mixed-content",
			"tools-call-with-logging", "tools-call-error", "tools-call-with-progress", "tools-call-sampling", "tools-call-elicitation",
			"json-schema-2020-12", "elicitation-sep1034-defaults", "elicitation-sep1330-enums",
		},
		itsResource: {"resources-read-text", "resources-read-binary", "resources-templates-read"},
		itsPrompt:   {"prompts-get-simple", "prompts-get-with-args", "prompts-get-embedded-resource", "prompts-get-with-image"},
	} {
		for _, name := range names {
			out[name] = reason
		}
	}
	return out
}

// conform: the suite cannot send a token, so the server listens on loopback without any.
func conform(t *testing.T, folder, program string) {
	t.Helper()
	url := serve(t, program)
	for _, scenario := range applicable() {
		t.Run(scenario, func(t *testing.T) {
			out, report, err := node(t, folder, conformanceCLI, "server", "--url", url, "--scenario", scenario, "--output-dir", t.TempDir())
			if err != nil || strings.Contains(out+report, "Passed: 0/") {
				t.Errorf("want the scenario to pass with at least one check: %v\n%s\n%s", err, out, report)
			}
		})
	}
}

// A scenario that is new in the suite has to be looked at.
func TestEveryScenarioIsDecidedUpon(t *testing.T) {
	out, report, err := node(t, installed(t), conformanceCLI, "list")
	if err != nil {
		t.Fatalf("cannot list the scenarios: %v\n%s", err, report)
	}
	servers, _, _ := strings.Cut(out, "Client scenarios")
	known := inapplicable()
	for _, name := range applicable() {
		known[name] = ""
	}
	found := 0
	for line := range strings.Lines(servers) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "- ")
		if !ok {
			continue
		}
		found++
		if _, decided := known[name]; !decided {
			t.Errorf("%s: run it, or say why not", name)
		}
	}
	if found != len(known) {
		t.Errorf("want the %d scenarios that are decided upon, found %d in:\n%s", len(known), found, servers)
	}
}
