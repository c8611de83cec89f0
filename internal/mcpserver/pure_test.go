package mcpserver_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

// aCluster is the smallest Cluster, with fields of choice.
func aCluster(parameters string) string {
	return `apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: team-a, namespace: platform}
spec:
  crossplane: {compositionSelector: {matchLabels: {provider: existing}}}
  parameters: ` + parameters + "\n"
}

const twoApps = `{nodeSize: small, apps: {keda: {enabled: true}, envoyGateway: {enabled: true}}}`

// A Secret as kubectl prints it, which somebody observed with everything else.
const observedSecret = `apiVersion: kubernetes.m.crossplane.io/v1alpha1
kind: Object
metadata: {name: team-a-creds, namespace: platform, annotations: {crossplane.io/composition-resource-name: team-a-creds}}
status: {atProvider: {manifest: {kind: Secret, data: {password: aHVudGVyMg==}}}}
---
apiVersion: v1
kind: Secret
metadata: {name: cloud, namespace: platform, annotations: {crossplane.io/composition-resource-name: creds}}
data: {password: aHVudGVyMg==}
`

func TestPureTools(t *testing.T) {
	session := client(t, mcpserver.Options{}, nil)
	valid, doubtful, invalid := example(t, "valid/aws-front-door"), example(t, "valid/doubtful"), example(t, "invalid/typing-mistakes")
	huge := aCluster("{namespaces: [" + strings.Repeat("n, ", 60_000) + "]}")
	manyProblems := aCluster("{nodeSize: small, namespaces: [" + strings.Repeat("A, ", 8000) + "]}")
	cases := map[string]struct {
		reason  string
		tool    string
		args    arguments
		refused bool
		want    []string
		absent  string
	}{
		"Validate": {reason: "Valid is said.", tool: "validate_cluster", args: arguments{"cluster": valid}, want: []string{`Cluster "team-a" is valid`}},
		"ValidateProblems": {
			reason: "Every problem has its field, and is an answer, no failure.",
			tool:   "validate_cluster",
			args:   arguments{"cluster": invalid},
			want:   []string{"4 problems", `did you mean "envoyGateway"?`},
		},
		"ValidateDoubts": {reason: "Doubts do not make it invalid.", tool: "validate_cluster", args: arguments{"cluster": doubtful}, want: []string{"is valid", "- doubtful: "}},
		"ValidateNothing": {
			reason:  "No Cluster is a mistake of the caller.",
			tool:    "validate_cluster",
			args:    arguments{"cluster": "kind: Secret"},
			refused: true,
			want:    []string{"cannot find a Cluster"},
		},
		"ValidateNoYAML":  {reason: "What cannot be read is said.", tool: "validate_cluster", args: arguments{"cluster": "a: ["}, refused: true, want: []string{`cannot read "cluster"`}},
		"ValidateMissing": {reason: "The schema demands it.", tool: "validate_cluster", args: arguments{}, refused: true, want: []string{"cluster"}},
		"ValidateUnknown": {
			reason:  "A mistyped argument is not silently dropped.",
			tool:    "validate_cluster",
			args:    arguments{"cluster": valid, "clutser": ""},
			refused: true,
			want:    []string{"clutser"},
		},
		"ValidateNumber": {reason: "The schema says what type it has.", tool: "validate_cluster", args: arguments{"cluster": 1}, refused: true, want: []string{"string"}},
		"ValidateHuge": {
			reason:  "The input is bounded.",
			tool:    "validate_cluster",
			args:    arguments{"cluster": huge},
			refused: true,
			want:    []string{`cannot read "cluster": it has `, "at most 131072 are taken"},
		},
		"ValidateMany": {
			reason:  "So is the number of documents.",
			tool:    "validate_cluster",
			args:    arguments{"cluster": strings.Repeat("---\nkind: Cluster\n", 40)},
			refused: true,
			want:    []string{"it has 40 documents, at most 32 are taken"},
		},
		"ValidateAlias": {
			reason:  "A few kilobytes of aliases become gigabytes.",
			tool:    "validate_cluster",
			args:    arguments{"cluster": "a: &a [x, x]\nb: [*a, *a]"},
			refused: true,
			want:    []string{`the YAML alias "*a"`},
		},
		"ValidateEndless": {
			reason: "Thousands of problems are cut.",
			tool:   "validate_cluster",
			args:   arguments{"cluster": manyProblems},
			want:   []string{"8000 problems", "(and more: this was cut)"},
		},
		"RenderEndless": {
			reason:  "In a refusal, too.",
			tool:    "render_cluster",
			args:    arguments{"cluster": manyProblems},
			refused: true,
			want:    []string{"8000 problems", "(and more: this was cut)"},
		},
		"NoAlias": {
			reason: "A wildcard is none.",
			tool:   "validate_cluster",
			args:   arguments{"cluster": aCluster(`{nodeSize: small, apps: {envoyGateway: {enabled: true, gateway: {https: {hostname: "*.a.b", issuerRef: {name: le}}}}, certManager: {enabled: true}}}`)},
			want:   []string{"is valid"},
		},

		"Render": {reason: "A tree is the default.", tool: "render_cluster", args: arguments{"cluster": valid}, want: []string{"Cluster platform/team-a on aws: ", "├─ EKS cluster"}},
		"RenderYAML": {
			reason: "Whole resources on request.",
			tool:   "render_cluster",
			args:   arguments{"cluster": aCluster(twoApps), "output": "yaml", "only": "team-a-app-keda"},
			want:   []string{"# key: team-a-app-keda\n", "kind: Release"},
			absent: "# key: team-a-app-envoy-gateway",
		},
		"RenderJSON": {
			reason: "For programs.",
			tool:   "render_cluster",
			args:   arguments{"cluster": aCluster(twoApps), "output": "json", "only": "team-a-app-keda"},
			want:   []string{`"key": "team-a-app-keda"`},
		},
		"RenderTooLong": {
			reason:  "Output is bounded, and how to get less is said.",
			tool:    "render_cluster",
			args:    arguments{"cluster": example(t, "valid/aws-all"), "output": "yaml"},
			refused: true,
			want:    []string{"more than 98304 bytes", "output=tree", "only="},
		},
		"RenderInvalid":  {reason: "Every problem is said.", tool: "render_cluster", args: arguments{"cluster": invalid}, refused: true, want: []string{"4 problems", "did you mean"}},
		"RenderNothing":  {reason: "No Cluster is a mistake of the caller.", tool: "render_cluster", args: arguments{"cluster": "kind: Secret"}, refused: true, want: []string{`cannot read "cluster"`}},
		"RenderOutput":   {reason: "Only what is known.", tool: "render_cluster", args: arguments{"cluster": valid, "output": "xml"}, refused: true, want: []string{"output"}},
		"RenderObserved": {reason: "With observed it is the moment.", tool: "render_cluster", args: arguments{"cluster": aCluster(twoApps), "observed": "---\n"}, want: []string{"not yet: "}},
		"RenderSecret": {
			reason: "Nothing that a Secret holds is echoed.",
			tool:   "render_cluster",
			args:   arguments{"cluster": aCluster(`{nodeSize: small, creds: {name: cloud, keys: [password]}}`), "observed": observedSecret, "output": "yaml"},
			want:   []string{"kind: Secret"},
			absent: "aHVudGVyMg==",
		},

		"Diff": {
			reason: "What is lost stands first.",
			tool:   "diff_clusters",
			args:   arguments{"before": aCluster(twoApps), "after": aCluster(`{nodeSize: small, apps: {prometheus: {enabled: true}}}`)},
			want:   []string{"Cluster platform/team-a: ", "- delete  ", "+ create  chart kube-prometheus-stack"},
		},
		"DiffNothing": {reason: "Nothing is an answer.", tool: "diff_clusters", args: arguments{"before": valid, "after": valid}, want: []string{"nothing changes"}},
		"DiffInvalid": {
			reason:  "Both sides are checked at once.",
			tool:    "diff_clusters",
			args:    arguments{"before": invalid, "after": "a: ["},
			refused: true,
			want:    []string{"did you mean", `cannot read "after"`},
		},

		"Apps":        {reason: "The catalog.", tool: "list_apps", args: arguments{}, want: []string{"keda: keda ", "(azure and google): cilium "}, absent: "[on"},
		"AppsYAML":    {reason: "What a Cluster has on.", tool: "list_apps", args: arguments{"cluster": aCluster(twoApps)}, want: []string{"Cluster platform/team-a\n", "[on, not observed]", "[off]"}},
		"AppsInvalid": {reason: "An invalid Cluster has nothing on for sure.", tool: "list_apps", args: arguments{"cluster": invalid}, refused: true, want: []string{"did you mean"}},
		"AppsTwo":     {reason: "One at a time.", tool: "list_apps", args: arguments{"cluster": valid + "---\n" + aCluster("{}")}, refused: true, want: []string{"it has 2 Clusters, give one"}},
		"AppsNone":    {reason: "A text without one is a mistake.", tool: "list_apps", args: arguments{"cluster": "kind: Secret"}, refused: true, want: []string{"cannot find a Cluster"}},
		"AppsBoth":    {reason: "Either, or.", tool: "list_apps", args: arguments{"cluster": valid, "name": "team-a"}, refused: true, want: []string{"not both"}},
		"AppsHalf":    {reason: "A name needs its namespace.", tool: "list_apps", args: arguments{"name": "team-a"}, refused: true, want: []string{"give namespace and name"}},
		"AppsNoServer": {
			reason:  "Without a cluster it says so.",
			tool:    "list_apps",
			args:    arguments{"namespace": "platform", "name": "team-a"},
			refused: true,
			want:    []string{"started without one", "--kubeconfig"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			result, text := callTool(t, session, tc.tool, tc.args)
			if result.IsError != tc.refused {
				t.Fatalf("%s: refused %t, want %t: %s", tc.reason, result.IsError, tc.refused, text)
			}
			for _, want := range tc.want {
				if !strings.Contains(text, want) {
					t.Errorf("%s: want %q in:\n%s", tc.reason, want, text)
				}
			}
			if tc.absent != "" && strings.Contains(text, tc.absent) {
				t.Errorf("%s: want no %q in:\n%s", tc.reason, tc.absent, text)
			}
			raw, err := json.Marshal(result.StructuredContent)
			if err != nil || len(raw) > 256<<10 || len(text) > 128<<10 {
				t.Errorf("%s: want an answer that is bounded, got %d bytes beside %d of text (%v)", tc.reason, len(raw), len(text), err)
			}
			if !tc.refused && result.StructuredContent == nil {
				t.Errorf("%s: want structured output", tc.reason)
			}
		})
	}
}

