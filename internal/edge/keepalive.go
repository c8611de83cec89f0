package edge

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// openingDelay is how long a call may take until its header is sent without its
	// answer. Most answers are there before; protocol errors, which the SDK answers with
	// a status of their own, always are.
	openingDelay = 100 * time.Millisecond
	// maxWriters bounds how many comments are written at a time. A write takes
	// microseconds, or, to a peer that takes nothing, up to writeTimeout.
	maxWriters = 64
)

// keepalive sends comments on all open streams by one ticker. Streams are spread over
// slots by the time they opened, so that the comments of 10,000 streams are not sent in
// one instant.
type keepalive struct {
	tick    time.Duration
	writers chan struct{}

	mu    sync.Mutex
	now   int
	slots [][]*exchange
	// opening holds what opened in this tick, young what opened in the one before, and
	// late what found no writer.
	opening, young, late []*exchange
	open                 int
}

func newKeepalive(interval time.Duration) *keepalive {
	k := &keepalive{tick: min(openingDelay, interval), writers: make(chan struct{}, maxWriters)}
	k.slots = make([][]*exchange, max(1, int(interval/k.tick)))
	return k
}

// run sends comments until the context ends.
func (k *keepalive) run(ctx context.Context) {
	t := time.NewTicker(k.tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			k.round()
		}
	}
}

func (k *keepalive) round() {
	k.mu.Lock()
	k.now = (k.now + 1) % len(k.slots)
	due := slices.Concat(k.late, k.slots[k.now])
	first := k.young
	k.young, k.opening, k.late = k.opening, nil, nil
	k.mu.Unlock()
	over := time.NewTimer(k.tick / 2)
	defer over.Stop()
	late := k.comment(first, true, over.C)
	late = append(late, k.comment(due, false, over.C)...)
	k.mu.Lock()
	k.late = append(k.late, late...)
	k.mu.Unlock()
}

// comment lets each comment be written by a goroutine that lasts as long as the write, so
// that a slow peer keeps nobody waiting. It returns those for whom there was no writer in
// time, because too many of them hang.
func (k *keepalive) comment(all []*exchange, first bool, over <-chan time.Time) (late []*exchange) {
	for i, x := range all {
		select {
		case k.writers <- struct{}{}:
		case <-over:
			return all[i:]
		}
		go func() {
			defer func() { <-k.writers }()
			x.comment(first)
		}()
	}
	return nil
}

func (k *keepalive) add(x *exchange) {
	k.mu.Lock()
	defer k.mu.Unlock()
	x.slot, x.index = k.now, len(k.slots[k.now])
	k.slots[x.slot] = append(k.slots[x.slot], x)
	k.opening = append(k.opening, x)
	k.open++
}

func (k *keepalive) remove(x *exchange) {
	k.mu.Lock()
	defer k.mu.Unlock()
	slot := k.slots[x.slot]
	last := slot[len(slot)-1]
	slot[x.index], last.index = last, x.index
	slot[len(slot)-1] = nil
	k.slots[x.slot] = slot[:len(slot)-1]
	k.open--
}

// stop ends the handlers of those open streams that are chosen.
func (k *keepalive) stop(chosen func(*exchange) bool) {
	k.mu.Lock()
	open := slices.Concat(k.slots...)
	k.mu.Unlock()
	for _, x := range open {
		if chosen(x) {
			x.stop(ErrStopped)
		}
	}
}

// streams returns how many are open.
func (k *keepalive) streams() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.open
}
