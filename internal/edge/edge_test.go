package edge_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

// Every revision that the SDK speaks calls a tool, over real HTTP.
func TestRevisions(t *testing.T) {
	s := start(t, nil)
	for _, revision := range mcp.SupportedProtocolVersions() {
		t.Run(revision, func(t *testing.T) {
			rsp, body := do(t, newRequest(s.Listen, revision, "echo", map[string]any{"a": 1}))
			if rsp.StatusCode != http.StatusOK || !strings.Contains(body, `"structuredContent":{"a":1}`) {
				t.Errorf("want the answer of the tool, got %d %s", rsp.StatusCode, body)
			}
			if got := rsp.Header.Get("X-Accel-Buffering"); got != "no" {
				t.Errorf("want streams that proxies do not hold back, got X-Accel-Buffering %q", got)
			}
		})
	}
}

// The SDK's own client gets progress and the answer.
func TestClient(t *testing.T) {
	s := start(t, nil)
	progress := make(chan float64, 100)
	client := mcp.NewClient(&mcp.Implementation{Name: "test"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) { progress <- r.Params.Progress },
	})
	ctx := t.Context()
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: "http://" + s.Listen + edge.Path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	if got := session.InitializeResult().ProtocolVersion; got != newest {
		t.Errorf("want revision %s, got %s", newest, got)
	}
	params := &mcp.CallToolParams{Name: "wait", Arguments: map[string]any{"every": 10}}
	params.SetProgressToken("p")
	called := make(chan *mcp.CallToolResult, 1)
	go func() {
		result, err := session.CallTool(ctx, params)
		if err != nil {
			t.Error(err)
		}
		called <- result
	}()
	for want := 1.0; want <= 3; want++ {
		if got := <-progress; got != want {
			t.Errorf("want progress %v, got %v", want, got)
		}
	}
	go func() { _ = s.stop() }()
	result := <-called
	if result == nil || result.IsError || !strings.Contains(result.Content[0].(*mcp.TextContent).Text, "going away") {
		t.Errorf("want the tool to say that the server is going away, got %v", result)
	}
}

// A tool that panics, or fails, does not end the server, and tells nothing.
func TestPanic(t *testing.T) {
	s := start(t, nil)
	for _, revision := range []string{newest, oldest} {
		_, body := do(t, newRequest(s.Listen, revision, "panic", map[string]any{}))
		if !strings.Contains(body, "internal error") || strings.Contains(body, "on purpose") {
			t.Errorf("want an internal error that tells nothing, got %s", body)
		}
	}
	if rsp, _ := do(t, newRequest(s.Listen, newest, "echo", map[string]any{})); rsp.StatusCode != http.StatusOK {
		t.Errorf("want the server to go on, got %d", rsp.StatusCode)
	}
}

