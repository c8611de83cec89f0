package plane

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// nodeInterface is the node's end of the pair, in its own network namespace.
const nodeInterface = "uplink"

// nodeNetwork is a veth pair between this host and a node, and the addresses of what
// is behind it. Both ends go when the node's namespace does.
type nodeNetwork struct {
	host, node string // the ends
	pods       string // the subnet of pods, routed through the node
	link       string // the host's end
	init       int    // the first process of the node, once it is connected
	listeners  []net.Listener
	taken      net.Listener // keeps others from choosing the same
}

// newNodeNetwork chooses addresses that nothing on this host uses, and nobody else who
// starts a plane at the same time, until taken is closed. They are of the range for
// benchmarks (RFC 2544), which no network routes.
func newNodeNetwork() (*nodeNetwork, error) {
	used, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("cannot list this host's addresses: %w", err)
	}
	for third := range 256 {
		host := fmt.Sprintf("198.18.%d.1", third)
		taken := slices.ContainsFunc(used, func(a netlink.Addr) bool { return a.Contains(net.ParseIP(host)) })
		if taken {
			continue
		}
		link := fmt.Sprintf("gatehouse%d", third)
		reserved, err := reserve(link)
		if err != nil {
			return nil, err
		}
		if reserved == nil {
			continue
		}
		return &nodeNetwork{
			host: host, node: fmt.Sprintf("198.18.%d.2", third),
			pods: fmt.Sprintf("198.18.%d.128/25", third), link: link, taken: reserved,
		}, nil
	}
	return nil, errors.New("cannot find a free network for the node: 198.18.0.0/16 is taken")
}

// api is the URL of the API server for what is on the node.
func (n *nodeNetwork) api() string {
	return "https://" + net.JoinHostPort(n.node, strconv.Itoa(servicePort))
}

// connect gives the node of a process its end of the pair, and carries connections to
// some of its ports to addresses of this host.
func (n *nodeNetwork) connect(pid int, forwards map[int]string) error {
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: n.link}, PeerName: nodeInterface, PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("cannot make the interface of the node: %w", err)
	}
	link, err := netlink.LinkByName(n.link)
	if err != nil {
		return fmt.Errorf("cannot find the interface of the node: %w", err)
	}
	address, err := netlink.ParseAddr(n.host + "/30")
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, address); err != nil {
		return fmt.Errorf("cannot give %q an address: %w", n.link, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("cannot bring up %q: %w", n.link, err)
	}
	_, pods, err := net.ParseCIDR(n.pods)
	if err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: pods, Gw: net.ParseIP(n.node)}); err != nil {
		return fmt.Errorf("cannot route to the pods: %w", err)
	}
	n.init = pid
	return n.forward(pid, forwards)
}

// forward listens inside the node's network namespace. What it dials is outside, as
// goroutines run on threads of this host.
func (n *nodeNetwork) forward(pid int, forwards map[int]string) error {
	var err error
	var done sync.WaitGroup
	done.Go(func() {
		// Never unlocked: a thread that left the common namespace is of no other use.
		runtime.LockOSThread()
		err = enterNetwork(pid)
		for port, address := range forwards {
			if err != nil {
				return
			}
			var l net.Listener
			if l, err = net.Listen("tcp", net.JoinHostPort("0.0.0.0", strconv.Itoa(port))); err == nil {
				n.listeners = append(n.listeners, l)
				go forward(l, address)
			}
		}
	})
	done.Wait()
	if err != nil {
		return fmt.Errorf("cannot listen in the network of the node: %w", err)
	}
	return nil
}

// enterNetwork moves the calling thread into the network namespace of a process.
func enterNetwork(pid int) error {
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Setns(fd, unix.CLONE_NEWNET)
}

// close ends what the node's processes do not end: listeners hold its namespace.
func (n *nodeNetwork) close() error {
	for _, l := range n.listeners {
		_ = l.Close()
	}
	link, err := netlink.LinkByName(n.link)
	if err != nil {
		return nil //nolint:nilerr // it is gone with the namespace, as it should
	}
	return netlink.LinkDel(link)
}
