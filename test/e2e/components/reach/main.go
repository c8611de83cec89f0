// Command reach runs a program in a world of its own, as far as that is asked for. Who
// starts it makes the namespaces for that.
//
//	reach [-socket FD -listen ADDRESS,...] [-tmp FOLDER -keep FOLDER] -- PROGRAM [ARGUMENT...]
//
// With -listen it is in a network of its own, in which these host:port addresses answer
// as they do outside: it brings up the loopback interface, listens on them, and sends
// the listeners through an inherited Unix socket to whoever accepts what connects to
// them. With -tmp it has mounts of its own, in which that folder is /tmp, with
// nothing of the other one but a folder to keep. Then it becomes the program, which dies with the
// thread that started it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	fmt.Fprintln(os.Stderr, "reach:", run())
	os.Exit(1)
}

// run returns only when it could not become the program.
func run() error {
	parent := os.Getppid()
	socket := flag.Int("socket", 0, "number of the socket that takes the listeners")
	addresses := flag.String("listen", "", "addresses, with commas")
	tmp := flag.String("tmp", "", "folder that becomes /tmp")
	keep := flag.String("keep", "", "folder that stays where it is")
	flag.Parse()
	program := flag.Args()
	if len(program) == 0 {
		return errors.New("usage: reach [-socket FD -listen ADDRESS,...] [-tmp FOLDER -keep FOLDER] -- PROGRAM [ARGUMENT...]")
	}
	// Held by this descriptor, it is found also when it stands in the old /tmp.
	file, err := unix.Open(program[0], unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot find %q: %w", program[0], err)
	}
	if *addresses != "" {
		if err := answer(strings.Split(*addresses, ","), *socket); err != nil {
			return err
		}
	}
	if *tmp != "" {
		if err := ownTmp(*tmp, *keep); err != nil {
			return fmt.Errorf("cannot have a /tmp of its own: %w", err)
		}
	}
	// The parent-death signal is of a thread, and this may be another one than that for
	// which it was set.
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("cannot die with the parent: %w", err)
	}
	if os.Getppid() != parent {
		return errors.New("the parent is gone")
	}
	if err := unix.Exec(fmt.Sprintf("/proc/self/fd/%d", file), program, os.Environ()); err != nil {
		return fmt.Errorf("cannot run %q: %w", program[0], err)
	}
	return nil
}

// answer listens on the addresses and hands the listeners over.
func answer(addresses []string, socket int) error {
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("cannot bring up the loopback interface: %w", err)
	}
	var listeners []int
	for _, address := range addresses {
		fd, err := listen(address)
		if err != nil {
			return fmt.Errorf("cannot listen on %q: %w", address, err)
		}
		listeners = append(listeners, fd)
	}
	// One byte goes with them, as a message without any is none.
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(listeners...), nil, 0); err != nil {
		return fmt.Errorf("cannot hand over the listeners: %w", err)
	}
	unix.CloseOnExec(socket)
	return nil
}

// listen returns the descriptor of a listener, which the program does not inherit.
func listen(address string) (int, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return 0, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return 0, fmt.Errorf("not TCP but %T", l)
	}
	file, err := tcp.File()
	if err != nil {
		return 0, err
	}
	// Not by the file, which would be closed once nobody holds it.
	return unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
}

// loopbackUp sets the flag that lets the interface carry anything.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// ownTmp puts a folder in the place of /tmp, and one of the old /tmp back where it was.
func ownTmp(tmp, keep string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("cannot keep mounts to itself: %w", err)
	}
	// Held by this descriptor, it can be found when its path no longer leads there.
	folder, err := unix.Open(keep, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot open %q: %w", keep, err)
	}
	if err := unix.Mount(tmp, "/tmp", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("cannot mount %q: %w", tmp, err)
	}
	if !strings.HasPrefix(keep, "/tmp/") {
		return nil
	}
	if err := os.MkdirAll(keep, 0o700); err != nil {
		return err
	}
	if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", folder), keep, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("cannot keep %q: %w", keep, err)
	}
	return nil
}
