package proofs

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
)

// event is what `go test -json` prints for each line and each test: see `go doc
// test2json`.
type event struct {
	Action  string  `json:"Action"`
	Package string  `json:"Package"`
	Test    string  `json:"Test"`
	Output  string  `json:"Output"`
	Elapsed float64 `json:"Elapsed"`
}

// Follow reads the events of `go test -json`, copies to out what a person wants to
// read (packages as they end, and everything that a failed test said), and returns how
// each test at the top went. Folders are named as seen from the module's root.
func Follow(events io.Reader, module string, out io.Writer) (Results, error) {
	f := follower{module: module, out: out, results: Results{}, said: map[string]*strings.Builder{}}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			// A compiler's complaint, for one, comes as it is.
			_, _ = fmt.Fprintln(out, lines.Text())
			continue
		}
		f.take(e)
	}
	if err := lines.Err(); err != nil {
		return f.results, fmt.Errorf("cannot read what go test prints: %w", err)
	}
	return f.results, nil
}

// follower is what is known after some events.
type follower struct {
	module  string
	out     io.Writer
	results Results
	said    map[string]*strings.Builder // by tests that have not ended
}

func (f follower) take(e event) {
	top, _, nested := strings.Cut(e.Test, "/")
	key := folderOf(e.Package, f.module) + "/" + top
	switch {
	case e.Action == "build-output":
		_, _ = fmt.Fprint(f.out, e.Output)
	case e.Action == "output" && e.Test == "":
		// PASS says nothing that the line after it does not.
		if e.Output != "PASS\n" && !strings.Contains(e.Output, "[no test files]") {
			_, _ = fmt.Fprint(f.out, e.Output)
		}
	case e.Action == "output":
		if f.said[key] == nil {
			f.said[key] = &strings.Builder{}
		}
		f.said[key].WriteString(e.Output)
	case e.Test == "" || nested:
	case e.Action == "pass":
		f.end(key, Result{Passed, e.Elapsed})
	case e.Action == "skip":
		f.print(key)
		f.end(key, Result{Skipped, e.Elapsed})
	case e.Action == "fail":
		f.print(key)
		f.end(key, Result{Failed, e.Elapsed})
	}
}

func (f follower) print(key string) {
	if f.said[key] != nil {
		_, _ = fmt.Fprint(f.out, f.said[key])
	}
}

func (f follower) end(key string, r Result) {
	f.results[key] = r
	delete(f.said, key)
}

func folderOf(pkg, module string) string {
	if pkg == module {
		return "."
	}
	return path.Clean(strings.TrimPrefix(pkg, module+"/"))
}
