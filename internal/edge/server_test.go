package edge_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

const (
	newest = "2026-07-28"
	oldest = "2024-11-05"
)

func TestMain(m *testing.M) {
	if listen := os.Getenv("EDGE_BENCH_LISTEN"); listen != "" {
		os.Exit(serveBenchmark(listen, os.Getenv("EDGE_BENCH_METRICS")))
	}
	os.Exit(m.Run())
}

// waitInput is what the tool "wait" takes.
type waitInput struct {
	// Every is how many milliseconds lie between two progress events; 0 for none.
	Every int `json:"every,omitempty"`
	// Size is how many bytes the message of an event has.
	Size int `json:"size,omitempty"`
	// Deaf calls end only with their context.
	Deaf bool `json:"deaf,omitempty"`
}

// tools is an MCP server like the real one: calls that answer at once, and one that waits
// for hours.
type tools struct {
	running atomic.Int64
	called  atomic.Int64
}

func (s *tools) server() *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, &mcp.ServerOptions{
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{ListChanged: true}},
	})
	mcp.AddTool(server, &mcp.Tool{Name: "wait"}, s.wait)
	mcp.AddTool(server, &mcp.Tool{Name: "echo"}, func(_ context.Context, _ *mcp.CallToolRequest, in map[string]any) (*mcp.CallToolResult, map[string]any, error) {
		s.called.Add(1)
		return nil, in, nil
	})
	mcp.AddTool(server, &mcp.Tool{Name: "panic"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, struct{}, error) {
		panic("on purpose")
	})
	mcp.AddTool(server, &mcp.Tool{Name: "fail"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, struct{}, error) {
		return nil, struct{}{}, errors.New("on purpose")
	})
	return server
}

func (s *tools) wait(ctx context.Context, req *mcp.CallToolRequest, in waitInput) (*mcp.CallToolResult, any, error) {
	s.called.Add(1)
	s.running.Add(1)
	defer s.running.Add(-1)
	draining := edge.Draining(ctx)
	if in.Deaf {
		draining = nil
	}
	var ticks <-chan time.Time
	if in.Every > 0 {
		ticker := time.NewTicker(time.Duration(in.Every) * time.Millisecond)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for n := 1.0; ; n++ {
		if in.Every > 0 {
			_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: req.Params.GetProgressToken(), Progress: n, Message: strings.Repeat("x", in.Size),
			})
		}
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("ended: %w", context.Cause(ctx))
		case <-draining:
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "not ready yet; the server is going away"}}}, nil, nil
		case <-ticks:
		}
	}
}

// logs keeps what the server logs.
type logs struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// running is a server under test.
type running struct {
	tools
	edge.Options

	log  logs
	stop func() error
}

func freeAddress(t testing.TB) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lis.Close() }()
	return lis.Addr().String()
}

// start serves until the test ends, with options that a test changes.
func start(t testing.TB, change func(o *edge.Options)) *running {
	t.Helper()
	s := &running{Options: edge.Defaults()}
	s.Listen, s.MetricsListen = freeAddress(t), freeAddress(t)
	s.DrainDelay, s.Grace = 0, 5*time.Second
	s.RateLimit, s.RateBurst = 1e6, 1e6
	s.Log = slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if change != nil {
		change(&s.Options)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- edge.Run(ctx, s.server(), s.Options) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = s.stop() })
	s.eventually(t, "the server is ready", func() bool { return s.get("/readyz") == http.StatusOK })
	return s
}

func (s *running) eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s; the log:\n%s", what, s.log.String())
		}
	}
}

// get returns the status of a path, 0 without an answer.
func (s *running) get(path string) int {
	rsp, err := http.Get("http://" + s.Listen + path)
	if err != nil {
		return 0
	}
	_ = rsp.Body.Close()
	return rsp.StatusCode
}

func (s *running) scrape(t testing.TB) string {
	t.Helper()
	rsp, err := http.Get("http://" + s.MetricsListen + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rsp.Body.Close() }()
	raw, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// callBody is a tools/call of a revision.
func callBody(revision, tool string, arguments any) []byte {
	meta := map[string]any{"progressToken": 1}
	if revision >= newest {
		meta["io.modelcontextprotocol/protocolVersion"] = revision
		meta["io.modelcontextprotocol/clientInfo"] = map[string]any{"name": "bench", "version": "1"}
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
	}
	raw, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": "tools/call",
		"params": map[string]any{"name": tool, "arguments": arguments, "_meta": meta},
	})
	if err != nil {
		panic(err)
	}
	return raw
}

// newRequest is a tools/call, as a request that a test may change.
func newRequest(address, revision, tool string, arguments any) *http.Request {
	r, err := http.NewRequest(http.MethodPost, "http://"+address+edge.Path, bytes.NewReader(callBody(revision, tool, arguments)))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Mcp-Protocol-Version", revision)
	if revision >= newest {
		r.Header.Set("Mcp-Method", "tools/call")
		r.Header.Set("Mcp-Name", tool)
	}
	return r
}

// answer is what a test wants to know of a response.
type answer struct {
	StatusCode int
	Header     http.Header
	// Close is true when the server closes the connection.
	Close bool
}

// do returns the answer to a request, and all of its body.
func do(t testing.TB, r *http.Request) (answer, string) {
	t.Helper()
	rsp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rsp.Body.Close() }()
	raw, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{rsp.StatusCode, rsp.Header, rsp.Close}, string(raw)
}

// stream is an event stream that is read line by line.
type stream struct {
	*http.Response

	lines *bufio.Scanner
	leave context.CancelFunc
}

func open(t testing.TB, r *http.Request) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	rsp, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rsp.Body.Close() })
	lines := bufio.NewScanner(rsp.Body)
	lines.Buffer(nil, 1<<24)
	return &stream{rsp, lines, cancel}
}

// next returns the next line that begins so.
func (s *stream) next(t testing.TB, prefix string) string {
	t.Helper()
	for s.lines.Scan() {
		if strings.HasPrefix(s.lines.Text(), prefix) {
			return s.lines.Text()
		}
	}
	t.Fatalf("the stream ended without %q: %v", prefix, s.lines.Err())
	return ""
}
