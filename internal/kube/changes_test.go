package kube

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// rings waits for the bell.
func rings(t *testing.T, bell <-chan struct{}, why string) {
	t.Helper()
	select {
	case <-bell:
	case <-time.After(30 * time.Second):
		t.Fatalf("want the bell to ring: %s", why)
	}
}

func TestChanges(t *testing.T) {
	grants := servedKind{schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1beta1", Kind: "ReferenceGrant"}, "referencegrants", false}
	s := serve(t, gateways, grants)
	s.put(gateways, "a", "g", nil)
	s.put(grants, "a", "x", nil)
	c := s.client(t, Config{})
	if got, err := c.Version(t.Context()); err != nil || got != "v1.36.3" {
		t.Errorf("want the version, got %q %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	newer := grants.GroupVersionKind
	newer.Version = "v1"
	bell := c.Changes(ctx, []schema.GroupVersionKind{
		gateways.GroupVersionKind, newer, grants.GroupVersionKind, // of a kind, the version that is served
		{Group: "example.org", Version: "v1", Kind: "Missing"},
	})
	eventually(t, "a watch of each kind that is served", func() bool { return s.open() == 2 })
	rings(t, bell, "what is there is news at first")
	drain(bell)
	s.put(gateways, "b", "h", nil)
	rings(t, bell, "an object is new")
	drain(bell)
	s.remove(grants, "a", "x")
	rings(t, bell, "an object is gone")
	cancel()
	eventually(t, "all watches to end with the context", func() bool { return s.open() == 0 })
}

// drain empties the bell: one change may have rung it while it was heard.
func drain(bell <-chan struct{}) {
	select {
	case <-bell:
	default:
	}
}
