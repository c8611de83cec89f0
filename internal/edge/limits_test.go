package edge_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

// Each caller has a share of its own.
func TestRateLimit(t *testing.T) {
	s := start(t, func(o *edge.Options) {
		o.TokenFile = writeTokens(t, token, "another-token")
		o.RateLimit, o.RateBurst = 0.01, 3
	})
	for i := range 5 {
		code, body, header := s.with(t, token)
		if i < 3 {
			if code != http.StatusOK {
				t.Errorf("call %d: want 200, got %d", i, code)
			}
			continue
		}
		if code != http.StatusTooManyRequests || header.Get("Retry-After") == "" || !strings.Contains(body, "at most 0.01 a second") {
			t.Errorf("call %d: want 429 with Retry-After, got %d %v %s", i, code, header, body)
		}
	}
	if code, _, _ := s.with(t, "another-token"); code != http.StatusOK {
		t.Errorf("want the other caller to be served, got %d", code)
	}
	if metrics := s.scrape(t); !strings.Contains(metrics, "gatehouse_mcp_rate_limited_total 2") {
		t.Error("the metrics do not count who was limited")
	}
}

func TestMaxStreams(t *testing.T) {
	s := start(t, func(o *edge.Options) {
		o.TokenFile = writeTokens(t, token, "another-token", "third-token")
		o.MaxStreams, o.MaxStreamsPerCaller = 3, 2
	})
	wait := func(bearer string) *stream {
		r := newRequest(s.Listen, newest, "wait", map[string]any{"every": 1000})
		r.Header.Set("Authorization", "Bearer "+bearer)
		stream := open(t, r)
		stream.next(t, "data: ")
		return stream
	}
	first := wait(token)
	wait(token)
	code, body, header := s.with(t, token)
	if code != http.StatusTooManyRequests || !strings.Contains(body, "at most 2 of one caller") || header.Get("Retry-After") == "" {
		t.Errorf("want 429, got %d %s", code, body)
	}
	wait("another-token")
	code, body, _ = s.with(t, "third-token")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "at most 3 in all") {
		t.Errorf("want 503, got %d %s", code, body)
	}
	first.leave()
	s.eventually(t, "there is room again", func() bool { code, _, _ := s.with(t, token); return code == http.StatusOK })
}

func TestBodyLimit(t *testing.T) {
	s := start(t, func(o *edge.Options) { o.MaxBodyBytes = 1000 })
	for name, chunked := range map[string]bool{"WithLength": false, "Chunked": true} {
		t.Run(name, func(t *testing.T) {
			for size, want := range map[int]int{100: 200, 10_000: 413, 10_000_000: 413} {
				r := newRequest(s.Listen, newest, "echo", map[string]any{"a": strings.Repeat("x", size)})
				if chunked {
					r.ContentLength = -1
				}
				rsp, err := http.DefaultClient.Do(r)
				if err != nil {
					// The server need not read what it refuses, so writing may fail first.
					if want == 413 && strings.Contains(err.Error(), "write") {
						continue
					}
					t.Fatal(err)
				}
				body, _ := io.ReadAll(rsp.Body)
				_ = rsp.Body.Close()
				if rsp.StatusCode != want || (want == 413 && !strings.Contains(string(body), "request body exceeds 1000 bytes")) {
					t.Errorf("%d bytes: want %d, got %d %s", size, want, rsp.StatusCode, body)
				}
			}
		})
	}
}

// One client that reads nothing keeps nobody's comments waiting, and the server ends.
func TestSlowClient(t *testing.T) {
	s := start(t, func(o *edge.Options) {
		o.Keepalive = 20 * time.Millisecond
		o.Grace = time.Second
	})
	for range 5 {
		conn, err := net.Dial("tcp", s.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		// Events of a megabyte fill every buffer at once; then the handler blocks.
		if _, err := conn.Write(rawCall(s.Listen, newest, "wait", map[string]any{"every": 1, "size": 1 << 20})); err != nil {
			t.Fatal(err)
		}
	}
	s.eventually(t, "the slow clients are served", func() bool { return s.running.Load() == 5 })
	stream := open(t, newRequest(s.Listen, newest, "wait", map[string]any{}))
	begun := time.Now()
	for range 20 {
		stream.next(t, ": keepalive")
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("20 comments at 20ms took %v", took)
	}
	begun = time.Now()
	if err := s.stop(); err != nil || time.Since(begun) > 5*time.Second {
		t.Errorf("want the server to end, got %v after %v", err, time.Since(begun))
	}
}

func TestHeaderLimit(t *testing.T) {
	s := start(t, nil)
	conn, err := net.Dial("tcp", s.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n", bytes.Repeat([]byte("x"), 100<<10))
	raw, _ := io.ReadAll(conn)
	if !bytes.Contains(raw, []byte("431 Request Header Fields Too Large")) {
		t.Errorf("want a header of 100 KiB to be refused, got %.200s", raw)
	}
}
