package traffic

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// longVariable has TestLongStream run for as long as it says, for example 3900s.
const longVariable = "GATEHOUSE_LONG_STREAM"

// longValues are what docs/gateway-api.md tells those whose streams last for more than
// the hour of the chart's default.
const longValues = `{gateway: {enabled: true, className: traefik, controller: traefik,
  listeners: {http: {hostname: long.example.test}}, timeouts: {request: 0s}}}`

// silence is how long nothing may come: the chart's default of server.keepalive, and what
// an event may be late. The shortest idle limit that is known is 50 s
// (catalog/controllers.yaml).
const silence = 15*time.Second + late

// TestLongStream: two streams last for longer than any default timeout, one with events
// minutes apart, the other one without any. Both end by themselves, with their result.
// Run it with
//
//	GATEHOUSE_LONG_STREAM=3900s go -C test/e2e test ./traffic -run TestLongStream -timeout 80m -v
func TestLongStream(t *testing.T) {
	total, err := time.ParseDuration(os.Getenv(longVariable))
	if err != nil {
		t.Skipf("it takes long: set %s to a duration", longVariable)
	}
	_, p, namespace := suite.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), total+time.Minute)
	defer cancel()
	objects := install(ctx, t, p, namespace, longValues)
	events := make(chan event, 100)
	who := caller(ctx, t, p, objects, "http://long.example.test")
	who.Progress = func(token any, message string) { events <- event{token, message, time.Now()} }
	session := connect(ctx, t, p, who)
	lonely(ctx, t, p, namespace, "busy")
	lonely(ctx, t, p, namespace, "silent")

	silent := listen(ctx, t, who, namespace, "silent")
	begun := time.Now()
	busy := waiting(ctx, session, namespace, "busy", "busy")
	t.Logf("the first event came after %s", shown(next(ctx, t, events, begun)))
	// In an hour and five minutes these are 1, 4, 10, 20 and 30 minutes.
	for _, share := range []int64{1, 4, 10, 20, 30} {
		pause := time.Duration(int64(total) * share / 65)
		select {
		case err := <-busy:
			t.Fatalf("the stream with events ends after %s, while it waits: %v", time.Since(begun), err)
		case end := <-silent:
			t.Fatalf("the silent stream ends after %s, while it waits: %+v", time.Since(begun), end)
		case <-time.After(pause):
		}
		delay := next(ctx, t, events, touch(ctx, t, p, namespace, "busy", fmt.Sprintf("After%s", pause)))
		t.Logf("the event after another %s came %s late", pause, shown(delay))
	}
	at := program(ctx, t, p, namespace, "busy")
	err = <-busy
	delay := time.Since(at)
	if err != nil || delay > late {
		t.Errorf("the stream with events ends %s after its Gateway is ready, with %v; want its result within %s", delay, err, late)
	}
	t.Logf("the stream with events lasted %s, its result came %s late", shown(time.Since(begun)), shown(delay))

	at = program(ctx, t, p, namespace, "silent")
	end := <-silent
	if end.err != nil || end.at.Sub(at) > late {
		t.Errorf("the silent stream ends %s after its Gateway is ready, with %v; want its result within %s", end.at.Sub(at), end.err, late)
	}
	if end.first > late || end.longest > silence {
		t.Errorf("the first byte came after %s and nothing for %s; want %s and %s at most", shown(end.first), shown(end.longest), late, silence)
	}
	t.Logf("the silent stream lasted %s: first byte after %s, %d comments, at most %s apart; its result came %s late",
		shown(end.at.Sub(begun)), shown(end.first), end.comments, shown(end.longest), shown(end.at.Sub(at)))
}

// shown is a duration as people read it.
func shown(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// ending is how a stream was, seen from the wire.
type ending struct {
	first    time.Duration // until the first byte of the body
	longest  time.Duration // without any byte
	comments int           // that keep it alive
	at       time.Time     // of the result
	err      error         // why there is no good result
}

// listen calls wait_ready without the SDK, which hides comments, and without a progress
// token: nothing but comments comes until the result.
func listen(ctx context.Context, t *testing.T, who agent.Options, namespace, name string) <-chan ending {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "wait_ready", "arguments": {"kind": "Gateway", "namespace": %q, "name": %q}}}`, namespace, name)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, who.URL+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Mcp-Protocol-Version", "2025-06-18")
	done := make(chan ending, 1)
	go func() {
		begun := time.Now()
		response, err := who.Client().Do(req) //nolint:bodyclose // read does
		if err != nil {
			done <- ending{at: time.Now(), err: err}
			return
		}
		done <- read(response, begun)
	}()
	return done
}

// read reads a stream until its result.
func read(response *http.Response, begun time.Time) ending {
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return ending{at: time.Now(), err: errors.New(response.Status)}
	}
	var e ending
	last := begun
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		e.at = time.Now()
		if e.first == 0 {
			e.first = e.at.Sub(begun)
		}
		e.longest, last = max(e.longest, e.at.Sub(last)), e.at
		if strings.HasPrefix(lines.Text(), ":") {
			e.comments++
		}
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
			e.err = ready(data)
			return e
		}
	}
	e.at, e.err = time.Now(), errors.Join(errors.New("the stream is cut before its result"), lines.Err())
	return e
}

// ready returns an error unless a message is the result of a wait that came to its end.
func ready(message string) error {
	var answer struct {
		Result struct {
			Content struct {
				Ready bool `json:"ready"`
			} `json:"structuredContent"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(message), &answer); err != nil {
		return err
	}
	if !answer.Result.Content.Ready {
		return fmt.Errorf("the result does not say ready: %s", message)
	}
	return nil
}
