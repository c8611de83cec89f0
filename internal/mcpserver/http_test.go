package mcpserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

// serve serves over HTTP as the product does: without sessions.
func serve(t testing.TB, o mcpserver.Options) *httptest.Server {
	t.Helper()
	server := newServer(t, o)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: true, PropagateRequestCancellation: true})
	out := httptest.NewServer(handler)
	t.Cleanup(out.Close)
	return out
}

// httpClient connects over HTTP in a revision.
func httpClient(t testing.TB, url, revision string, co *mcp.ClientOptions) *mcp.ClientSession {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, co).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: url, MaxRetries: -1, DisableStandaloneSSE: true},
		&mcp.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if got := session.InitializeResult().ProtocolVersion; got != revision {
		t.Fatalf("want revision %s, got %s", revision, got)
	}
	return session
}

func TestProgressOverHTTP(t *testing.T) {
	for _, revision := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		t.Run(revision, func(t *testing.T) {
			f, told := newFake(t), newProgress()
			session := httpClient(t, serve(t, mcpserver.Options{Cluster: f}).URL, revision, told.options())
			answer := inBackground(t.Context(), session, "mine", waitForRoute("web"))
			<-told.came
			f.put(object(t, route(t, "web", refused)))
			<-told.came
			f.put(object(t, route(t, "web", taken)))
			result := <-answer
			if out, _ := result.StructuredContent.(map[string]any); result.IsError || out["ready"] != true {
				t.Errorf("want ready, got %v %s", out, textOf(result))
			}
			want := []string{
				"mine: HTTPRoute shop/web is not ready: it does not exist",
				"mine: HTTPRoute shop/web is not ready: Gateway shop/eg: Accepted is False (NotAllowedByListeners)",
			}
			if diff := cmp.Diff(want, told.events); diff != "" {
				t.Errorf("progress (-want +got):\n%s", diff)
			}
		})
	}
}

// Every event arrives at the stream that asked for it: 1000 streams of one client
// wait for routes of their own. (mcp-go 1.2.1 with sessions sent 792 of 800 events to
// another stream of the same client.)
func TestProgressArrivesWhereItWasAskedFor(t *testing.T) {
	for revision, streams := range map[string]int{"2025-11-25": 200, "2026-07-28": 1000} {
		t.Run(revision, func(t *testing.T) {
			f := newFake(t)
			url := serve(t, mcpserver.Options{Cluster: f}).URL
			var all sync.WaitGroup
			var first sync.WaitGroup
			first.Add(streams)
			bodies := make([]string, streams)
			for i := range streams {
				all.Go(func() {
					body, err := readStream(url, revision, i, first.Done)
					if err != nil {
						t.Errorf("stream %d: %v", i, err)
					}
					bodies[i] = body
				})
			}
			first.Wait()
			for i := range streams {
				f.put(object(t, route(t, name(i), refused)))
			}
			for i := range streams {
				f.put(object(t, route(t, name(i), taken)))
			}
			all.Wait()
			for i, body := range bodies {
				checkStream(t, i, body)
			}
			eventually(t, "no watch is left", func() bool { return f.watching() == 0 })
		})
	}
}

func name(i int) string  { return fmt.Sprintf("route-%d", i) }
func token(i int) string { return fmt.Sprintf("token-%d", i) }

// readStream waits for a route and reads the whole stream. first is called once,
// when the first event is there.
func readStream(url, revision string, i int, first func()) (string, error) {
	first = sync.OnceFunc(first)
	defer first()
	req := post(url, revision, "tools/call", fmt.Sprintf(`"name":"wait_ready","arguments":{"kind":"HTTPRoute","namespace":"shop","name":%q}`, name(i)), fmt.Sprintf(`"progressToken":%q`, token(i)))
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = rsp.Body.Close() }()
	var body strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := rsp.Body.Read(buffer)
		body.Write(buffer[:n])
		if n > 0 {
			first()
		}
		if err == io.EOF {
			return body.String(), nil
		}
		if err != nil {
			return body.String(), err
		}
	}
}

// checkStream holds that a stream has its own events and no others.
func checkStream(t *testing.T, i int, body string) {
	t.Helper()
	events := 0
	for line := range strings.Lines(body) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data:")
		if !ok {
			continue
		}
		var message struct {
			Method string `json:"method"`
			Params struct {
				ProgressToken string `json:"progressToken"`
				Message       string `json:"message"`
			} `json:"params"`
			Result *struct {
				StructuredContent struct {
					Ready     bool   `json:"ready"`
					WaitedFor string `json:"waitedFor"`
				} `json:"structuredContent"`
			} `json:"result"`
		}
		if err := json.Unmarshal([]byte(data), &message); err != nil {
			t.Fatalf("stream %d: %v in %q", i, err, data)
		}
		events++
		if message.Result != nil {
			if out := message.Result.StructuredContent; !out.Ready || out.WaitedFor != "HTTPRoute shop/"+name(i) {
				t.Errorf("stream %d: want its own answer, got %+v", i, out)
			}
			continue
		}
		if message.Params.ProgressToken != token(i) || !strings.HasPrefix(message.Params.Message, "HTTPRoute shop/"+name(i)+" ") {
			t.Errorf("stream %d: got the event of another one: %s", i, data)
		}
	}
	if events < 2 {
		t.Errorf("stream %d: want at least the first event and the answer, got %q", i, body)
	}
}
