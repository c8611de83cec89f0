package kube

import (
	"context"
	"fmt"
	"maps"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Watch hands out an object as it is now, nil if it does not exist, and again whenever
// it changes; who reads late gets the newest only. The object is shared: it is not the
// reader's to change. The channel is closed when nothing more will come: the context
// has ended, or the kind is no longer served to us.
//
// All watches of a kind in a namespace share one connection, which begins with the
// first and ends with the last. One more watch costs a channel, no goroutine.
// The error wraps ErrUnreachable if nothing answers at first; later that is waited out.
func (c *Client) Watch(ctx context.Context, gvk schema.GroupVersionKind, namespace, name string) (<-chan *unstructured.Unstructured, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("cannot watch %s %q: %w", gvk.Kind, name, context.Cause(ctx))
	}
	resource, err := c.resource(ctx, gvk, namespace)
	if err != nil {
		return nil, fmt.Errorf("cannot watch %s %q: %w", gvk.Kind, name, err)
	}
	w := c.hub.join(feedKey{gvk, namespace}, name, func(f *feed) { f.run(c, resource) }) //nolint:contextcheck // a feed outlives its first waiter
	forget := context.AfterFunc(ctx, func() { c.hub.leave(w) })
	select {
	case <-w.feed.begun:
	case <-ctx.Done():
		return nil, fmt.Errorf("cannot watch %s %q: %w", gvk.Kind, name, context.Cause(ctx))
	}
	if w.feed.err != nil {
		forget() // the caller's context may live on for long
		return nil, fmt.Errorf("cannot watch %s %q: %w", gvk.Kind, name, w.feed.err)
	}
	return w.states, nil
}

// hub holds the feeds that somebody waits for. One lock guards it and all that stands
// in feeds and waiters: nothing that is done under it takes long or waits.
type hub struct {
	mu    sync.Mutex
	feeds map[feedKey]*feed
}

func newHub() *hub { return &hub{feeds: map[feedKey]*feed{}} }

type feedKey struct {
	gvk       schema.GroupVersionKind
	namespace string
}

// feed is one watch of a kind in a namespace.
type feed struct {
	hub    *hub
	key    feedKey
	ctx    context.Context //nolint:containedctx // the life of the feed: from the first waiter to the last
	cancel context.CancelFunc
	// begun is closed once the first list is there, or has failed with err.
	begun chan struct{}
	err   error
	// objects by name, as they are now.
	objects map[string]*unstructured.Unstructured
	waiters map[string]map[*waiter]struct{}
	waiting int
	ended   bool
}

// waiter waits for one object.
type waiter struct {
	feed   *feed
	name   string
	states chan *unstructured.Unstructured
	gone   bool
}

// join adds a waiter, and begins the feed with the first one.
func (h *hub) join(key feedKey, name string, run func(*feed)) *waiter {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feeds[key]
	if f == nil {
		f = &feed{hub: h, key: key, begun: make(chan struct{}), waiters: map[string]map[*waiter]struct{}{}}
		f.ctx, f.cancel = context.WithCancel(context.Background())
		h.feeds[key] = f
		go run(f)
	}
	w := &waiter{feed: f, name: name, states: make(chan *unstructured.Unstructured, 1)}
	if f.waiters[name] == nil {
		f.waiters[name] = map[*waiter]struct{}{}
	}
	f.waiters[name][w] = struct{}{}
	f.waiting++
	if f.objects != nil {
		w.tell(f.objects[name])
	}
	return w
}

// leave takes a waiter away, and ends the feed with the last one.
func (h *hub) leave(w *waiter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := w.feed
	if w.gone {
		return
	}
	w.close()
	delete(f.waiters[w.name], w)
	if len(f.waiters[w.name]) == 0 {
		delete(f.waiters, w.name)
	}
	if f.waiting--; f.waiting == 0 {
		f.end()
	}
}

func (w *waiter) close() {
	w.gone = true
	close(w.states)
}

// tell replaces what the waiter has not read yet. Only the holder of the lock sends, so
// there is room after the channel was emptied.
func (w *waiter) tell(obj *unstructured.Unstructured) {
	select {
	case <-w.states:
	default:
	}
	w.states <- obj
}

// end stops the feed; the next waiter begins a new one.
func (f *feed) end() {
	f.ended = true
	f.cancel()
	if f.hub.feeds[f.key] == f {
		delete(f.hub.feeds, f.key)
	}
}

// failed is told of every list that fails. The first one tells whoever waits for it.
// Later ones are tried again, unless trying again is of no use.
func (f *feed) failed(err error) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	if f.ended || f.objects != nil && !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
		return
	}
	if f.objects == nil {
		f.err = err
		close(f.begun)
	}
	for _, waiters := range f.waiters {
		for w := range waiters {
			w.close()
		}
	}
	clear(f.waiters)
	f.waiting = 0
	f.end()
}

// replace takes a whole list, and tells who waits for what has changed by it.
func (f *feed) replace(list []*unstructured.Unstructured) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	if f.ended {
		return
	}
	before := f.objects
	f.objects = make(map[string]*unstructured.Unstructured, len(list))
	for _, obj := range list {
		f.objects[obj.GetName()] = obj
	}
	for name, waiters := range f.waiters {
		if before != nil && sameVersion(before[name], f.objects[name]) {
			continue
		}
		for w := range maps.Keys(waiters) {
			w.tell(f.objects[name])
		}
	}
	if before == nil {
		close(f.begun)
	}
}

func sameVersion(a, b *unstructured.Unstructured) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.GetUID() == b.GetUID() && a.GetResourceVersion() == b.GetResourceVersion()
}

// set takes one change: the object, or nil if it is gone.
func (f *feed) set(name string, obj *unstructured.Unstructured) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	if f.ended || f.objects == nil {
		return
	}
	if obj == nil {
		delete(f.objects, name)
	} else {
		f.objects[name] = obj
	}
	for w := range f.waiters[name] {
		w.tell(obj)
	}
}
