package traffic

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestTraefikClocks: what internal/streaming says of Traefik, live. The timeouts of a route
// and two of the three clocks of an entry point do not end a stream; the third does, and the
// chart's notes say that nobody in the cluster can see it.
func TestTraefikClocks(t *testing.T) {
	cases := map[string]struct {
		reason, timeouts string
		port             int
		advice           any // of the server, on its own streams
		cut              bool
	}{
		"Route": {
			reason: "Traefik takes the route and ignores its timeouts.", port: 80,
			timeouts: "timeouts: {request: 1s, backendRequest: 1s}", advice: []any{"Traefik ignores the timeouts of the route."},
		},
		"ReadAndIdle": {
			reason: "The clocks that Traefik has by default are for requests and for connections without any.", port: plane.ShortReadPort,
			timeouts: "timeouts: null",
		},
		"Write": {
			reason: "Whoever sets writeTimeout ends every stream with it.", port: plane.ShortWritePort,
			timeouts: "timeouts: null", cut: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, p, namespace := suite.Start(t)
			host := fmt.Sprintf("port-%d.example.test", tc.port)
			// The controller auto writes the timeouts on the route that traefik would leave out.
			objects := install(ctx, t, p, namespace, fmt.Sprintf(
				"{gateway: {enabled: true, className: traefik, controller: auto, listeners: {http: {hostname: %s, port: %d}}, %s}}", host, tc.port, tc.timeouts))
			events := make(chan event, 100)
			who := caller(ctx, t, p, objects, "http://"+host)
			who.Address = fmt.Sprintf("%s:%d", p.GatewayAddress(), tc.port)
			who.Progress = func(token any, message string) { events <- event{token, message, time.Now()} }
			session := connect(ctx, t, p, who)
			told := promised(t, session, namespace)
			if diff := cmp.Diff([]any{"unlimited", "unlimited", tc.advice}, []any{told["total"], told["idle"], told["advice"]}); diff != "" {
				t.Errorf("\n%s\nwhat the server says of streams that come this way: -want +got:\n%s", tc.reason, diff)
			}
			lonely(ctx, t, p, namespace, "later")
			begun := time.Now()
			done := waiting(ctx, session, namespace, "later", "one")
			next(ctx, t, events, begun)
			time.Sleep(3 * plane.ShortClock) // what is shown is that time passes
			at := touch(ctx, t, p, namespace, "later", "AfterAllClocks")
			if !tc.cut {
				next(ctx, t, events, at)
				return
			}
			select {
			case err := <-done:
				if err == nil {
					t.Errorf("\n%s\nthe stream ends as if it were done", tc.reason)
				}
			case e := <-events:
				t.Errorf("\n%s\nthe stream lives on: %q", tc.reason, e.message)
			case <-ctx.Done():
				t.Errorf("\n%s\nthe stream is neither cut nor told anything", tc.reason)
			}
		})
	}
}

// promised is what the server itself says of the streams that reach it through its gateway.
func promised(t *testing.T, session *mcp.ClientSession, namespace string) map[string]any {
	t.Helper()
	out, err := agent.Call(t.Context(), session, &mcp.CallToolParams{Name: "get_exposure", Arguments: map[string]any{"namespace": namespace, "service": "mcp-mcp-server"}})
	if err != nil {
		t.Fatal(err)
	}
	entries, _ := out["entries"].([]any)
	at := slices.IndexFunc(entries, func(e any) bool { return e.(map[string]any)["via"] == "Gateway" })
	if at < 0 {
		t.Fatalf("the server sees no way in through a Gateway: %v", out)
	}
	told, _ := entries[at].(map[string]any)["stream"].(map[string]any)
	return told
}
