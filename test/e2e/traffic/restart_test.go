package traffic

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// story is what became of one call, with the tries that it took.
type story struct {
	out   map[string]any
	err   error       // why it has no result
	cuts  []time.Time // when a try ended without an answer
	lasts time.Duration
}

// insist calls a tool until there is an answer, as agents do: the tools here only read
// and say so (readOnlyHint), so a call whose connection is lost may be made again.
// https://modelcontextprotocol.io/specification/2025-06-18/server/tools
func insist(ctx context.Context, who agent.Options, params *mcp.CallToolParams) story {
	var s story
	begun := time.Now()
	for ctx.Err() == nil {
		result, err := try(ctx, who, params)
		s.lasts = time.Since(begun)
		switch {
		case err != nil:
			s.cuts = append(s.cuts, time.Now())
			wait(ctx, 100*time.Millisecond)
		case result.IsError:
			s.err = fmt.Errorf("the answer is an error: %v", result.Content)
			return s
		default:
			s.out, _ = result.StructuredContent.(map[string]any)
			return s
		}
	}
	s.err = context.Cause(ctx)
	return s
}

// try makes a call once, with a connection of its own.
func try(ctx context.Context, who agent.Options, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	session, err := agent.Connect(ctx, who)
	if err != nil {
		return nil, err
	}
	defer func() { _ = session.Close() }()
	return session.CallTool(ctx, params)
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// load is short calls, one after the other, by some callers at once.
type load struct {
	stop    context.CancelFunc
	callers sync.WaitGroup
	mu      sync.Mutex
	stories []story
}

// begin calls until finish. None of the calls is given up.
func begin(ctx context.Context, callers int, who agent.Options, params *mcp.CallToolParams) *load {
	l := &load{}
	going, stop := context.WithCancel(ctx)
	l.stop = stop
	for range callers {
		l.callers.Go(func() {
			for going.Err() == nil {
				s := insist(ctx, who, params)
				l.mu.Lock()
				l.stories = append(l.stories, s)
				l.mu.Unlock()
			}
		})
	}
	return l
}

// ended returns an error until there were that many calls.
func (l *load) ended(calls int) func(context.Context) error {
	return func(context.Context) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.stories); n < calls {
			return fmt.Errorf("%d calls have ended, want %d", n, calls)
		}
		return nil
	}
}

// finish lets the last calls end and returns how all went.
func (l *load) finish() []story {
	l.stop()
	l.callers.Wait()
	return l.stories
}

// TestGatewayRestart: streams and calls are under way while the gateway is restarted.
// No stream hangs: each is cut when the old gateway goes, at the latest. No call is
// lost: made again, each has its own result.
func TestGatewayRestart(t *testing.T) {
	const streams, callers = 50, 4
	ctx, p, namespace := suite.Start(t)
	objects := install(ctx, t, p, namespace, fmt.Sprintf(streamValues, "restart.example.test"))
	who := caller(ctx, t, p, objects, "http://restart.example.test")
	readsOnly(ctx, t, connect(ctx, t, p, who))
	lonely(ctx, t, p, namespace, "later")

	var mu sync.Mutex
	told := map[any]int{}
	who.Progress = func(token any, _ string) { mu.Lock(); told[token]++; mu.Unlock() }
	everyone := func(times int) func(context.Context) error {
		return func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			ready := 0
			for _, n := range told {
				if n >= times {
					ready++
				}
			}
			if ready < streams {
				return fmt.Errorf("%d of %d streams were told what is missing %d times", ready, streams, times)
			}
			return nil
		}
	}
	stories := make(chan story, streams)
	for i := range streams {
		params := &mcp.CallToolParams{Name: "wait_ready", Arguments: map[string]any{"kind": "Gateway", "namespace": namespace, "name": "later"}}
		params.SetProgressToken(strconv.Itoa(i))
		go func() { stories <- insist(ctx, who, params) }()
	}
	if err := p.Poll(ctx, "all streams", everyone(1)); err != nil {
		t.Fatal(err)
	}
	short := begin(ctx, callers, who, &mcp.CallToolParams{Name: "list_gateways", Arguments: map[string]any{"namespace": namespace}})

	if err := p.Poll(ctx, "calls before the restart", short.ended(20)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	gone, err := p.RestartGateway(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the old gateway was gone after %s, the new one listened after %s", shown(gone.Sub(begun)), shown(time.Since(begun)))
	// A stream says at once what is missing when it is open again.
	if err := p.Poll(ctx, "all streams after the restart", everyone(2)); err != nil {
		t.Fatal(err)
	}
	program(ctx, t, p, namespace, "later")
	for range streams {
		s := <-stories
		if s.err != nil || s.out["ready"] != true {
			t.Errorf("a stream has no result: %v, %v", s.out, s.err)
		}
		if len(s.cuts) == 0 || s.cuts[0].Sub(gone) > late {
			t.Errorf("a stream through the old gateway was cut at %v, want within %s of its end at %s", s.cuts, late, gone)
		}
	}
	checkCalls(t, short.finish())
}

// checkCalls: each call has its result in the end.
func checkCalls(t *testing.T, stories []story) {
	t.Helper()
	again, longest := 0, time.Duration(0)
	for _, s := range stories {
		if gateways, _ := s.out["gateways"].([]any); s.err != nil || len(gateways) == 0 {
			t.Errorf("a call has no result: %v, %v", s.out, s.err)
		}
		if len(s.cuts) > 0 {
			again++
		}
		longest = max(longest, s.lasts)
	}
	t.Logf("%d calls, of which %d were made again; the longest took %s", len(stories), again, shown(longest))
}

// readsOnly: agents are told that they may call these tools again.
func readsOnly(ctx context.Context, t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]bool{}
	for _, tool := range tools.Tools {
		reads[tool.Name] = tool.Annotations != nil && tool.Annotations.ReadOnlyHint
	}
	if !reads["wait_ready"] || !reads["list_gateways"] {
		t.Errorf("wait_ready and list_gateways do not say that they only read: %v", reads)
	}
}

// TestUpgradeLosesNoCall: while the server is replaced, every call is answered the first
// time it is made.
func TestUpgradeLosesNoCall(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	objects := install(ctx, t, p, namespace, fmt.Sprintf(streamValues, "replace.example.test"))
	who := caller(ctx, t, p, objects, "http://replace.example.test")
	connect(ctx, t, p, who)
	before := pods(ctx, t, p, namespace)
	short := begin(ctx, 4, who, &mcp.CallToolParams{Name: "list_gateways", Arguments: map[string]any{"namespace": namespace}})
	restart(ctx, t, p, namespace)
	err := p.Poll(ctx, "the end of the old pod", func(ctx context.Context) error {
		for name := range pods(ctx, t, p, namespace) {
			if before[name] {
				return fmt.Errorf("pod %q is still there", name)
			}
		}
		return nil
	})
	stories := short.finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stories {
		if len(s.cuts) > 0 {
			t.Errorf("a call had to be made %d times, want once", len(s.cuts)+1)
		}
	}
	checkCalls(t, stories)
}
