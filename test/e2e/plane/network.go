package plane

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
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
