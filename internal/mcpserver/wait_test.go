package mcpserver_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

// route is an HTTPRoute about which a controller has said something, or nothing.
func route(t testing.TB, name, conditions string) string {
	t.Helper()
	out := "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " + name + ", namespace: shop, generation: 1}\nspec: {parentRefs: [{name: eg}]}\n"
	if conditions == "" {
		return out
	}
	return out + "status: {parents: [{parentRef: {name: eg}, conditions: [" + conditions + "]}]}\n"
}

const (
	refused = `{type: Accepted, status: "False", reason: NotAllowedByListeners, observedGeneration: 1}, {type: ResolvedRefs, status: "True", observedGeneration: 1}`
	taken   = `{type: Accepted, status: "True", observedGeneration: 1}, {type: ResolvedRefs, status: "True", observedGeneration: 1}`
)

func waitForRoute(name string) arguments {
	return arguments{"kind": "HTTPRoute", "namespace": "shop", "name": name}
}

// progress collects what a client is told.
type progress struct {
	mu     sync.Mutex
	events []string
	values []float64
	came   chan struct{}
}

func newProgress() *progress { return &progress{came: make(chan struct{}, 100)} }

func (p *progress) options() *mcp.ClientOptions {
	return &mcp.ClientOptions{ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, fmt.Sprintf("%v: %s", req.Params.ProgressToken, req.Params.Message))
		p.values = append(p.values, req.Params.Progress)
		if req.Params.Total != 0 {
			p.events = append(p.events, "a total was made up")
		}
		p.came <- struct{}{}
	}}
}

// inBackground calls a tool with a progress token.
func inBackground(ctx context.Context, session *mcp.ClientSession, token string, args arguments) (answer <-chan *mcp.CallToolResult) {
	out := make(chan *mcp.CallToolResult, 1)
	go func() {
		params := &mcp.CallToolParams{Meta: mcp.Meta{}, Name: "wait_ready", Arguments: args}
		params.SetProgressToken(token)
		result, err := session.CallTool(ctx, params)
		if err != nil {
			result = &mcp.CallToolResult{}
			result.SetError(err)
		}
		out <- result
	}()
	return out
}

func TestWaitReady(t *testing.T) {
	f, told := newFake(t), newProgress()
	session := client(t, mcpserver.Options{Cluster: f}, told.options())
	answer := inBackground(t.Context(), session, "mine", waitForRoute("web"))
	<-told.came
	f.put(object(t, route(t, "web", "")))
	<-told.came
	f.put(object(t, route(t, "web", refused)))
	<-told.came
	f.put(object(t, route(t, "web", refused))) // nothing new, so nothing is said
	f.put(object(t, route(t, "web", taken)))
	result := <-answer

	wantEvents := []string{
		"mine: HTTPRoute shop/web is not ready: it does not exist",
		"mine: HTTPRoute shop/web is not ready: Gateway shop/eg: no controller has answered",
		"mine: HTTPRoute shop/web is not ready: Gateway shop/eg: Accepted is False (NotAllowedByListeners)",
	}
	if diff := cmp.Diff(wantEvents, told.events); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{1, 2, 3}, told.values); diff != "" {
		t.Errorf("progress values (-want +got):\n%s", diff)
	}
	want := map[string]any{
		"ready": true, "waitedFor": "HTTPRoute shop/web", "missing": []any{},
		"conditions": []any{
			map[string]any{"type": "Gateway shop/eg: Accepted", "status": "True"},
			map[string]any{"type": "Gateway shop/eg: ResolvedRefs", "status": "True"},
		},
	}
	if diff := cmp.Diff(any(want), result.StructuredContent); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestWaitReadyAtOnce(t *testing.T) {
	told := newProgress()
	session := client(t, mcpserver.Options{Cluster: newFake(t, route(t, "web", taken))}, told.options())
	if out := answered(t, session, "wait_ready", waitForRoute("web")); out["ready"] != true {
		t.Errorf("want what is ready to be ready, got %v", out)
	}
	if len(told.events) != 0 {
		t.Errorf("want no progress without a token, got %q", told.events)
	}
}

