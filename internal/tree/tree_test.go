package tree_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/tree"
)

func TestWrite(t *testing.T) {
	root := &tree.Node{}
	a := root.Add("one two three four")
	a.Add("below")
	root.Add("a-word-that-is-longer and more")
	cases := map[string]struct {
		reason string
		width  int
		want   string
	}{
		"Whole":  {"Nothing is broken.", 0, "├─ one two three four\n│  └─ below\n└─ a-word-that-is-longer and more\n"},
		"Broken": {"Between words, and the line to what hangs below goes on.", 16, "├─ one two\n│  │ three four\n│  └─ below\n└─ a-word-that-is-longer\n     and more\n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := root.Write(&out, tc.width); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
