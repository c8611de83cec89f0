package repo

import (
	"flag"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the output that the docs show")

// links are those of Markdown and those of the HTML that Markdown may hold.
var links = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|(?:href|src|srcset)="([^"]+)"`)

func TestLinksPointSomewhere(t *testing.T) {
	for _, file := range files(t, isMarkdown) {
		for number, line := range prose(strings.Split(read(t, file), "\n")) {
			for _, match := range links.FindAllStringSubmatch(line, -1) {
				target, err := url.Parse(match[1] + match[2])
				if err != nil {
					t.Errorf("%s:%d: %v", file, number+1, err)
					continue
				}
				if target.IsAbs() {
					continue
				}
				to := file
				if target.Path != "" {
					to = path.Join(path.Dir(file), target.Path)
				}
				if !exists(to) {
					t.Errorf("%s:%d: no file %q", file, number+1, to)
					continue
				}
				if target.Fragment != "" && isMarkdown(to) && !slices.Contains(anchors(strings.Split(read(t, to), "\n")), target.Fragment) {
					t.Errorf("%s:%d: no heading #%s in %s", file, number+1, target.Fragment, to)
				}
			}
		}
	}
}

// Every "make X" that is written anywhere as a command is a target.
func TestMakeTargetsExist(t *testing.T) {
	targets := makeTargets(t)
	inCode := regexp.MustCompile("`make ([a-z][a-z0-9-]*)")
	alone := regexp.MustCompile(`^(?:\$ )?make ([a-z][a-z0-9-]*)`)
	step := regexp.MustCompile(`\bmake ([a-z][a-z0-9-]*)(?:\s|$)`)
	check := func(file string, names [][]string) {
		for _, name := range names {
			if !slices.Contains(targets, name[1]) {
				t.Errorf("%s: says make %s, which is no target", file, name[1])
			}
		}
	}
	for _, file := range files(t, isMarkdown) {
		lines := strings.Split(read(t, file), "\n")
		check(file, inCode.FindAllStringSubmatch(strings.Join(prose(lines), "\n"), -1))
		for _, b := range blocks(lines) {
			for _, command := range b.commands() {
				check(file, alone.FindAllStringSubmatch(command, -1))
			}
		}
	}
	for _, file := range files(t, func(file string) bool { return file == ".ci/run" || under(file, ".github/workflows") }) {
		for line := range strings.Lines(read(t, file)) {
			if code, _, _ := strings.Cut(line, "#"); code != "" {
				check(file, step.FindAllStringSubmatch(code, -1))
			}
		}
	}
}

// What people are told to rely on, and what the help has to explain.
func TestMakefileExplainsItsTargets(t *testing.T) {
	targets, text := makeTargets(t), read(t, "Makefile")
	for _, name := range []string{"demo", "test", "e2e", "generate", "lint", "bench", "package", "image", "build", "fuzz", "clean"} {
		if !slices.Contains(targets, name) {
			t.Errorf("no target %q", name)
		}
		if !regexp.MustCompile(`(?m)^` + name + `:.* ## \S`).MatchString(text) {
			t.Errorf("make help does not explain %q", name)
		}
	}
}

// Every Go module with code of ours is vetted and linted: the Makefile lists them
// once. What test/e2e/components holds are third-party programs.
func TestMakefileListsEveryModule(t *testing.T) {
	listed := regexp.MustCompile(`(?m)^MODULES := (.*)$`).FindStringSubmatch(read(t, "Makefile"))
	if listed == nil {
		t.Fatal("the Makefile has no MODULES")
	}
	var want []string
	for _, file := range files(t, func(file string) bool { return isGo(file) && !under(file, "test/e2e/components") }) {
		if dir := moduleOf(file); !slices.Contains(want, dir) {
			want = append(want, dir)
		}
	}
	got := strings.Fields(listed[1])
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("MODULES of the Makefile (-modules of the repository +listed):\n%s", diff)
	}
}

