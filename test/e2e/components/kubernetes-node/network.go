package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// network configures the node's end of the pair that leads to the host.
func network(c config) error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("cannot find the loopback interface: %w", err)
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return fmt.Errorf("cannot bring up the loopback interface: %w", err)
	}
	link, err := interfaceNamed(c.Interface)
	if err != nil {
		return err
	}
	address, err := netlink.ParseAddr(c.Address)
	if err != nil {
		return fmt.Errorf("cannot parse the address %q: %w", c.Address, err)
	}
	if err := netlink.AddrAdd(link, address); err != nil {
		return fmt.Errorf("cannot give %q to %q: %w", c.Address, c.Interface, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("cannot bring up %q: %w", c.Interface, err)
	}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: net.ParseIP(c.Gateway)}); err != nil {
		return fmt.Errorf("cannot route to %q: %w", c.Gateway, err)
	}
	// Between the host and the pods.
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600); err != nil {
		return fmt.Errorf("cannot forward packets: %w", err)
	}
	return nil
}

// patience is how long the host may take to hand over the interface, and a program
// to make its socket.
const patience = 30 * time.Second

// interfaceNamed waits for an interface: the host can only move it into a network
// namespace that exists, and so after this process was started.
func interfaceNamed(name string) (netlink.Link, error) {
	deadline := time.Now().Add(patience)
	for {
		link, err := netlink.LinkByName(name)
		if err == nil {
			return link, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("cannot find interface %q: %w", name, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// await returns once the socket accepts connections; at once when there is none.
func await(socket string, pid int) error {
	if socket == "" {
		return nil
	}
	deadline := time.Now().Add(patience)
	for {
		c, err := net.Dial("unix", socket)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("nothing answers at %q: %w", socket, err)
		}
		if syscall.Kill(pid, 0) != nil {
			return errors.New("it has ended")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
