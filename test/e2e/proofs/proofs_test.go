package proofs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryProofHasItsTests finds the tests of the list in the source: one that was
// renamed would otherwise show nothing from then on.
func TestEveryProofHasItsTests(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, test := range p.Tests {
			folder, name, ok := cut(test)
			if !ok {
				t.Errorf("%s: %q is not FOLDER/TestName", p.ID, test)
				continue
			}
			if !declares(t, filepath.Join("..", folder), name) {
				t.Errorf("%s: there is no %q in %q", p.ID, name, folder)
			}
		}
	}
}

func cut(test string) (folder, name string, ok bool) {
	at := strings.LastIndex(test, "/Test")
	if at < 0 {
		return "", "", false
	}
	return test[:at], test[at+1:], true
}

func declares(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	declaration := regexp.MustCompile(`(?m)^func ` + name + `\(`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if declaration.Match(source) {
			return true
		}
	}
	return false
}

// TestPageIsComplete compares docs/proofs.md with the list; only how it went may differ.
func TestPageIsComplete(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "proofs.md"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	want, err := Write(string(page), all, Results{}, "")
	if err != nil {
		t.Fatal(err)
	}
	last := regexp.MustCompile(`(?m)\| [^|]* \|$`)
	if diff := cmp.Diff(last.ReplaceAllString(want, "|"), last.ReplaceAllString(string(page), "|")); diff != "" {
		t.Errorf("run make e2e WRITE=1: -want +got:\n%s", diff)
	}
	for _, bad := range []Outcome{Skipped, NotRun, Failed} {
		if strings.Contains(string(page), "| "+bad.String()+", ") {
			t.Errorf("docs/proofs.md has a proof that is %q", bad)
		}
	}
}

const module = "example.org/e2e"

func TestFollow(t *testing.T) {
	cases := map[string]struct {
		reason string
		events string
		want   Results
		out    string
	}{
		"Pass": {
			reason: "what a test that passes says is of no interest; its package is",
			events: `{"Action":"output","Package":"example.org/e2e/a","Test":"TestX","Output":"hello\n"}
{"Action":"pass","Package":"example.org/e2e/a","Test":"TestX/Sub","Elapsed":1}
{"Action":"pass","Package":"example.org/e2e/a","Test":"TestX","Elapsed":2}
{"Action":"output","Package":"example.org/e2e/a","Output":"PASS\n"}
{"Action":"output","Package":"example.org/e2e/a","Output":"ok  \ta\n"}
{"Action":"pass","Package":"example.org/e2e/a","Elapsed":3}`,
			want: Results{"a/TestX": {Passed, 2}},
			out:  "ok  \ta\n",
		},
		"Fail": {
			reason: "what a failed test and its subtests said is printed; the package at the root is the folder .",
			events: `{"Action":"output","Package":"example.org/e2e","Test":"TestX/Sub","Output":"bad\n"}
{"Action":"fail","Package":"example.org/e2e","Test":"TestX/Sub","Elapsed":1}
{"Action":"fail","Package":"example.org/e2e","Test":"TestX","Elapsed":2}`,
			want: Results{"./TestX": {Failed, 2}},
			out:  "bad\n",
		},
		"Skip": {
			reason: "why a test was skipped is printed",
			events: `{"Action":"output","Package":"example.org/e2e/a","Test":"TestX","Output":"needs root\n"}
{"Action":"skip","Package":"example.org/e2e/a","Test":"TestX","Elapsed":0}`,
			want: Results{"a/TestX": {Skipped, 0}},
			out:  "needs root\n",
		},
		"Broken": {
			reason: "what does not compile says so, and what is no event is passed on",
			events: "go: no such module\n" + `{"Action":"build-output","ImportPath":"example.org/e2e/a","Output":"x.go:1: no\n"}`,
			want:   Results{},
			out:    "go: no such module\nx.go:1: no\n",
		},
		"Killed": {
			reason: "a test that never ended has no result, so its proof did not run",
			events: `{"Action":"run","Package":"example.org/e2e/a","Test":"TestX"}`,
			want:   Results{},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			got, err := Follow(strings.NewReader(tc.events), module, &out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: results: -want +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.out, out.String()); diff != "" {
				t.Errorf("%s: printed: -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestPrintAndWrite(t *testing.T) {
	all := []Proof{
		{ID: "P1", Shows: "one", Tests: []string{"a/TestA", "a/TestB"}, Real: "all", Not: "nothing"},
		{ID: "P2", Shows: "two", Tests: []string{"b/TestC", "b/TestD"}, Real: "all", Not: "clouds"},
	}
	results := Results{"a/TestA": {Passed, 1.2}, "a/TestB": {Passed, 2.4}, "b/TestC": {Skipped, 0}}
	wantTable := `
proof result    seconds  what is shown
P1    passed          4  one
P2    not run         0  two
      skipped            b/TestC
      not run            b/TestD
`
	if diff := cmp.Diff(wantTable, Print(all, results)); diff != "" {
		t.Errorf("a proof is as good as the worst of its tests: -want +got:\n%s", diff)
	}
	got, err := Write("# Page\n"+begin+"old\n"+end+"rest\n", all[:1], results, "2026-01-02")
	if err != nil {
		t.Fatal(err)
	}
	wantPage := "# Page\n" + begin + `| id | what is shown | what is real | what is not | last result |
|---|---|---|---|---|
| P1 | one<br>` + "`a/TestA`, `a/TestB`" + ` | all | nothing | passed, 4 s, 2026-01-02 |
` + end + "rest\n"
	if diff := cmp.Diff(wantPage, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := Write("no place", all, results, ""); err == nil {
		t.Error("a page without a place for the table is an error")
	}
}
