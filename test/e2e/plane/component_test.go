package plane

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

func TestSelectComponents(t *testing.T) {
	all := []component{{name: "a"}, {name: "b", needs: []string{"a"}}, {name: "c", needs: []string{"b"}}, {name: "d"}}
	cases := map[string]struct {
		reason string
		names  []string
		want   []string
		fails  bool
	}{
		"All":     {reason: "no names mean everything", want: []string{"a", "b", "c", "d"}},
		"Needs":   {reason: "what a component needs comes with it, in the order of the list", names: []string{"c"}, want: []string{"a", "b", "c"}},
		"Unknown": {reason: "a misspelt name must not be ignored", names: []string{"x"}, fails: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			chosen, err := selectComponents(all, tc.names)
			if (err != nil) != tc.fails {
				t.Fatalf("%s: error %v, want one: %t", tc.reason, err, tc.fails)
			}
			var got []string
			for _, c := range chosen {
				got = append(got, c.name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestComponentsAreWellFormed holds for every component that will be added: its
// name is unique, it needs only earlier ones, and it has a pinned module.
func TestComponentsAreWellFormed(t *testing.T) {
	root, err := modules.Components()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range components() {
		if seen[c.name] {
			t.Errorf("component %q is there twice", c.name)
		}
		for _, need := range c.needs {
			if !seen[need] {
				t.Errorf("component %q needs %q, which does not come before it", c.name, need)
			}
		}
		seen[c.name] = true
		if c.source == nil {
			continue
		}
		module, err := os.ReadFile(filepath.Join(root, c.source.folder, "go.mod"))
		if err != nil {
			t.Errorf("component %q is not pinned: %v", c.name, err)
		}
		// A module that requires nothing has no sums.
		if _, err := os.Stat(filepath.Join(root, c.source.folder, "go.sum")); err != nil && strings.Contains(string(module), "require") {
			t.Errorf("component %q is not pinned: %v", c.name, err)
		}
	}
}

// TestVersionsAgree compares what a program says about its version with what
// its module pins: nothing else would notice a forgotten one.
func TestVersionsAgree(t *testing.T) {
	root, err := modules.Components()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		source *source
		module string
	}{
		"kubernetes": {source: kubernetesSource(), module: "k8s.io/kubernetes"},
		"crossplane": {source: crossplane().source, module: "github.com/crossplane/crossplane/v2"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(root, tc.source.folder, "go.mod"))
			if err != nil {
				t.Fatal(err)
			}
			pinned := regexp.MustCompile(`(?m)\b` + regexp.QuoteMeta(tc.module) + ` (v\S+)`).FindSubmatch(data)
			if pinned == nil {
				t.Fatalf("go.mod does not pin %q", tc.module)
			}
			if want := "ersion=" + string(pinned[1]); !strings.Contains(tc.source.ldflags+" ", want+" ") {
				t.Errorf("%q is built with %q, want that to contain %q", name, tc.source.ldflags, want)
			}
		})
	}
}

// TestBrokenComponentIsNamed: what does not build is said by the name of its component,
// and those that need nothing of it start.
func TestBrokenComponentIsNamed(t *testing.T) {
	b, write, _ := testBuilder(t, goodMain)
	write(badMain)
	started := map[string]bool{}
	start := func(name string) func(context.Context, *Plane, string) error {
		return func(context.Context, *Plane, string) error { started[name] = true; return nil }
	}
	all := []component{
		{name: "sound", start: start("sound")},
		{name: "broken", source: &source{folder: "thing", target: "."}, start: start("broken")},
		{name: "above", needs: []string{"broken"}, start: start("above")},
	}
	cases := map[string]struct {
		reason  string
		names   []string
		fails   bool
		started map[string]bool
	}{
		"NotNeeded": {reason: "What nobody needs is not built.", names: []string{"sound"}, started: map[string]bool{"sound": true}},
		"Needed":    {reason: "The test wants another component, which needs it.", names: []string{"above"}, fails: true, started: map[string]bool{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			clear(started)
			chosen, err := selectComponents(all, tc.names)
			if err != nil {
				t.Fatal(err)
			}
			err = (&Plane{builder: b, progress: b.progress}).startComponents(t.Context(), chosen)
			if (err != nil) != tc.fails || err != nil && !strings.Contains(err.Error(), `component "broken"`) {
				t.Errorf("%s\nerror %v, want one that names \"broken\": %t", tc.reason, err, tc.fails)
			}
			if diff := cmp.Diff(tc.started, started); diff != "" {
				t.Errorf("%s\nstarted -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
