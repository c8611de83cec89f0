package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// nobody is the user that owns nothing.
const nobody = 65534

// asNobody runs "$@" as a user without any rights, who sees what it needs of root's
// files in a file system that only this process and its children have.
const asNobody = `set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 none /mnt
mkdir /mnt/home /mnt/repository /mnt/programs /mnt/modules /mnt/go
touch /mnt/test
chown $NOBODY:$NOBODY /mnt/home
mount --bind "$TEST" /mnt/test
mount --bind "$REPOSITORY" /mnt/repository
mount --bind "$PROGRAMS" /mnt/programs
mount --bind "$MODULES" /mnt/modules
mount --bind "$TOOLCHAIN" /mnt/go
cd /mnt/repository/test/e2e
exec setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs /mnt/test "$@"`

// makeNobody changes a command that runs this program as root into one that a user
// without any rights runs. Who is not root has none anyway.
func makeNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	root, err := modules.Root()
	if err != nil {
		t.Fatal(err)
	}
	programs := os.Getenv(plane.CacheVariable)
	if programs == "" {
		programs = filepath.Join(root, ".cache", "components")
	}
	folders := strings.Fields(output(t, "go", "env", "GOMODCACHE", "GOROOT"))
	if len(folders) != 2 {
		t.Fatalf("cannot read the folders of Go in %q", folders)
	}
	program, err := filepath.Abs(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args = shell, append([]string{"sh", "-c", asNobody}, cmd.Args...)
	cmd.Env = []string{
		"PATH=/mnt/go/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/mnt/home", "GOTOOLCHAIN=local", "GOFLAGS=-mod=readonly",
		"GOPROXY=" + strings.TrimSpace(output(t, "go", "env", "GOPROXY")),
		"GOMODCACHE=/mnt/modules", plane.CacheVariable + "=/mnt/programs",
		"NOBODY=" + strconv.Itoa(nobody), "TEST=" + program, "REPOSITORY=" + root, "PROGRAMS=" + programs, "MODULES=" + folders[0], "TOOLCHAIN=" + folders[1],
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
}

// ownedByNobody checks whose the processes are, which are folders of /proc.
func ownedByNobody(t *testing.T, processes map[string]string) {
	t.Helper()
	for folder, line := range processes {
		info, err := os.Stat(folder)
		if err != nil {
			t.Error(err)
			continue
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || os.Geteuid() == 0 && owner.Uid != nobody {
			t.Errorf("user %d runs %q, want %d", owner.Uid, line, nobody)
		}
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("cannot run %s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}