func TestValidateStructure(t *testing.T) {
	session := client(t, mcpserver.Options{}, nil)
	out := answered(t, session, "validate_cluster", arguments{"cluster": aCluster(`{nodeSize: huge, apps: {keda: {enabled: "yes"}}}`)})
	want := map[string]any{"valid": false, "clusters": []any{map[string]any{
		"namespace": "platform", "name": "team-a", "valid": false,
		"problems": []any{
			map[string]any{"field": "spec.parameters.apps.keda.enabled", "message": `Invalid value: "yes": must be true or false`},
			map[string]any{"field": "spec.parameters.nodeSize", "message": `Unsupported value: "huge": supported values: "small", "medium", "large"`},
		},
	}}}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiffStructure(t *testing.T) {
	session := client(t, mcpserver.Options{}, nil)
	out := answered(t, session, "diff_clusters", arguments{"before": aCluster(twoApps), "after": aCluster(`{nodeSize: small, apps: {keda: {enabled: true}, prometheus: {enabled: true}}}`)})
	order := map[string]int{"delete": 0, "re-create": 1, "fail": 2, "release": 3, "change": 4, "create": 5}
	last, lost := 0, 0
	changes, _ := out["changes"].([]any)
	for _, raw := range changes {
		c, _ := raw.(map[string]any)
		rank, known := order[c["fate"].(string)]
		if !known || rank < last {
			t.Errorf("want what is lost first, got %q at %v", c["fate"], c["key"])
		}
		last = rank
		if rank < 3 {
			lost++
		}
	}
	if lost == 0 || last != 5 {
		t.Fatal("the change deletes and creates nothing: the test shows nothing")
	}
	if out["lost"] != float64(lost) || out["total"] != float64(len(changes)) {
		t.Errorf("want %d of %d lost, got %v of %v", lost, len(changes), out["lost"], out["total"])
	}
}

func TestRenderCounts(t *testing.T) {
	session := client(t, mcpserver.Options{}, nil)
	args := arguments{"cluster": aCluster(twoApps)}
	of := func(args arguments) map[string]any {
		clusters, _ := answered(t, session, "render_cluster", args)["clusters"].([]any)
		return clusters[0].(map[string]any)
	}
	all, part := of(args), of(with(args, arguments{"only": "team-a-app-keda"}))
	if all["shown"] != all["resources"] || all["held"] == float64(0) {
		t.Errorf("want everything shown and something held back, got %v", all)
	}
	if part["resources"] != all["resources"] || part["shown"] == float64(0) || part["shown"] == all["shown"] {
		t.Errorf("want a part of %v shown, got %v", all["resources"], part["shown"])
	}
}

// The same question has the same answer, to the byte.
func TestPureToolsAreDeterministic(t *testing.T) {
	session := client(t, mcpserver.Options{}, nil)
	for tool, args := range map[string]arguments{
		"render_cluster": {"cluster": example(t, "valid/google-all")},
		"diff_clusters":  {"before": example(t, "valid/aws-all"), "after": example(t, "valid/aws-minimal")},
		"list_apps":      {"cluster": example(t, "valid/google-all")},
	} {
		_, first := callTool(t, session, tool, args)
		for range 3 {
			if _, again := callTool(t, session, tool, args); again != first {
				t.Errorf("%s: answers differ:\n%s", tool, cmp.Diff(first, again))
			}
		}
	}
}
