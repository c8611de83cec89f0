package edge_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

// The server is not ready first and serves on; then it refuses what is new, open streams
// are told, and it ends when they have ended.
func TestDrain(t *testing.T) {
	for _, revision := range []string{newest, oldest} {
		t.Run(revision, func(t *testing.T) {
			s := start(t, func(o *edge.Options) {
				o.DrainDelay, o.Grace = time.Second, 20*time.Second
			})
			told := open(t, newRequest(s.Listen, revision, "wait", map[string]any{"every": 20}))
			deaf := open(t, newRequest(s.Listen, revision, "wait", map[string]any{"every": 20, "deaf": true}))
			told.next(t, "data: ")
			deaf.next(t, "data: ")

			ended := make(chan error, 1)
			go func() { ended <- s.stop() }()
			s.eventually(t, "the server is not ready", func() bool { return s.get("/readyz") == http.StatusServiceUnavailable })
			if rsp, _ := do(t, newRequest(s.Listen, revision, "echo", map[string]any{})); rsp.StatusCode != http.StatusOK {
				t.Errorf("want requests to be served while gateways still send them, got %d", rsp.StatusCode)
			}
			if last := told.last(); !strings.Contains(last, "going away") {
				t.Errorf("want the stream to end with the tool's answer, got %s", last)
			}
			rsp, body := do(t, newRequest(s.Listen, revision, "echo", map[string]any{}))
			if rsp.StatusCode != http.StatusServiceUnavailable || rsp.Header.Get("Retry-After") == "" || !rsp.Close || !strings.Contains(body, "going away") {
				t.Errorf("want new work to be refused with Retry-After and Connection: close, got %d %v %s", rsp.StatusCode, rsp.Header, body)
			}
			if got := s.get("/healthz"); got != http.StatusOK {
				t.Errorf("want the server to be alive while it drains, got %d", got)
			}
			deaf.next(t, "data: ")
			deaf.leave()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("want a clean end, got %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Error("the server waits though nothing is open")
			}
		})
	}
}

// last returns the last event of a stream that ends.
func (s *stream) last() string {
	last := ""
	for s.lines.Scan() {
		if strings.HasPrefix(s.lines.Text(), "data: ") {
			last = s.lines.Text()
		}
	}
	return last
}

// A handler that does not listen is ended when the grace period is over; its stream still
// gets what it says.
func TestGrace(t *testing.T) {
	for _, revision := range []string{newest, oldest} {
		t.Run(revision, func(t *testing.T) {
			s := start(t, func(o *edge.Options) { o.Grace = 300 * time.Millisecond })
			deaf := open(t, newRequest(s.Listen, revision, "wait", map[string]any{"every": 20, "deaf": true}))
			deaf.next(t, "data: ")
			begun := time.Now()
			go func() { _ = s.stop() }()
			if last := deaf.last(); !strings.Contains(last, edge.ErrStopped.Error()) {
				t.Errorf("want the handler's last words, got %s", last)
			}
			if err := s.stop(); err != nil {
				t.Errorf("want a clean end, got %v", err)
			}
			if took := time.Since(begun); took < 300*time.Millisecond || took > 5*time.Second {
				t.Errorf("want the server to end after the grace period, got %v", took)
			}
		})
	}
}

// A second signal ends the server at once.
func TestAbort(t *testing.T) {
	abort := make(chan struct{})
	s := start(t, func(o *edge.Options) {
		o.DrainDelay, o.Grace, o.Abort = time.Hour, time.Hour, abort
	})
	deaf := open(t, newRequest(s.Listen, newest, "wait", map[string]any{"every": 20, "deaf": true}))
	deaf.next(t, "data: ")
	ended := make(chan error, 1)
	go func() { ended <- s.stop() }()
	s.eventually(t, "the server is not ready", func() bool { return s.get("/readyz") == http.StatusServiceUnavailable })
	close(abort)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("want a clean end, got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the server waits")
	}
	_ = deaf.last()
	if conn, err := net.Dial("tcp", s.Listen); err == nil {
		_ = conn.Close()
		t.Error("the server still listens")
	}
}

// Subscriptions have no handler of ours: they end when the server begins to drain.
func TestSubscriptionsEnd(t *testing.T) {
	s := start(t, func(o *edge.Options) { o.Grace = time.Minute })
	r := newRequest(s.Listen, newest, "x", nil)
	const body = `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{
		"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
	listen, err := http.NewRequest(http.MethodPost, r.URL.String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	listen.Header = r.Header
	listen.Header.Set("Mcp-Method", "subscriptions/listen")
	listen.Header.Del("Mcp-Name")
	stream := open(t, listen)
	if got := stream.next(t, "data: "); !strings.Contains(got, "acknowledged") {
		t.Fatalf("want the subscription to be acknowledged, got %s", got)
	}
	begun := time.Now()
	go func() { _ = s.stop() }()
	if last := stream.last(); !strings.Contains(last, `"result"`) {
		t.Errorf("want the subscription to end with a result, got %s", last)
	}
	if err := s.stop(); err != nil || time.Since(begun) > 10*time.Second {
		t.Errorf("want the server to end soon, got %v after %v", err, time.Since(begun))
	}
}
