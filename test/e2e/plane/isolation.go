package plane

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// reach is the program that runs others in a network, or with a /tmp, of their own: see
// components/reach. What uses command.reach or command.ownTmp needs it.
func reach() component {
	return component{name: reachName, source: &source{folder: "reach", target: "."}}
}

const reachName = "reach"

// reachSocket is the number of the socket in the started process: the first one after
// the standard ones.
const reachSocket = 3

// isolation is what carries connections out of a network namespace. That is anonymous:
// the kernel removes it with its last process and socket. Nil carries nothing.
type isolation struct {
	addresses []string
	ours      *os.File // takes the listeners of the process
	theirs    *os.File
	listeners []net.Listener
}

// isolated tells whether the program runs in namespaces of its own, by program reach.
func (c command) isolated() bool { return c.reach != nil || c.ownTmp != "" }

// line is the command line that is run: that of the program, or of reach, which becomes
// the program.
func (c command) line() (path string, args []string) {
	if !c.isolated() {
		return c.path, c.args
	}
	if c.reach != nil {
		args = append(args, "-socket", strconv.Itoa(reachSocket), "-listen", strings.Join(c.reach, ","))
	}
	if c.ownTmp != "" {
		args = append(args, "-tmp", filepath.Join(c.ownTmp, "tmp"), "-keep", c.ownTmp)
	}
	args = append(args, "--", c.path)
	return c.reachProgram, append(args, c.args...)
}

// isolate has c start in the namespaces that cmd asks for: a network with nothing but a
// loopback interface, or mounts. Root needs nothing else; for everybody else they belong
// to a user namespace of their own, in which they may configure them.
func isolate(c *exec.Cmd, cmd command) (*isolation, error) {
	if os.Geteuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if cmd.ownTmp != "" {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNS
	}
	if cmd.reach == nil {
		return nil, nil //nolint:nilnil // there is nothing to carry
	}
	c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot make a pair of sockets: %w", err)
	}
	i := &isolation{addresses: cmd.reach, ours: os.NewFile(uintptr(pair[0]), "listeners"), theirs: os.NewFile(uintptr(pair[1]), "listeners")}
	c.ExtraFiles = []*os.File{i.theirs}
	return i, nil
}

// receive takes the listeners of the process, which was started, and carries what
// connects to them to the same addresses of this host until close.
func (i *isolation) receive() error {
	if i == nil {
		return nil
	}
	// Else the end of the process would not end what is read here.
	_ = i.theirs.Close()
	rights := make([]byte, unix.CmsgSpace(4*len(i.addresses)))
	_, n, _, _, err := unix.Recvmsg(int(i.ours.Fd()), make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC) //nolint:dogsled // what else it returns says nothing here
	if err != nil {
		return fmt.Errorf("cannot take the listeners: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return errors.Join(errors.New("it did not hand over its listeners"), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != len(i.addresses) {
		return errors.Join(fmt.Errorf("it handed over %d listeners, want %d", len(fds), len(i.addresses)), err)
	}
	for at, fd := range fds {
		file := os.NewFile(uintptr(fd), i.addresses[at])
		l, err := net.FileListener(file)
		_ = file.Close()
		if err != nil {
			return fmt.Errorf("cannot take the listener of %q: %w", i.addresses[at], err)
		}
		i.listeners = append(i.listeners, l)
		// The listener belongs to the other namespace; what is dialled is outside.
		go forward(l, i.addresses[at])
	}
	return nil
}

// close stops carrying new connections, if there is anything to carry.
func (i *isolation) close() {
	if i == nil {
		return
	}
	_, _ = i.ours.Close(), i.theirs.Close()
	for _, l := range i.listeners {
		_ = l.Close()
	}
}

// namespaceAdvice says what stands in the way of network namespaces for people other
// than root, from the files below /proc/sys; nothing when nothing does.
func namespaceAdvice(sys fs.FS) string {
	var wrong []string
	for _, setting := range []struct{ file, off, on string }{
		{"user/max_user_namespaces", "0", "15000"},
		{"user/max_net_namespaces", "0", "15000"},
		// Debian's and Ubuntu's own.
		{"kernel/unprivileged_userns_clone", "0", "1"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", "0"},
	} {
		value, err := fs.ReadFile(sys, setting.file)
		if err == nil && strings.TrimSpace(string(value)) == setting.off {
			wrong = append(wrong, fmt.Sprintf("sysctl -w %s=%s", strings.ReplaceAll(setting.file, "/", "."), setting.on))
		}
	}
	return strings.Join(wrong, "; ")
}

// explainNamespaces adds to why a process has no namespaces of its own what to do about
// it, for those who may not just make one.
func explainNamespaces(err error) error {
	if os.Geteuid() == 0 {
		return fmt.Errorf("cannot give it namespaces of its own: %w", err)
	}
	advice := namespaceAdvice(os.DirFS("/proc/sys"))
	if advice == "" {
		advice = "no setting of the kernel forbids it; in a container its seccomp profile may"
	}
	return fmt.Errorf("cannot give it namespaces of its own, for which others than root need user namespaces (%s): %w", advice, err)
}
