// Command reach runs a program in a network of its own that was made for it, in which
// some addresses answer as they do outside.
//
//	reach SOCKET ADDRESS... -- PROGRAM [ARGUMENT...]
//
// It brings up the loopback interface, listens on every host:port address, and sends
// the listeners through the inherited Unix socket of that number to whoever accepts
// what connects to them. Then it becomes the program.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

const usage = "usage: reach SOCKET ADDRESS... -- PROGRAM [ARGUMENT...]"

func main() {
	fmt.Fprintln(os.Stderr, "reach:", run(os.Args[1:]))
	os.Exit(1)
}

// run returns only when it could not become the program.
func run(args []string) error {
	end := slices.Index(args, "--")
	if end < 1 || end == len(args)-1 {
		return errors.New(usage)
	}
	socket, err := strconv.Atoi(args[0])
	if err != nil {
		return errors.New(usage)
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("cannot bring up the loopback interface: %w", err)
	}
	var listeners []int
	for _, address := range args[1:end] {
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
	program := args[end+1:]
	if err := unix.Exec(program[0], program, os.Environ()); err != nil {
		return fmt.Errorf("cannot run %q: %w", program[0], err)
	}
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
