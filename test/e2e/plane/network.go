package plane

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// isolation is a network namespace with nothing but a loopback interface, and
// the listeners in it that carry connections out to this host. It is anonymous:
// the kernel removes it with its last process and socket.
type isolation struct {
	listeners []net.Listener
}

// isolateThread moves the calling thread, which the goroutine must have locked,
// into a new network namespace, where each address answers as it does outside.
// It needs CAP_SYS_ADMIN.
func isolateThread(addresses []string) (*isolation, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("cannot make a network namespace (root is needed): %w", err)
	}
	if err := loopbackUp(); err != nil {
		return nil, fmt.Errorf("cannot bring up the loopback interface of a network namespace: %w", err)
	}
	n := &isolation{}
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			n.close()
			return nil, fmt.Errorf("cannot listen on %q in a network namespace: %w", address, err)
		}
		n.listeners = append(n.listeners, l)
		// The listener belongs to the new namespace; goroutines run on threads
		// of the old one, so what they dial is outside.
		go forward(l, address)
	}
	return n, nil
}

// close stops carrying new connections.
func (n *isolation) close() {
	for _, l := range n.listeners {
		_ = l.Close()
	}
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

// forward carries every connection that l accepts to address, until l closes.
func forward(l net.Listener, address string) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			out, err := net.Dial("tcp", address)
			if err != nil {
				_ = in.Close()
				return
			}
			splice(in, out)
		}()
	}
}

// splice copies both ways until both are done, and closes both.
func splice(a, b net.Conn) {
	var both sync.WaitGroup
	one := func(to, from net.Conn) {
		// The end of one direction must reach the other side as such.
		_, _ = io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
	both.Go(func() { one(a, b) })
	both.Go(func() { one(b, a) })
	both.Wait()
	_ = a.Close()
	_ = b.Close()
}

// Ports are taken from below those that the kernel gives to outgoing connections
// (net.ipv4.ip_local_port_range): one of those may be in use again before a component
// listens on it.
const (
	firstPort = 20000
	lastPort  = 32000
)

// freePorts returns n loopback TCP ports that nobody listens on. All are held
// until the last one is known, so they differ.
func freePorts(n int) ([]int, error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	ports := make([]int, 0, n)
	// Another plane may start at the same time: it begins somewhere else.
	for _, offset := range rand.Perm(lastPort - firstPort) {
		port := firstPort + offset
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		held = append(held, l)
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("cannot find %d free ports between %d and %d", n, firstPort, lastPort)
}
