package render_test

import (
	"bytes"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type diffCase struct {
	reason string
	before string
	change func(parameters map[string]any)
	golden string
}

func diffCases() []diffCase {
	apps := func(p map[string]any) map[string]any { return p["apps"].(map[string]any) }
	return []diffCase{
		{
			reason: "Nothing changes when nothing changes",
			before: "aws-front-door",
			change: func(map[string]any) {},
			golden: "diff-nothing.txt",
		},
		{
			reason: "Switching an app off releases its chart and deletes its objects",
			before: "aws-front-door",
			change: func(p map[string]any) { delete(apps(p), "envoyGateway") },
			golden: "diff-app-off.txt",
		},
		{
			reason: "Another version of a chart changes one field",
			before: "aws-front-door",
			change: func(p map[string]any) { apps(p)["keda"].(map[string]any)["version"] = "2.20.2" },
			golden: "diff-version.txt",
		},
		{
			reason: "Another size of nodes is refused by the cloud",
			before: "aws-front-door",
			change: func(p map[string]any) { p["nodeSize"] = "large" },
			golden: "diff-node-size.txt",
		},
		{
			reason: "Another region cannot be reached in place",
			before: "google-all",
			change: func(p map[string]any) { p["region"] = "europe-west1" },
			golden: "diff-region.txt",
		},
		{
			reason: "A namespace more extends the grant",
			before: "aws-front-door",
			change: func(p map[string]any) { p["namespaces"] = []any{"dev", "production", "staging"} },
			golden: "diff-namespace.txt",
		},
	}
}

func TestDiff(t *testing.T) {
	for _, tc := range diffCases() {
		t.Run(tc.golden, func(t *testing.T) {
			r := newRenderer(t)
			before, err := r.Render(read(t, validDir, tc.before), nil)
			if err != nil {
				t.Fatal(err)
			}
			documents := read(t, validDir, tc.before)
			tc.change(documents[0].Object["spec"].(map[string]any)["parameters"].(map[string]any))
			after, err := r.Render(documents, nil)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := render.WriteDiff(&out, render.Diff(before, after)); err != nil {
				t.Fatal(err)
			}
			golden(t, tc.golden, out.Bytes())
		})
	}
}

// A key that keeps its place under another name is a re-creation.
func TestDiffRecreates(t *testing.T) {
	r := newRenderer(t)
	before, err := r.Render(read(t, validDir, "aws-front-door"), nil)
	if err != nil {
		t.Fatal(err)
	}
	documents := read(t, validDir, "aws-front-door")
	documents[0].Object["metadata"].(map[string]any)["name"] = "team-b"
	renamed, err := r.Render(documents, nil)
	if err != nil {
		t.Fatal(err)
	}
	// The Cluster itself is another one, so everything of the first is deleted.
	for _, c := range render.Diff(before, renamed) {
		if c.Fate == render.Changed {
			t.Errorf("%s: a Cluster of another name changes nothing of the first, got %q", c.Key, c.Fate)
		}
	}
	// Keys without the name stay, and would be re-created if the name could change.
	renamed[0].Plan.Cluster.Name = "team-a"
	fates := map[string]render.Fate{}
	for _, c := range render.Diff(before, renamed) {
		fates[c.Key] = c.Fate
	}
	if fates["ekscluster"] != render.Replaced {
		t.Errorf("want ekscluster to be re-created, got %q", fates["ekscluster"])
	}
	if fates["team-a-app-envoy-gateway"] != render.Deleted || fates["team-a-app-keda"] != render.Released {
		t.Errorf("want the Gateway deleted and KEDA's chart released, got %q and %q", fates["team-a-app-envoy-gateway"], fates["team-a-app-keda"])
	}
}