// Handlers end when their client leaves, with every revision: 2,000 clients vanish, and 3
// seconds later nothing is left of them.
func TestClientsVanish(t *testing.T) {
	for _, revision := range []string{newest, oldest} {
		t.Run(revision, func(t *testing.T) {
			const clients = 2000
			s := start(t, func(o *edge.Options) { o.MaxStreamsPerCaller = clients })
			before := runtime.NumGoroutine()
			transport := &http.Transport{}
			client := &http.Client{Transport: transport}
			ctx, vanish := context.WithCancel(context.Background())
			defer vanish()
			var opened sync.WaitGroup
			opened.Add(clients)
			for range clients {
				go func() {
					rsp, err := client.Do(newRequest(s.Listen, revision, "wait", map[string]any{}).WithContext(ctx))
					opened.Done()
					if err != nil {
						t.Error(err)
						return
					}
					defer func() { _ = rsp.Body.Close() }()
					<-ctx.Done()
				}()
			}
			opened.Wait()
			if got := s.running.Load(); got != clients {
				t.Fatalf("want %d handlers, got %d", clients, got)
			}
			vanish()
			transport.CloseIdleConnections()
			for deadline := time.Now().Add(3 * time.Second); ; {
				// What the test itself needs for a moment is not counted: idle senders, and
				// connections of probes.
				left := runtime.NumGoroutine() - before
				if left <= 10 && s.running.Load() == 0 {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("%d goroutines and %d handlers are left", left, s.running.Load())
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
}

// While a tool is silent, its stream opens at once and gets comments at the interval.
func TestKeepalive(t *testing.T) {
	for _, revision := range []string{newest, "2025-06-18", oldest} {
		t.Run(revision, func(t *testing.T) {
			s := start(t, func(o *edge.Options) { o.Keepalive = 300 * time.Millisecond })
			begun := time.Now()
			stream := open(t, newRequest(s.Listen, revision, "wait", map[string]any{}))
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("the header came after %v", took)
			}
			if got := stream.Header.Get("Content-Type"); got != "text/event-stream" {
				t.Errorf("want an event stream, got %q", got)
			}
			stream.next(t, ": keepalive")
			stream.next(t, ": keepalive")
			second := time.Now()
			stream.next(t, ": keepalive")
			stream.next(t, ": keepalive")
			if took := time.Since(second); took < 500*time.Millisecond || took > 5*time.Second {
				t.Errorf("want two comments in about 600ms, got %v", took)
			}
		})
	}
}

// An answer that is not a stream, or is there at once, has no comment.
func TestNoComments(t *testing.T) {
	s := start(t, func(o *edge.Options) { o.Keepalive = time.Millisecond })
	for range 200 {
		_, body := do(t, newRequest(s.Listen, newest, "nope", map[string]any{}))
		if strings.Contains(body, "keepalive") && !strings.HasPrefix(body, ": keepalive") {
			t.Fatalf("want JSON, or one event, got %q", body)
		}
	}
}

// Comments stand between events, never inside one, while events of any size are sent.
func TestCommentsBetweenEvents(t *testing.T) {
	s := start(t, func(o *edge.Options) { o.Keepalive = time.Millisecond })
	event := regexp.MustCompile(`^event: message\ndata: \{"jsonrpc":"2.0","method":"notifications/progress",[^\n]*\}$`)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			stream := open(t, newRequest(s.Listen, newest, "wait", map[string]any{"every": 1, "size": i * 3000}))
			var block []string
			events, comments := 0, 0
			for events < 200 || comments < 5 {
				if !stream.lines.Scan() {
					t.Errorf("the stream ended: %v", stream.lines.Err())
					return
				}
				if line := stream.lines.Text(); line != "" {
					block = append(block, line)
					continue
				}
				switch text := strings.Join(block, "\n"); {
				case text == ": keepalive":
					comments++
				case event.MatchString(text):
					events++
				default:
					t.Errorf("want an event or a comment, got %.200q", text)
					return
				}
				block = nil
			}
		})
	}
	all.Wait()
}

func TestHealth(t *testing.T) {
	s := start(t, func(o *edge.Options) {
		o.TokenFile = writeTokens(t, token)
		o.ExternalURL = "https://mcp.example.com"
		o.RateLimit, o.RateBurst = 0.001, 1
	})
	for range 3 {
		for _, path := range []string{"/healthz", "/readyz"} {
			r, _ := http.NewRequest(http.MethodGet, "http://"+s.Listen+path, nil)
			r.Host = "10.0.0.7:3456"
			r.Header.Set("Origin", "https://evil.example.com")
			if rsp, body := do(t, r); rsp.StatusCode != http.StatusOK || body != "ok\n" {
				t.Errorf("want %s to answer probes whatever they look like, got %d %s", path, rsp.StatusCode, body)
			}
		}
	}
	for path, want := range map[string]int{"/": http.StatusNotFound, "/mcp/x": http.StatusNotFound, "/metrics": http.StatusNotFound} {
		if got := s.get(path); got != want {
			t.Errorf("%s: want %d, got %d", path, want, got)
		}
	}
}

func TestMetrics(t *testing.T) {
	file := ""
	s := start(t, func(o *edge.Options) {
		o.Version = "1.2.3"
		file = writeTokens(t, token)
		o.TokenFile = file
	})
	with := func(tool string, change func(r *http.Request)) {
		r := newRequest(s.Listen, newest, tool, map[string]any{})
		r.Header.Set("Authorization", "Bearer "+token)
		if change != nil {
			change(r)
		}
		_, _ = do(t, r)
	}
	with("echo", nil)
	with("fail", nil)
	with("made-up-by-a-client", nil)
	with("echo", func(r *http.Request) { r.Header.Set("Authorization", "Bearer not-a-token") })
	with("echo", func(r *http.Request) { r.Header.Del("Authorization") })
	with("echo", func(r *http.Request) { r.Method = "BREW" })
	with("echo", func(r *http.Request) { r.Header.Set("Mcp-Protocol-Version", "1234") })
	r := newRequest(s.Listen, newest, "wait", map[string]any{})
	r.Header.Set("Authorization", "Bearer "+token)
	stream := open(t, r)
	stream.next(t, ": keepalive")

	got := s.scrape(t)
	for _, want := range []string{
		`gatehouse_mcp_tool_calls_total{outcome="ok",tool="echo"} 1`,
		`gatehouse_mcp_tool_calls_total{outcome="error",tool="fail"} 1`,
		`gatehouse_mcp_tool_calls_total{outcome="invalid",tool="other"} 1`,
		`gatehouse_mcp_messages_total{method="tools/call",outcome="ok"} 1`,
		`gatehouse_mcp_auth_failures_total{reason="invalid"} 1`,
		`gatehouse_mcp_auth_failures_total{reason="missing"} 1`,
		`gatehouse_mcp_http_requests_total{method="other",revision="2026-07-28",status="4xx"} 1`,
		`gatehouse_mcp_http_requests_total{method="POST",revision="other",status="4xx"} 1`,
		`gatehouse_mcp_open_streams 1`,
		`gatehouse_mcp_http_requests_in_flight 1`,
		`gatehouse_mcp_stream_duration_seconds_count`,
		fmt.Sprintf(`gatehouse_mcp_build_info{go=%q,version="1.2.3"} 1`, runtime.Version()),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	for _, secret := range []string{"made-up", "BREW", token, "not-a-token"} {
		if strings.Contains(got, secret) {
			t.Errorf("a client writes %q into the metrics", secret)
		}
	}
	stream.leave()
	s.eventually(t, "the stream is gone", func() bool { return strings.Contains(s.scrape(t), "gatehouse_mcp_open_streams 0") })
}

func TestMetricsToken(t *testing.T) {
	s := start(t, func(o *edge.Options) { o.MetricsTokenFile = writeTokens(t, token) })
	get := func(authorization string) int {
		r, _ := http.NewRequest(http.MethodGet, "http://"+s.MetricsListen+"/metrics", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		rsp, _ := do(t, r)
		return rsp.StatusCode
	}
	got := map[string]int{"None": get(""), "Wrong": get("Bearer x"), "Right": get("Bearer " + token)}
	want := map[string]int{"None": http.StatusUnauthorized, "Wrong": http.StatusUnauthorized, "Right": http.StatusOK}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
