package plane

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

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

// freePorts returns n loopback TCP ports that nobody listens on and that no other plane
// is given, until this one is closed: what is to listen starts seconds later.
func (p *Plane) freePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for _, offset := range rand.Perm(lastPort - firstPort) {
		port := firstPort + offset
		reserved, err := reserve(fmt.Sprintf("port-%d", port))
		if err != nil {
			return nil, err
		}
		if reserved == nil {
			continue
		}
		p.onClose(reserved.Close)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		_ = l.Close()
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("cannot find %d free ports between %d and %d", n, firstPort, lastPort)
}

// reserve takes a name for this process among all that start planes on this machine, and
// returns nil when another one has it. It is the name of a socket without a file, which
// the kernel takes back when the process ends.
func reserve(name string) (net.Listener, error) {
	l, err := net.Listen("unix", "@gatehouse-"+name)
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, nil //nolint:nilnil // that is what the name of the result says
	}
	if err != nil {
		return nil, fmt.Errorf("cannot reserve %q: %w", name, err)
	}
	return l, nil
}
