package kube

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var gateways = servedKind{schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "Gateway"}, "gateways", false}

// Of the requests for Gateways of namespace a, those that watch and those that list.
const (
	path   = "GET /apis/gateway.networking.k8s.io/v1/namespaces/a/gateways?"
	aWatch = "watch=true"
	aList  = "resourceVersion="
)

// next waits for a state.
func next(t *testing.T, states <-chan *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	select {
	case obj, open := <-states:
		if !open {
			t.Fatal("the channel is closed")
		}
		return obj
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
	}
	return nil
}

// until waits for a state in which spec.n is the number; -1 for an object that is gone.
func until(t *testing.T, states <-chan *unstructured.Unstructured, n int64) {
	t.Helper()
	for {
		obj := next(t, states)
		if obj == nil {
			if n == -1 {
				return
			}
			continue
		}
		if got, _, _ := unstructured.NestedInt64(obj.Object, "spec", "n"); got == n {
			return
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 30s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func n(i int) map[string]any { return map[string]any{"n": int64(i)} }

func TestWatch(t *testing.T) {
	s := serve(t, gateways)
	c := s.client(t, Config{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	states, err := c.Watch(ctx, gateways.GroupVersionKind, "a", "g")
	if err != nil {
		t.Fatal(err)
	}
	if obj := next(t, states); obj != nil {
		t.Fatalf("want nil for an object that does not exist, got %v", obj)
	}
	s.put(gateways, "a", "g", n(1))
	until(t, states, 1)
	s.put(gateways, "a", "other", n(7))
	s.put(gateways, "b", "g", n(8))
	s.put(gateways, "a", "g", n(2))
	if obj := next(t, states); obj.GetNamespace() != "a" || obj.GetName() != "g" {
		t.Errorf("want nothing of other objects, got %v", obj)
	}
	s.remove(gateways, "a", "g")
	until(t, states, -1)

	// Who comes later gets what is there, by the same connection.
	s.put(gateways, "a", "g", n(3))
	until(t, states, 3)
	second, err := c.Watch(ctx, gateways.GroupVersionKind, "a", "g")
	if err != nil {
		t.Fatal(err)
	}
	until(t, second, 3)
	if got := s.asked(path, aWatch); got != 1 {
		t.Errorf("want one watch for both, got %d", got)
	}
	cancel()
	eventually(t, "the channel is closed", func() bool {
		select {
		case _, open := <-states:
			return !open
		default:
			return false
		}
	})
}

// Who does not read hears the newest state in the end, and keeps nobody else from
// hearing theirs.
func TestWatchLatestWins(t *testing.T) {
	s := serve(t, gateways)
	c := s.client(t, Config{})
	slow, err := c.Watch(t.Context(), gateways.GroupVersionKind, "a", "g")
	if err != nil {
		t.Fatal(err)
	}
	fast, err := c.Watch(t.Context(), gateways.GroupVersionKind, "a", "g")
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 500; i++ {
		s.put(gateways, "a", "g", n(i))
	}
	until(t, fast, 500)
	if got, _, _ := unstructured.NestedInt64(next(t, slow).Object, "spec", "n"); got != 500 {
		t.Errorf("want the newest state only, got %d", got)
	}
}

// A watch that breaks goes on where it was; where the API server has forgotten that,
// it begins with a new list, and tells only what has changed.
func TestWatchReconnects(t *testing.T) {
	for name, forget := range map[string]bool{"GoesOn": false, "Gone": true} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, gateways)
			c := s.client(t, Config{})
			s.put(gateways, "a", "gone", n(1))
			states, err := c.Watch(t.Context(), gateways.GroupVersionKind, "a", "g")
			if err != nil {
				t.Fatal(err)
			}
			gone, err := c.Watch(t.Context(), gateways.GroupVersionKind, "a", "gone")
			if err != nil {
				t.Fatal(err)
			}
			until(t, gone, 1)
			eventually(t, "a watch is open", func() bool { return s.open() == 1 })
			s.set(func() { s.down = true })
			s.cut(forget)
			s.put(gateways, "a", "g", n(2))
			s.remove(gateways, "a", "gone")
			s.cut(forget)
			s.set(func() { s.down = false })
			until(t, states, 2)
			until(t, gone, -1)
			if lists := s.asked(path, aList) - s.asked(path, aWatch); forget && lists < 2 {
				t.Errorf("want a new list, got %d", lists)
			}
		})
	}
}

// Thousands wait by one connection, and cost no goroutine each.
func TestWatchersShare(t *testing.T) {
	const many = 5000
	s := serve(t, gateways)
	c := s.client(t, Config{})
	// The first call leaves what is kept on purpose, such as connections.
	warm, stop := context.WithCancel(context.Background())
	if _, err := c.Watch(warm, gateways.GroupVersionKind, "a", "g"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first watch is open", func() bool { return s.open() == 1 })
	stop()
	eventually(t, "the first watch has ended", func() bool { return s.open() == 0 })
	before := runtime.NumGoroutine()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all []<-chan *unstructured.Unstructured
	for i := range many {
		states, err := c.Watch(ctx, gateways.GroupVersionKind, "a", fmt.Sprintf("g%d", i%10))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, states)
	}
	if got := runtime.NumGoroutine() - before; got > 50 {
		t.Errorf("want no goroutine for each of %d watches, got %d", many, got)
	}
	for i := range 10 {
		s.put(gateways, "a", fmt.Sprintf("g%d", i), n(1))
	}
	for _, states := range all {
		until(t, states, 1)
	}
	if got := s.asked(path, aWatch); got != 2 {
		t.Errorf("want one watch for all and the first, got %d", got)
	}
	cancel()
	eventually(t, "all have left", func() bool {
		c.hub.mu.Lock()
		defer c.hub.mu.Unlock()
		return len(c.hub.feeds) == 0
	})
	eventually(t, "the watch has ended", func() bool { return s.open() == 0 })
	eventually(t, "the goroutines have ended", func() bool { return runtime.NumGoroutine() <= before+5 })
}

func TestWatchRefuses(t *testing.T) {
	s := serve(t, gateways)
	c := s.client(t, Config{})
	if _, err := c.Watch(t.Context(), schema.GroupVersionKind{Group: "devopstoolkit.ai", Version: "v2", Kind: "Cluster"}, "a", "c"); !meta.IsNoMatchError(err) {
		t.Errorf("want a kind that is not served to be told, got %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Watch(ended, gateways.GroupVersionKind, "a", "g"); !errors.Is(err, context.Canceled) {
		t.Errorf("want the end of the caller to be told, got %v", err)
	}
	s.set(func() { s.forbidden["gateways"] = true })
	if _, err := c.Watch(t.Context(), gateways.GroupVersionKind, "a", "g"); !apierrors.IsForbidden(err) {
		t.Errorf("want a forbidden kind to be told, got %v", err)
	}
	s.set(func() { s.forbidden["gateways"] = false })
	states, err := c.Watch(t.Context(), gateways.GroupVersionKind, "a", "g")
	if err != nil {
		t.Fatalf("want a later watch to work, got %v", err)
	}
	next(t, states)

	// What is forbidden later ends the watch: nothing will come any more.
	s.set(func() { s.forbidden["gateways"] = true })
	s.cut(true)
	eventually(t, "the channel is closed", func() bool {
		select {
		case _, open := <-states:
			return !open
		default:
			return false
		}
	})
}

func TestWatchUnreachable(t *testing.T) {
	s := serve(t, gateways)
	c := s.client(t, Config{Timeout: 2 * time.Second})
	if _, err := c.resource(t.Context(), gateways.GroupVersionKind, "a"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err := c.Watch(t.Context(), gateways.GroupVersionKind, "a", "g")
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), s.URL) {
		t.Errorf("want ErrUnreachable with the address, got %v", err)
	}
}

func BenchmarkTell(b *testing.B) {
	h := newHub()
	f := &feed{}
	for i := range 10000 {
		f = h.join(feedKey{gateways.GroupVersionKind, "a"}, fmt.Sprintf("g%d", i%100), func(*feed) {}).feed
	}
	f.replace(nil)
	obj := &unstructured.Unstructured{}
	b.ReportAllocs()
	for b.Loop() {
		f.set("g1", obj)
	}
}
