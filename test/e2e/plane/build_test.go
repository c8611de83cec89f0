package plane

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testBuilder builds from a module "thing" with the given main.
func testBuilder(t *testing.T, main string) (b *builder, write func(main string), printed *bytes.Buffer) {
	t.Helper()
	root := t.TempDir()
	module := filepath.Join(root, "thing")
	if err := os.Mkdir(module, 0o755); err != nil {
		t.Fatal(err)
	}
	put := func(name, data string) {
		if err := os.WriteFile(filepath.Join(module, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("go.mod", "module thing\n\ngo 1.26.0\n")
	put("main.go", main)
	printed = &bytes.Buffer{}
	b = &builder{root: root, components: root, cache: filepath.Join(root, "cache"), tmp: root, progress: &progress{out: printed}}
	return b, func(main string) { put("main.go", main) }, printed
}

const (
	goodMain  = "package main\n\nfunc main() {}\n"
	otherMain = "package main\n\nfunc main() { println() }\n"
	badMain   = "package main\n\nfunc main() { nothing() }\n"
)

func TestProgramIsBuiltOncePerInput(t *testing.T) {
	b, write, _ := testBuilder(t, goodMain)
	thing := source{folder: "thing", target: "."}
	first, err := b.program(t.Context(), thing)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.program(t.Context(), thing)
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(again)
	if err != nil {
		t.Fatal(err)
	}
	if first != again || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("the same inputs were built twice: %q at %v, %q at %v", first, before.ModTime(), again, after.ModTime())
	}
	write(otherMain)
	changed, err := b.program(t.Context(), thing)
	if err != nil {
		t.Fatal(err)
	}
	if changed == first {
		t.Errorf("a changed main.go still gives %q", first)
	}
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("the outdated program %q is kept (%v)", first, err)
	}
}

// TestCommandIsBuiltWhenItChanges: all who ask get the same file, which is that of the
// source as it is.
func TestCommandIsBuiltWhenItChanges(t *testing.T) {
	b, write, _ := testBuilder(t, goodMain)
	build := func() os.FileInfo {
		t.Helper()
		program, err := b.command(t.Context(), ".", "./thing")
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(b.root, ".cache", "bin", "thing"); program != want {
			t.Fatalf("it is %q, want %q", program, want)
		}
		info, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	if err := os.Rename(filepath.Join(b.root, "thing", "go.mod"), filepath.Join(b.root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	// go writes the time of what it finds up to date anew, and the file when it is not.
	first := build()
	if again := build(); !os.SameFile(first, again) {
		t.Error("the same source was built twice")
	}
	write(otherMain)
	if changed := build(); os.SameFile(first, changed) {
		t.Error("a changed main.go gives the program of before")
	}
	write(badMain)
	if _, err := b.command(t.Context(), ".", "./thing"); err == nil || !strings.Contains(err.Error(), `cannot build "./thing"`) {
		t.Errorf("what does not compile gives %v, want that it cannot be built", err)
	}
}

// TestStubIsPartOfTheKey: what is left out decides what is built, too.
func TestStubIsPartOfTheKey(t *testing.T) {
	b, _, _ := testBuilder(t, goodMain)
	seen := map[string]string{}
	for name, s := range map[string]source{
		"Whole":       {folder: "thing", target: "."},
		"Without":     {folder: "thing", target: ".", without: &stub{module: "example.org/m", folder: "a", file: "go.mod"}},
		"OtherFolder": {folder: "thing", target: ".", without: &stub{module: "example.org/m", folder: "b", file: "go.mod"}},
	} {
		key, err := b.key(s)
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s are kept under the same key", name, other)
		}
		seen[key] = name
	}
}

func TestBrokenBuildNamesTheComponent(t *testing.T) {
	b, _, _ := testBuilder(t, badMain)
	thing := source{folder: "thing", target: "."}
	_, err := b.program(t.Context(), thing)
	for _, want := range []string{`cannot build "thing"`, "nothing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a broken build gives %q, want that to contain %q", err, want)
		}
	}
	if _, err := b.program(t.Context(), thing); err == nil {
		t.Error("after a broken build there is a program, want none")
	}
}

// TestWaitingForAnotherBuildEnds: who waits for another program to build is told so, and
// may give up.
func TestWaitingForAnotherBuildEnds(t *testing.T) {
	b, _, printed := testBuilder(t, goodMain)
	other := &builder{components: b.components, cache: b.cache, tmp: b.tmp, progress: b.progress}
	done, err := other.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := b.program(ctx, source{folder: "thing", target: "."})
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("it does not wait for the other one: %v", err)
	case <-time.After(2 * quiet):
	}
	cancel(errClosed)
	select {
	case err := <-ended:
		if !errors.Is(err, errClosed) {
			t.Errorf("it ends with %v, want %v", err, errClosed)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits on after its context has ended")
	}
	if want := "waiting for another program that builds"; !strings.Contains(printed.String(), want) {
		t.Errorf("nobody is told why it takes long: %q", printed)
	}
	done()
	if _, err := b.program(t.Context(), source{folder: "thing", target: "."}); err != nil {
		t.Errorf("it does not build when the other one has: %v", err)
	}
}
