package edge

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// writeTimeout is how long one write may take. A peer that takes nothing for so long is
// gone; a stream as a whole may last for ever.
const writeTimeout = 10 * time.Second

const (
	keepaliveComment = ": keepalive\n\n"
	eventStream      = "text/event-stream"
)

type exchangeKey struct{}

// exchangeOf returns the HTTP exchange that a handler works for, nil when there is none
// (stdio, or a client in memory).
func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// exchange is one request to the MCP server and its response. It stands between the
// SDK and net/http, so that comments can be sent between the SDK's events.
type exchange struct {
	front *front
	w     http.ResponseWriter
	rc    *http.ResponseController
	ctx   context.Context //nolint:containedctx // the request's, which the SDK hides from the handlers of older revisions
	// header is what the SDK sets: not the map of net/http, which is read when a comment
	// comes first, while the SDK may still change its mind.
	header   http.Header
	revision string
	begun    time.Time
	// request is what the SDK gets, nil unless it is let in, and caller who sent it.
	request *http.Request
	caller  string
	// refusal is why a verifier did not accept the token, where 401 would be wrong.
	refusal *refusal
	// slot and index are where the keepalive has it.
	slot, index int

	mu sync.Mutex
	// status is 0 until the header is sent.
	status int
	// stream is true once the response is an event stream, boundary while it stands
	// between two events.
	stream, boundary bool
	// enveloped is true when the SDK wants to answer with a status of its own after the
	// header of the stream is sent: the answer becomes an event.
	enveloped bool
	opened    bool
	finished  bool

	// Apart from the rest, since who writes to a slow peer holds its lock for long.
	work sync.Mutex
	// handlers end the contexts of the handlers that work for it: one, except for the
	// batches of older revisions.
	handlers []context.CancelCauseFunc
	// listening is true for a subscription, which ends only when it is told to.
	listening bool
}

// refusal replaces the status that the SDK answers with.
type refusal struct {
	status int
	// retryAfter is in seconds, 0 for none.
	retryAfter int
}

func newExchange(f *front, w http.ResponseWriter, r *http.Request) *exchange {
	return &exchange{
		front: f, w: w, rc: http.NewResponseController(w), ctx: r.Context(),
		revision: knownRevision(r.Header.Get("Mcp-Protocol-Version")), begun: time.Now(), boundary: true,
	}
}

// Header implements [http.ResponseWriter].
func (x *exchange) Header() http.Header {
	if x.header == nil {
		x.header = http.Header{}
	}
	return x.header
}

// WriteHeader implements [http.ResponseWriter].
func (x *exchange) WriteHeader(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.writeHeader(status)
}

func (x *exchange) writeHeader(status int) {
	if x.status != 0 {
		x.enveloped = x.stream
		return
	}
	if status == http.StatusUnauthorized && x.header.Get("WWW-Authenticate") == "" {
		// The SDK says so only where it has something to add.
		// https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
		x.Header().Set("WWW-Authenticate", "Bearer")
	}
	if status == http.StatusInternalServerError && x.refusal != nil {
		status = x.refusal.status
		if x.refusal.retryAfter > 0 {
			x.Header().Set("Retry-After", strconv.Itoa(x.refusal.retryAfter))
		}
	}
	maps.Copy(x.w.Header(), x.header)
	stream := strings.HasPrefix(x.header.Get("Content-Type"), eventStream)
	x.header = nil // what idle streams do not hold adds up
	x.commit(status, stream)
}

// commit sends the header.
func (x *exchange) commit(status int, stream bool) {
	x.status, x.stream = status, stream
	if stream {
		// nginx and what is built on it would hold the events back.
		// https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
		x.w.Header().Set("X-Accel-Buffering", "no")
	}
	x.w.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (x *exchange) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.status == 0 {
		x.writeHeader(http.StatusOK)
	}
	if x.enveloped {
		if _, err := x.write([]byte("event: message\ndata: " + string(bytes.TrimSpace(p)) + "\n\n")); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return x.write(p)
}

func (x *exchange) write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	_ = x.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	defer func() { _ = x.rc.SetWriteDeadline(time.Time{}) }()
	n, err := x.w.Write(p)
	x.boundary = bytes.HasSuffix(p, []byte("\n\n"))
	return n, err
}

// FlushError is what [http.ResponseController] calls.
func (x *exchange) FlushError() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.status == 0 {
		x.writeHeader(http.StatusOK)
	}
	return x.flush()
}

func (x *exchange) flush() error {
	_ = x.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	defer func() { _ = x.rc.SetWriteDeadline(time.Time{}) }()
	return x.rc.Flush()
}

// comment sends a comment if the stream is between two events. With first it does so
// only when nothing was sent yet, header included, so that nobody's clock for the header
// of a response runs while a tool thinks.
func (x *exchange) comment(first bool) {
	// Who holds the lock is writing: the stream is not silent.
	if !x.mu.TryLock() {
		return
	}
	defer x.mu.Unlock()
	if x.finished || !x.boundary || (first && x.status != 0) {
		return
	}
	if x.status == 0 {
		h := x.w.Header()
		h.Set("Content-Type", eventStream)
		h.Set("Cache-Control", "no-cache, no-transform")
		x.commit(http.StatusOK, true)
	}
	if !x.stream || x.enveloped {
		return
	}
	_ = x.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	defer func() { _ = x.rc.SetWriteDeadline(time.Time{}) }()
	// When this fails, net/http cancels the request, and with it the handler.
	if _, err := io.WriteString(x.w, keepaliveComment); err == nil {
		_ = x.rc.Flush()
	}
}

// open is called when the SDK hands a call to its handler. From then on the response is
// an event stream, or one answer that the SDK is about to write.
func (x *exchange) open() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.opened || x.finished {
		return
	}
	x.opened = true
	x.front.keepalive.add(x)
}

// end is called when there is nothing more to write.
func (x *exchange) end(r *http.Request) {
	x.mu.Lock()
	x.finished = true
	opened := x.opened
	x.mu.Unlock()
	if opened {
		x.front.keepalive.remove(x)
	}
	if x.request != nil {
		x.front.limits.leave(x.caller)
	}
	x.front.metrics.served(x, r.Method)
	x.front.inFlight.Add(-1)
	// What net/http still holds is written after the handler returned.
	_ = x.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
}

// working remembers how to end a handler.
func (x *exchange) working(method string, cancel context.CancelCauseFunc) {
	x.work.Lock()
	defer x.work.Unlock()
	x.handlers = append(x.handlers, cancel)
	x.listening = x.listening || method == methodListen
}

func (x *exchange) isListening() bool {
	x.work.Lock()
	defer x.work.Unlock()
	return x.listening
}

// stop ends the handlers. The stream stays open for what they answer.
func (x *exchange) stop(cause error) {
	x.work.Lock()
	handlers := x.handlers
	x.work.Unlock()
	for _, cancel := range handlers {
		cancel(cause)
	}
}
