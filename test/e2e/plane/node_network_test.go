package plane

import "testing"

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
