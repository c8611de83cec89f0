package edge

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"golang.org/x/time/rate"
)

// maxCallers is how many callers are remembered; who is forgotten starts afresh.
const maxCallers = 10_000

// limits are how much one caller gets.
type limits struct {
	rate    rate.Limit
	burst   int
	callers *lru.Cache[string, *rate.Limiter]

	maxOpen, maxOpenPerCaller int

	mu   sync.Mutex
	open map[string]int
	all  int
}

// refused is why a caller has to come again.
type refused struct {
	reason  string
	status  int
	message string
}

func newLimits(o *Options) (*limits, error) {
	callers, err := lru.New[string, *rate.Limiter](maxCallers)
	if err != nil {
		return nil, fmt.Errorf("cannot remember %d callers: %w", maxCallers, err)
	}
	return &limits{
		rate: rate.Limit(o.RateLimit), burst: o.RateBurst, callers: callers,
		maxOpen: o.MaxStreams, maxOpenPerCaller: o.MaxStreamsPerCaller, open: map[string]int{},
	}, nil
}

// wait returns how long a caller has to wait, 0 when it need not.
func (l *limits) wait(caller string) time.Duration {
	return take(l.callers, caller, rate.NewLimiter(l.rate, l.burst))
}

// take uses up one token of the limiter of a key, which is made as given.
func take(limiters *lru.Cache[string, *rate.Limiter], key string, fresh *rate.Limiter) time.Duration {
	limiter, found, _ := limiters.PeekOrAdd(key, fresh)
	if found {
		limiters.Get(key) // makes it the newest
	} else {
		limiter = fresh
	}
	r := limiter.Reserve()
	wait := r.Delay()
	if wait > 0 {
		r.Cancel()
	}
	return wait
}

// enter counts a request in, until leave.
func (l *limits) enter(caller string) *refused {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.maxOpen {
		return &refused{"streams", http.StatusServiceUnavailable, fmt.Sprintf("too many open streams: at most %d in all", l.maxOpen)}
	}
	if l.open[caller] >= l.maxOpenPerCaller {
		return &refused{"caller_streams", http.StatusTooManyRequests, fmt.Sprintf("too many open streams: at most %d of one caller", l.maxOpenPerCaller)}
	}
	l.all++
	l.open[caller]++
	return nil
}

func (l *limits) leave(caller string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	l.open[caller]--
	if l.open[caller] == 0 {
		delete(l.open, caller)
	}
}

// callerOf returns who sent a request: who the token belongs to, or else from where.
func callerOf(r *http.Request) string {
	if info := auth.TokenInfoFromContext(r.Context()); info != nil {
		return info.UserID
	}
	return "address:" + source(r)
}

// source is the address a request comes from. What a gateway says about the one behind
// it is not believed: anybody can send such a header.
func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