// TestFirstProgressWaits: a gateway gets the time to see the end of the request before the
// response begins.
func TestFirstProgressWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := newProgress()
		session := client(t, mcpserver.Options{Cluster: newFake(t)}, told.options())
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		answer := inBackground(ctx, session, "mine", waitForRoute("web"))
		<-told.came
		if took := time.Since(start); took != 50*time.Millisecond {
			t.Errorf("want the first progress after 50ms, got it after %v", took)
		}
		cancel()
		<-answer
	})
}

func TestWaitReadyTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := client(t, mcpserver.Options{Cluster: newFake(t)}, nil)
		start := time.Now()
		out := answered(t, session, "wait_ready", with(waitForRoute("web"), arguments{"timeout": "1h30m"}))
		if took := time.Since(start); took != 90*time.Minute {
			t.Errorf("want the answer after 1h30m, got it after %v", took)
		}
		want := map[string]any{
			"ready": false, "waitedFor": "HTTPRoute shop/web", "note": "it is not ready after 1h30m",
			"missing": []any{"it does not exist"}, "conditions": []any{},
		}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestWaitReadyRefusals(t *testing.T) {
	session := client(t, mcpserver.Options{Cluster: newFake(t)}, nil)
	cases := map[string]struct {
		reason string
		args   arguments
		want   string
	}{
		"Kind":         {"Only kinds of which readiness is known.", arguments{"kind": "Pod"}, "enum"},
		"NoName":       {"A name is needed.", arguments{"name": ""}, "minLength"},
		"Words":        {"A timeout is a duration.", arguments{"timeout": "soon"}, `timeout: cannot wait for "soon"`},
		"Zero":         {"No time is no wait.", arguments{"timeout": "0s"}, "more than 0"},
		"Negative":     {"Nor is less.", arguments{"timeout": "-1h"}, "more than 0"},
		"MoreThanADay": {"A day is the most.", arguments{"timeout": "24h1s"}, "at most 24h"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			result, text := callTool(t, session, "wait_ready", with(waitForRoute("web"), tc.args))
			if !result.IsError || !strings.Contains(text, tc.want) {
				t.Errorf("%s: want a refusal with %q, got %q", tc.reason, tc.want, text)
			}
		})
	}
}

func TestWaitReadyWhenTheServerGoes(t *testing.T) {
	draining := make(chan struct{})
	told := newProgress()
	f := newFake(t, route(t, "web", refused))
	session := client(t, mcpserver.Options{Cluster: f, Draining: func(context.Context) <-chan struct{} { return draining }}, told.options())
	answer := inBackground(t.Context(), session, "mine", waitForRoute("web"))
	<-told.came
	close(draining)
	out, _ := (<-answer).StructuredContent.(map[string]any)
	if out["ready"] != false || out["note"] != "the server is going away, call again" || len(out["missing"].([]any)) != 1 {
		t.Errorf("want to be sent away with what is missing, got %v", out)
	}
}

// A caller who leaves costs nothing any more.
func TestWaitReadyWhenTheCallerGoes(t *testing.T) {
	for _, revision := range []string{"2025-06-18", "2026-07-28"} {
		t.Run(revision, func(t *testing.T) {
			f, told := newFake(t), newProgress()
			session := client(t, mcpserver.Options{Cluster: f}, told.options(), revision)
			ctx, leave := context.WithCancel(t.Context())
			answer := inBackground(ctx, session, "mine", waitForRoute("web"))
			<-told.came
			leave()
			<-answer
			eventually(t, "the watch ends", func() bool { return f.watching() == 0 })
		})
	}
}

// eventually polls, because the other side may still be at it.
func eventually(t *testing.T, what string, fine func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if fine() {
			return
		}
	}
	t.Fatalf("want that %s", what)
}
