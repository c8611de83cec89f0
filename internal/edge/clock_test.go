package edge_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

// pipes is a listener without a network, so that hours pass in an instant.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.close(); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3456} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// served runs a test against a server with the default options, in a world whose clock
// waits for nothing.
func served(t *testing.T, o edge.Options, test func(t *testing.T, p *pipes, s *tools)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, s := newPipes(), &tools{}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- edge.Serve(ctx, p, s.server(), o) }()
		synctest.Wait()
		test(t, p, s)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("want a clean end, got %v", err)
		}
	})
}

// A stream on which nothing happens for hours is open at the end, and has had a comment
// every 15 seconds, the first one at once.
func TestSilentForHours(t *testing.T) {
	for _, revision := range []string{newest, oldest} {
		t.Run(revision, func(t *testing.T) {
			served(t, edge.Defaults(), func(t *testing.T, p *pipes, s *tools) {
				t.Helper()
				conn := p.dial()
				begun := time.Now()
				if _, err := conn.Write(rawCall("127.0.0.1", revision, "wait", map[string]any{})); err != nil {
					t.Fatal(err)
				}
				rsp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = rsp.Body.Close() }()
				if took := time.Since(begun); took > time.Second {
					t.Errorf("the header came after %v", took)
				}
				lines := bufio.NewScanner(rsp.Body)
				last, comments := begun, 0
				for time.Since(begun) < 2*time.Hour && lines.Scan() {
					if lines.Text() != ": keepalive" {
						continue
					}
					comments++
					if gap := time.Since(last); gap > 15200*time.Millisecond || (comments > 2 && gap < 14800*time.Millisecond) {
						t.Fatalf("comment %d came after %v", comments, gap)
					}
					last = time.Now()
				}
				if comments < 2*60*4 {
					t.Errorf("want a comment every 15s, got %d in %v: %v", comments, time.Since(begun), lines.Err())
				}
				if got := s.running.Load(); got != 1 {
					t.Errorf("want the handler to go on, got %d", got)
				}
				_ = conn.Close()
			})
		})
	}
}

// A client that never sends the body it announced is cut off after half a minute.
func TestBodyThatNeverComes(t *testing.T) {
	served(t, edge.Defaults(), func(t *testing.T, p *pipes, s *tools) {
		t.Helper()
		conn := p.dial()
		raw := rawCall("127.0.0.1", newest, "echo", map[string]any{})
		begun := time.Now()
		if _, err := conn.Write(raw[:len(raw)-10]); err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(conn)
		if took := time.Since(begun); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("want the client to be cut off after 30s, got %v", took)
		}
		if !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || s.called.Load() != 0 {
			t.Errorf("want 400, got %q", answer)
		}
	})
}

// A header that never ends, and a connection on which nothing is asked, are closed.
func TestIdleConnections(t *testing.T) {
	cases := map[string]struct {
		sent string
		want time.Duration
	}{
		"HalfAHeader": {"POST /mcp HTTP/1.1\r\nHost: local", 10 * time.Second},
		"Idle":        {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 2 * time.Minute},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			served(t, edge.Defaults(), func(t *testing.T, p *pipes, _ *tools) {
				t.Helper()
				conn := p.dial()
				begun := time.Now()
				if _, err := fmt.Fprint(conn, tc.sent); err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, conn)
				if took := time.Since(begun); took < tc.want || took > tc.want+time.Second {
					t.Errorf("want the connection to be closed after %v, got %v", tc.want, took)
				}
			})
		})
	}
}

// A peer that takes nothing is given up after the time for one write, and its handler
// with it. Others on the same server are not kept waiting.
func TestDeafPeer(t *testing.T) {
	served(t, edge.Defaults(), func(t *testing.T, p *pipes, s *tools) {
		t.Helper()
		deaf := p.dial() // a pipe holds nothing: the first byte blocks
		if _, err := deaf.Write(rawCall("127.0.0.1", newest, "wait", map[string]any{})); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if got := s.running.Load(); got != 1 {
			t.Fatalf("want the handler to run, got %d", got)
		}
		other := p.dial()
		if _, err := other.Write(rawCall("127.0.0.1", newest, "wait", map[string]any{})); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		rsp, err := http.ReadResponse(bufio.NewReader(other), nil)
		if err != nil || time.Since(begun) > time.Second {
			t.Fatalf("want the other stream to open at once, got %v after %v", err, time.Since(begun))
		}
		defer func() { _ = rsp.Body.Close() }()
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, rsp.Body)
		}()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if got := s.running.Load(); got != 1 {
			t.Errorf("want only the other handler to run, got %d", got)
		}
		_, _ = deaf.Close(), other.Close()
		<-read
	})
}

// Streams end at what the defaults say: 5 seconds as before, then 25 seconds, then the end.
func TestEndByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newPipes(), &tools{}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- edge.Serve(ctx, p, s.server(), edge.Defaults()) }()
		conn := p.dial()
		if _, err := conn.Write(rawCall("127.0.0.1", newest, "wait", map[string]any{"deaf": true})); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		time.Sleep(time.Hour)
		begun := time.Now()
		cancel()
		if err := <-done; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Errorf("want a clean end, got %v", err)
		}
		if took := time.Since(begun); took < 30*time.Second || took > 32*time.Second {
			t.Errorf("want the end after 30s, got %v", took)
		}
		_ = conn.Close()
	})
}