func makeTargets(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):(?:[^=]|$)`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		out = append(out, match[1])
	}
	return out
}

// Every command "gatehouse ..." and "mcp-server ..." that the README and the docs show
// is run, and has to end as they say. Above a block may stand
//
//	<!-- exit: 1 -->          how every command of the block exits, when not with 0
//	<!-- not run: REASON -->  why the block is not run
//
// and the block ```text directly behind it is its standard output; that of a
// command which prints nothing there, its report on standard error.
func TestCommandsInTheDocs(t *testing.T) {
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/gatehouse", "./cmd/mcp-server")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the commands: %v\n%s", err, out)
	}
	run := 0
	for _, file := range files(t, func(file string) bool { return file == "README.md" || (under(file, "docs") && isMarkdown(file)) }) {
		t.Run(file, func(t *testing.T) { run += runCommands(t, file, bin) })
	}
	if run == 0 {
		t.Error("README.md and docs show no command at all")
	}
}

// runCommands runs the commands of one file and tells how many there are.
func runCommands(t *testing.T, file, bin string) int {
	t.Helper()
	lines := strings.Split(read(t, file), "\n")
	all, run, rewritten := blocks(lines), 0, false
	// From the last to the first, so that rewriting an output moves no block to come.
	for i, b := range slices.Backward(all) {
		var commands []string
		for _, command := range b.commands() {
			if name, _, _ := strings.Cut(command, " "); name == "gatehouse" || name == "mcp-server" {
				commands = append(commands, command)
			}
		}
		if reason, found := b.note("not run"); found {
			if reason == "" {
				t.Errorf("%s:%d: not run, but no reason why", file, b.first)
			}
			continue
		}
		if len(commands) == 0 {
			continue
		}
		run += len(commands)
		var terminal strings.Builder
		for _, command := range commands {
			terminal.WriteString(runCommand(t, b, command, bin))
		}
		shown := terminal.String()
		if i+1 == len(all) || !follows(lines, b, all[i+1]) {
			continue
		}
		output := all[i+1]
		want := strings.Join(output.lines, "\n") + "\n"
		if diff := cmp.Diff(want, shown); diff != "" && !*update {
			t.Errorf("%s:%d: %s\nshows something else (-docs +command); go test ./internal/repo -update rewrites it:\n%s", file, output.first, commands[0], diff)
		} else if diff != "" {
			lines = slices.Replace(lines, output.first, output.end(), strings.Split(strings.TrimSuffix(shown, "\n"), "\n")...)
			rewritten = true
		}
	}
	if rewritten {
		if err := os.WriteFile(filepath.Join(root, file), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return run
}

// follows tells whether a block is the output of the one before: text, with
// nothing but empty lines between.
func follows(lines []string, b, next block) bool {
	return next.info == "text" && strings.TrimSpace(strings.Join(lines[b.end()+1:next.first-1], "")) == ""
}

// runCommand runs one command where the repository's files are at hand, but what
// it writes is thrown away.
func runCommand(t *testing.T, b block, command, bin string) string {
	t.Helper()
	want := 0
	if text, found := b.note("exit"); found {
		var err error
		if want, err = strconv.Atoi(text); err != nil {
			t.Fatalf("exit: %v", err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = copyOfRoot(t)
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", command, err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("%s\nexits with %d, the docs say %d:\n%s%s", command, got, want, &stdout, &stderr)
	}
	if stdout.Len() == 0 {
		return stderr.String()
	}
	return stdout.String()
}

// copyOfRoot is an empty folder with a link to everything in the repository's root.
func copyOfRoot(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	from, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if err := os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// CONTRIBUTING's map names every layer, in the order of the data.
func TestContributingShowsTheLayers(t *testing.T) {
	text, last := read(t, "CONTRIBUTING.md"), 0
	for _, at := range layers {
		where := strings.Index(text, "| `"+at.folder+"`")
		if where < 0 {
			t.Errorf("the map in CONTRIBUTING.md has no row for %q", at.folder)
			continue
		}
		if where < last {
			t.Errorf("the map in CONTRIBUTING.md has %q in another order than the test of the imports", at.folder)
		}
		last = where
	}
}
