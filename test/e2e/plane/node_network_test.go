package plane

import (
	"slices"
	"testing"
)

// TestNodeNetworksDiffer: planes that start at the same time get different networks,
// before anything of them is to be seen.
func TestNodeNetworksDiffer(t *testing.T) {
	first, err := newNodeNetwork()
	if err != nil {
		t.Fatal(err)
	}
	second, err := newNodeNetwork()
	if err != nil {
		t.Fatal(err)
	}
	if first.host == second.host || first.link == second.link {
		t.Errorf("two networks are the same: %s %s, %s %s", first.host, first.link, second.host, second.link)
	}
	for _, n := range []*nodeNetwork{first, second} {
		if err := n.taken.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestPortsDiffer: two planes are never given the same port, though nobody listens yet.
func TestPortsDiffer(t *testing.T) {
	one, other := &Plane{}, &Plane{}
	for _, p := range []*Plane{one, other} {
		t.Cleanup(func() {
			for _, c := range p.closers {
				_ = c()
			}
		})
	}
	// So many that some would be the same by chance.
	first, err := one.freePorts(300)
	if err != nil {
		t.Fatal(err)
	}
	second, err := other.freePorts(300)
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range second {
		if slices.Contains(first, port) {
			t.Errorf("port %d is given twice", port)
		}
	}
}
