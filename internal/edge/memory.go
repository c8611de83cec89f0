package edge

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"sync/atomic"
	"time"
)

const (
	trimEvery = 5 * time.Second
	// A collection that gives memory back costs about 50 µs for each open stream, so there
	// is one at most so often.
	trimAtMost = 30 * time.Second
	// slackPercent of what is in use may be garbage or free. With the runtime's default of
	// 100, 10,000 idle streams take half as much again.
	slackPercent = 15
	// minSlack keeps a server with little in use from collecting all the time.
	minSlack = 16 << 20
)

// TrimMemory fits the garbage collector to long, idle streams until the context ends, for
// the whole process: much is in use, little of it is garbage, and what a wave of new
// streams needed on top is given back once the wave is over. The environment has
// precedence (GOGC); GOMEMLIMIT works beside it.
func TrimMemory(ctx context.Context) {
	if _, set := os.LookupEnv("GOGC"); set {
		return
	}
	k := &trimmer{ctx: ctx, inUse: []runtimemetrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"},
	}, free: []runtimemetrics.Sample{{Name: "/memory/classes/heap/free:bytes"}}}
	k.pace()
	t := time.NewTicker(trimEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			k.trim(time.Now())
		}
	}
}

type trimmer struct {
	ctx         context.Context //nolint:containedctx // the runtime calls pace, and hands no context on
	inUse, free []runtimemetrics.Sample
	slack       atomic.Uint64
	goroutines  int
	trimmed     time.Time
}

// cycle is garbage at once, so that its cleanup tells when the collector has run.
type cycle struct{ _ *cycle }

// pace tells the collector after each of its runs how much may be allocated until the
// next. A percentage set now and then would be that of the server before a wave.
func (k *trimmer) pace() {
	if k.ctx.Err() != nil {
		return
	}
	runtimemetrics.Read(k.inUse)
	var inUse uint64
	for _, s := range k.inUse {
		inUse += s.Value.Uint64()
	}
	slack := max(minSlack, inUse/100*slackPercent)
	k.slack.Store(slack)
	// The percentage is of what lives and of all stacks: https://go.dev/doc/gc-guide#GOGC
	debug.SetGCPercent(int(100 * slack / max(inUse, 1))) //nolint:gosec // less than 100 times minSlack
	runtime.AddCleanup(&cycle{}, (*trimmer).pace, k)
}

// trim gives back what is free, if it is much, and streams neither come nor go in numbers.
func (k *trimmer) trim(now time.Time) {
	runtimemetrics.Read(k.free)
	before := k.goroutines
	k.goroutines = runtime.NumGoroutine()
	changed := max(before-k.goroutines, k.goroutines-before)
	if k.free[0].Value.Uint64() < k.slack.Load() || changed > k.goroutines/10 || now.Sub(k.trimmed) < trimAtMost {
		return
	}
	k.trimmed = now
	debug.FreeOSMemory()
}
