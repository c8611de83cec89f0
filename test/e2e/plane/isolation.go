package plane

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// reach is the program that runs others in a network of their own: see
// components/reach. What uses command.reach needs it.
func reach() component {
	return component{name: reachName, source: &source{folder: "reach", target: ".", env: "CGO_ENABLED=0"}}
}

const reachName = "reach"

// reachSocket is the number of the socket in the started process: the first one after
// the standard ones.
const reachSocket = 3

// isolation is what carries connections out of a network namespace. It is anonymous:
// the kernel removes it with its last process and socket.
type isolation struct {
	addresses []string
	ours      *os.File // takes the listeners of the process
	theirs    *os.File
	listeners []net.Listener
}

// isolate has cmd start in a network namespace with nothing but a loopback interface,
// by a command line of program reach. Root needs nothing else; for everybody else the
// namespace belongs to a user namespace of their own, in which they may configure it.
func isolate(cmd *exec.Cmd, addresses []string) (*isolation, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot make a pair of sockets: %w", err)
	}
	i := &isolation{addresses: addresses, ours: os.NewFile(uintptr(pair[0]), "listeners"), theirs: os.NewFile(uintptr(pair[1]), "listeners")}
	cmd.ExtraFiles = []*os.File{i.theirs}
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return i, nil
}

// reachArgs is the command line that makes program reach become another one.
func reachArgs(addresses []string, path string, args []string) []string {
	line := append([]string{fmt.Sprint(reachSocket)}, addresses...)
	return append(append(line, "--", path), args...)
}

// receive takes the listeners of the process, which was started, and carries what
// connects to them to the same addresses of this host until close.
func (i *isolation) receive() error {
	// Else the end of the process would not end what is read here.
	_ = i.theirs.Close()
	rights := make([]byte, unix.CmsgSpace(4*len(i.addresses)))
	_, n, _, _, err := unix.Recvmsg(int(i.ours.Fd()), make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
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

// explainNamespaces adds to why a process has no network of its own what to do about
// it, for those who may not just make one.
func explainNamespaces(err error) error {
	if os.Geteuid() == 0 {
		return fmt.Errorf("cannot give it a network of its own: %w", err)
	}
	advice := namespaceAdvice(os.DirFS("/proc/sys"))
	if advice == "" {
		advice = "no setting of the kernel forbids it; in a container its seccomp profile may"
	}
	return fmt.Errorf("cannot give it a network of its own, for which users other than root need user namespaces (%s): %w", advice, err)
}
