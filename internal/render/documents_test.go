package render_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

func TestRead(t *testing.T) {
	cases := map[string]struct {
		reason string
		in     string
		want   []string // the names of the Clusters
		err    string
	}{
		"Several": {
			reason: "A file may hold several Clusters, and other objects",
			in:     "apiVersion: devopstoolkit.ai/v2\nkind: Cluster\nmetadata: {name: a}\n---\nkind: Secret\napiVersion: v1\n---\n---\napiVersion: devopstoolkit.ai/v2\nkind: Cluster\nmetadata: {name: b}\n",
			want:   []string{"a", "b"},
		},
		"List": {
			reason: "kubectl get -o yaml prints a List",
			in:     "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: devopstoolkit.ai/v2, kind: Cluster, metadata: {name: a}}\n",
			want:   []string{"a"},
		},
		"Mistyped": {
			reason: "A mistyped kind of our group is meant to be a Cluster, and refused as one",
			in:     "{apiVersion: devopstoolkit.ai/v2, kind: Clusters, metadata: {name: a}}",
			want:   []string{"a"},
		},
		"Twice": {
			reason: "A key that stands twice would silently lose one of its values",
			in:     "kind: Cluster\nkind: Cluster\n",
			err:    `cannot read "file"`,
		},
		"NoYAML": {
			reason: "What is no YAML is refused by name",
			in:     "a: [",
			err:    `cannot read "file"`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			documents, err := render.Read("file", strings.NewReader(tc.in))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("%s: want an error with %q, got %v", tc.reason, tc.err, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range documents {
				if d.IsCluster() {
					got = append(got, d.Object["metadata"].(map[string]any)["name"].(string))
				}
			}
			if strings.Join(got, ",") != strings.Join(tc.want, ",") {
				t.Errorf("%s: want Clusters %v, got %v", tc.reason, tc.want, got)
			}
		})
	}
}

// FuzzRead gives any bytes as a file. What can be read is rendered or refused.
func FuzzRead(f *testing.F) {
	for _, name := range examples(f, validDir) {
		documents := read(f, validDir, name)
		var out bytes.Buffer
		all, err := newRenderer(f).Render(documents, nil)
		if err != nil {
			f.Fatal(err)
		}
		if err := render.YAML(&out, all); err != nil {
			f.Fatal(err)
		}
	}
	f.Add([]byte("apiVersion: devopstoolkit.ai/v2\nkind: Cluster\nmetadata: {name: a}\nspec: {crossplane: {compositionSelector: {matchLabels: {provider: aws}}}, parameters: {}}\n"))
	f.Add([]byte("kind: List\nitems: [1, {}]\n---\n- a\n"))
	r := newRenderer(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		documents, err := render.Read("fuzz", bytes.NewReader(raw))
		if err != nil {
			return
		}
		all, err := r.Render(documents, documents)
		if err != nil {
			invalid := new(compose.InvalidError)
			if !errors.As(err, &invalid) && !errors.Is(err, render.ErrNoCluster) {
				t.Fatalf("want an error that tells what is wrong with the input, got %v", err)
			}
			return
		}
		var out bytes.Buffer
		for _, write := range []func() error{
			func() error { return render.YAML(&out, all) },
			func() error { return render.JSON(&out, all) },
			func() error { return render.Tree(&out, all) },
		} {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
