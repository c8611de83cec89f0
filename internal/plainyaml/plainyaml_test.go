package plainyaml_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/plainyaml"
)

func TestToJSON(t *testing.T) {
	cases := map[string]struct {
		reason string
		in     string
		want   string
	}{
		"Object": {
			"What kubectl prints.", "apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - port: 80\n    name: http\n  - port: 81\n",
			`{"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":80,"name":"http"},{"port":81}]}}`,
		},
		"Indented": {"Sequences may stand deeper than their key.", "a:\n    - b\n    -   c: 1\n        d: 2\ne: 1\n", `{"a":["b",{"c":1,"d":2}],"e":1}`},
		"Nested":   {"Sequences in sequences.", "- - a\n  - b\n-\n  - c\n-\n", `[["a","b"],["c"],null]`},
		"Comments": {"They mean nothing, wherever they stand.", "---\n# a\na: 1 # b\n  # c\nb: # d\n  c: 'x' # e\n", `{"a":1,"b":{"c":"x"}}`},
		"Words":    {"As in YAML 1.1.", "a: yes\nb: off\nc: ~\nd: True\ne: n\nf: nil\ng:\n", `{"a":true,"b":false,"c":null,"d":true,"e":false,"f":"nil","g":null}`},
		"Numbers": {
			"Only what is a number becomes one.", "a: -12\nb: 10.0.0.1\nc: 2026-11-01\nd: 11111111-2222-3333-4444-555555555555\ne: 0s\nf: 5d4f7b9c6\ng: 12:30\nh: 0\n",
			`{"a":-12,"b":"10.0.0.1","c":"2026-11-01","d":"11111111-2222-3333-4444-555555555555","e":"0s","f":"5d4f7b9c6","g":"12:30","h":0}`,
		},
		"Quotes":      {"Both kinds, with what they escape.", "a: \"x \\\"y\\\" \\\\ # z\"\nb: 'it''s \"\\'\n\"c d\": \"\"\n'e': ''\n", `{"a":"x \"y\" \\ # z","b":"it's \"\\","c d":"","e":""}`},
		"Plain":       {"Text that needs no quotes.", "a: b c:d \"e\" [f] {g} #h\nx.y/z: /*\n", `{"a":"b c:d \"e\" [f] {g}","x.y/z":"/*"}`},
		"Literal":     {"Text as it stands, with what ends it.", "a: |\n  {\"b\":1}\n\n   c\n\nd: |-\n\n    e\nf:\n- |+\n  # g\n\n- h\n", `{"a":"{\"b\":1}\n\n c\n","d":"\ne","f":["# g\n\n","h"]}`},
		"Empty":       {"The flow that kubectl prints.", "a: {}\nb: []\n", `{"a":{},"b":[]}`},
		"SameColumns": {"A mapping behind a dash ends with the next dash.", "a:\n- b: 1\n  c:\n  - d: 2\n- e: 3\n", `{"a":[{"b":1,"c":[{"d":2}]},{"e":3}]}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, ok := plainyaml.ToJSON([]byte(tc.in))
			if diff := cmp.Diff(tc.want, string(got)); diff != "" || !ok {
				t.Errorf("%s: ok %t (-want +got):\n%s", tc.reason, ok, diff)
			}
			same(t, name, []byte(tc.in))
		})
	}
}

// What it leaves to others: it may be right or wrong, and mean many things.
func TestNotPlain(t *testing.T) {
	for reason, in := range map[string]string{
		"anchor": "a: &x 1\nb: 2\n", "alias": "a: *x\n", "tag": "a: !!str 1\n", "merge": "<<: {a: 1}\n", "flow": "a: {b: 1}\n", "JSON": "{\"a\": 1}\n",
		"folded": "a: >\n  b\n", "indicator": "a: |2\n   b\n", "two lines": "a: b\n  c\n", "two lines in quotes": "a: \"b\n  c\"\n",
		"key twice": "a: 1\nb: 2\na: 3\n", "key twice in Go": "a: 1\nA: 2\n", "key twice, quoted": "a: 1\n\"a\": 2\n",
		"tab": "a:\tb\n", "carriage return": "a: b\r\nc: d\r\n", "umlaut": "a: ä\n", "escape": "a: \"\\u00e4\"\n",
		"number as key": "80: a\n", "word as key": "on: a\n", "null as key": "~: a\n", "complex key": "? a\n: b\n",
		"float": "a: 0.5\n", "octal": "a: 0777\n", "hexadecimal": "a: 0x1f\n", "exponent": "a: 1e+3\n", "underscore": "a: 1_000\n", "large": "a: 12345678901234567890\n", "infinite": "a: .inf\n",
		"mapping in a value": "a: b: c\n", "colon at the end": "a: b:\n", "entry in a value": "a: - b\n", "wrong column": "a:\n  b: 1\n c: 2\n", "deeper": "a: 1\n  b: 2\n",
		"text behind quotes": "a: 'b' c\n", "open quote": "a: 'b\n", "template": "a: {{ .Values.b }}\n", "entry and key": "- a\nb: 1\n", "empty": "", "comment": "# a\n", "text": "a\n",
		"document behind": "a: 1\n---\nb: 2\n", "end": "a: 1\n...\n", "directive": "%YAML 1.1\n---\na: 1\n",
		"spaces in a literal": "a: |\n  b\n   \n  c\n", "empty literal": "a: |\nb: 1\n", "literal without end": "a: |\n  b", "comment too near": "a: 'b'#c\n",
		"too deep": strings.Repeat("- ", 300) + "a\n",
	} {
		if got, ok := plainyaml.ToJSON([]byte(in)); ok {
			t.Errorf("%s: want it not to be read, got %s", reason, got)
		}
	}
}

// same compares with the reader that it stands in for.
func same(t *testing.T, name string, data []byte) (read bool) {
	t.Helper()
	got, ok := plainyaml.ToJSON(data)
	if !ok {
		return false
	}
	want, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		t.Fatalf("%s: want %v, got %s of\n%s", name, err, got, data)
	}
	if diff := cmp.Diff(decoded(t, want), decoded(t, got)); diff != "" {
		t.Fatalf("%s (-want +got):\n%s\nof\n%s", name, diff, data)
	}
	return true
}

func decoded(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatalf("cannot read %s: %v", data, err)
	}
	return out
}

// Every YAML file of the repository means the same, as it stands and as sigs.k8s.io/yaml
// writes it; and of what that writes, most is plain.
func TestRepository(t *testing.T) {
	all, plain := 0, 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && len(entry.Name()) > 2 {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(path); entry.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
			same(t, path, append(doc, '\n'))
			printed, ok := reprinted(doc)
			if !ok {
				continue // a template, or nothing
			}
			all++
			if same(t, path, printed) {
				plain++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if all < 500 || plain < all*9/10 {
		t.Errorf("want nine of ten documents to be plain, got %d of %d", plain, all)
	}
}

func reprinted(doc []byte) ([]byte, bool) {
	var v map[string]any
	if yaml.Unmarshal(doc, &v) != nil || len(v) == 0 {
		return nil, false
	}
	out, err := yaml.Marshal(v)
	return out, err == nil
}

// Whatever it reads means the same to sigs.k8s.io/yaml.
func FuzzToJSON(f *testing.F) {
	for _, seed := range []string{
		"a: 1\nb:\n- c: 'd'\n  e: \"f\"\n- g\n", "a: |\n  b\n\nc: |+\n  d\n\n", "- - a\n  -  b: 1\n-\n", "---\n# a\na.b/c: 2026-01-02 # d\n",
		"a: 1.2.3\nb: 5d4\nc: 1e-5\nd: -0\ne: 0x1-2\nf: ~\n", "'a': ''\n\"b\\n\": \"\\\"\"\n", "a: b: c\n", "a:\n- b\n c: d\n", "a: {}\nA: []\n", "a: <<\n? b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { same(t, "input", data) })
}

// documents compares with the reader that it stands in for.
func documents(t *testing.T, data []byte) (read bool) {
	t.Helper()
	got, ok := plainyaml.Documents(data)
	if !ok {
		return false
	}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	var want [][]byte
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("want %v, got %q of %q", err, got, data)
		}
		want = append(want, doc)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("documents of %q (-want +got):\n%s", data, diff)
	}
	return true
}

func TestDocuments(t *testing.T) {
	for in, plain := range map[string]bool{
		"": true, "a": true, "a\n": true, "---\n": true, "---": true, "a\n---\nb\n---\n": true, "---\n---\na\n\n---  # b\nc": true, "--- # a\nb\n": true, "\n---\n": true, " ---\na\n": true,
		"a\r\n---\r\nb\r\n": false, "--- a\n": false, "a\n----\nb\n": false,
	} {
		if got := documents(t, []byte(in)); got != plain {
			t.Errorf("%q: want it to be read: %t, got %t", in, plain, got)
		}
	}
}

// Whatever it cuts is cut in the same way by the reader of Kubernetes.
func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{"a\n---\nb\n", "---\n---\n# a\n--- # b\nc", "a\n\n---\n", "--- \t\n-\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { documents(t, data) })
}
