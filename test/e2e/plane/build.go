package plane

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// source says how a component's program is built.
type source struct {
	folder  string // below test/e2e/components: the module that pins it
	target  string // the package to build, seen from there; "." for its own main
	ldflags string // passed to the linker besides -s -w
	tags    string // build tags, with commas
	cgo     bool   // whether it needs C. The others share what is compiled without
	without *stub  // a package that is not compiled; nil: all are
}

// cacheFolder is where its programs are kept: one for each target of a module.
func (s source) cacheFolder() string {
	if s.target == "." {
		return s.folder
	}
	return filepath.Join(s.folder, path.Base(s.target))
}

// builder builds programs from source into a cache that outlives the run.
type builder struct {
	root       string // of the repository
	components string // the folder test/e2e/components
	cache      string // where programs are kept, one folder per source
	tmp        string // for the compiler's intermediate files
	progress   *progress
	turn       sync.Mutex // held by the one that builds, or waits for another program
}

// program returns the path of the built program, building it when the cache has
// none of the same inputs.
func (b *builder) program(ctx context.Context, s source) (string, error) {
	key, err := b.key(s)
	if err != nil {
		return "", fmt.Errorf("cannot build %q: %w", s.folder, err)
	}
	dir := filepath.Join(b.cache, s.cacheFolder())
	path := filepath.Join(dir, key)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	done, err := b.take(ctx)
	if err != nil {
		return "", fmt.Errorf("cannot build %q: %w", s.folder, err)
	}
	defer done()
	// Another program may have built it while this one waited.
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("cannot remove the outdated program of %q: %w", s.folder, err)
	}
	built := b.progress.step("building " + s.cacheFolder())
	err = b.build(ctx, s, path)
	built(err)
	if err != nil {
		return "", fmt.Errorf("cannot build %q: %w", s.folder, err)
	}
	return path, nil
}

// build runs the compiler and moves its result to path in one step, so a broken
// build leaves nothing that looks like a program.
func (b *builder) build(ctx context.Context, s source, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	flags := strings.TrimSpace("-s -w " + s.ldflags)
	partial := path + ".partial"
	job := compilation{dir: filepath.Join(b.components, s.folder), target: s.target, ldflags: flags, tags: s.tags, cgo: s.cgo, out: partial, tmp: b.tmp}
	if s.without != nil {
		dir, err := os.MkdirTemp(b.tmp, "stub-")
		if err != nil {
			return fmt.Errorf("cannot make a folder for a module: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if job.modfile, err = s.without.modfile(ctx, job.dir, dir); err != nil {
			return err
		}
	}
	if err := job.run(ctx); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

// command returns the path of a built command of the repository. Whether it is that of
// the source as it is now, go sees itself.
func (b *builder) command(ctx context.Context, module, pkg string) (string, error) {
	done, err := b.take(ctx)
	if err != nil {
		return "", fmt.Errorf("cannot build %q: %w", pkg, err)
	}
	defer done()
	out := filepath.Join(b.root, ".cache", "bin", path.Base(pkg))
	built := b.progress.step("building " + path.Base(pkg))
	err = compilation{dir: filepath.Join(b.root, module), target: pkg, ldflags: "-s -w", out: out, tmp: b.tmp}.run(ctx)
	built(err)
	if err != nil {
		return "", fmt.Errorf("cannot build %q: %w", pkg, err)
	}
	return out, nil
}

// compilation is one run of the Go compiler.
type compilation struct {
	dir     string // of the module
	target  string // the package to compile, seen from dir
	ldflags string // for the linker
	tags    string // build tags
	cgo     bool   // compile C too
	out     string // the program to write
	tmp     string // for intermediate files
	modfile string // takes the place of go.mod; empty: it does not
}

// run compiles. It is nice to everything else on the machine, and ends with ctx
// or with this process, whichever is first.
func (c compilation) run(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "nice", "go", "build", "-buildvcs=false", "-trimpath", "-tags", c.tags, "-ldflags", c.ldflags, "-o", c.out, "-modfile="+c.modfile, c.target)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "GOTMPDIR="+c.tmp, "CGO_ENABLED=0")
	if c.cgo {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=1")
	}
	// The compiler's own children belong to its process group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// See startProcess: the signal comes when this thread ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot compile %q in %q: %w\n%s", c.target, c.dir, err, text)
	}
	return nil
}

// key names the program by everything that decides its bytes: the files of its
// module folder, how it is built, and the compiler.
func (b *builder) key(s source) (string, error) {
	hash := sha256.New()
	_, _ = fmt.Fprintln(hash, runtime.Version(), runtime.GOOS, runtime.GOARCH, s.target, s.ldflags, s.tags, s.cgo)
	if s.without != nil {
		_, _ = fmt.Fprintln(hash, *s.without)
	}
	root := filepath.Join(b.components, s.folder)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(hash, "%q %x\n", name, sha256.Sum256(data))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("cannot read the module folder %q: %w", root, err)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}
