package mcpserver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type waitInput struct {
	Kind      string `json:"kind" jsonschema:"Kind of the object."`
	Namespace string `json:"namespace" jsonschema:"Namespace of the object."`
	Name      string `json:"name" jsonschema:"Name of the object. It need not exist yet."`
	Timeout   string `json:"timeout,omitempty" jsonschema:"How long to wait at most, for example 90s, 10m or 1h30m; up to 24h. Absent: until it is ready or the caller leaves."`
}

type waitOutput struct {
	Ready      bool        `json:"ready" jsonschema:"Whether the object is ready."`
	WaitedFor  string      `json:"waitedFor" jsonschema:"The object: kind, namespace and name."`
	Note       string      `json:"note,omitempty" jsonschema:"Why the wait ended although the object is not ready, and what to do."`
	Missing    []string    `json:"missing" jsonschema:"What is missing until it is ready; empty if it is."`
	Conditions []condition `json:"conditions" jsonschema:"All conditions of the object and of its listeners or parents."`
}

// longestWait is a day: who waits longer has forgotten about it.
const longestWait = 24 * time.Hour

func waitReady() Tool {
	return tool(definition{
		name:  "wait_ready",
		title: "Wait until something is ready",
		description: "Waits until a Gateway, HTTPRoute, GRPCRoute or Cluster is ready, for hours if need be. Use it after a change was applied, instead of asking again and again. " +
			"Give a progress token to hear at once, and on every change, what is still missing. " +
			"Returns whether it is ready, what is missing, and all conditions. It may return before it is ready (see note): then call it again.",
		effect: reads,
		tune: func(p map[string]*jsonschema.Schema) {
			p["kind"].Enum = []any{"Gateway", "HTTPRoute", "GRPCRoute", "Cluster"}
			requiredName(p["namespace"], p["name"])
			p["timeout"].MaxLength = new(20)
		},
	}, func(ctx context.Context, c *call, in waitInput) (*mcp.CallToolResult, waitOutput, error) {
		w, err := newWait(c, in)
		if err != nil {
			return nil, waitOutput{}, err
		}
		out, err := w.run(ctx)
		return nil, out, err
	})
}

// wait is one call of wait_ready. Thousands of them may sleep at a time, so it has
// no goroutine of its own, no timer unless a timeout was asked for, and no copy of
// the object.
type wait struct {
	*call

	readiness readiness
	in        waitInput
	timeout   time.Duration
	newest    *unstructured.Unstructured
	told      string
	step      float64
}

func newWait(c *call, in waitInput) (*wait, error) {
	timeout, err := timeoutOf(in.Timeout)
	if err != nil {
		return nil, err
	}
	// The schema of the input lets only kinds through that are known.
	return &wait{call: c, readiness: readinesses()[in.Kind], in: in, timeout: timeout}, nil
}

func timeoutOf(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > longestWait {
		return 0, fmt.Errorf("timeout: cannot wait for %q: give a duration such as 10m, more than 0 and at most 24h", s)
	}
	return d, nil
}

func (w *wait) object() string { return w.in.Kind + " " + w.in.Namespace + "/" + w.in.Name }

func (w *wait) run(ctx context.Context) (waitOutput, error) {
	live, err := w.cluster()
	if err != nil {
		return waitOutput{}, err
	}
	states, err := live.Watch(ctx, w.readiness.gvk, w.in.Namespace, w.in.Name)
	if err != nil {
		return waitOutput{}, fmt.Errorf("cannot watch %s: %w", w.object(), err)
	}
	var late <-chan time.Time
	if w.timeout > 0 {
		timer := time.NewTimer(w.timeout)
		defer timer.Stop()
		late = timer.C
	}
	draining := w.draining(ctx)
	for {
		select {
		case state, open := <-states:
			if !open {
				return w.interrupted(ctx)
			}
			w.newest = state
			missing := w.readiness.of(state)
			if len(missing) == 0 {
				return w.result(""), nil
			}
			if err := w.tell(ctx, missing); err != nil {
				return waitOutput{}, err
			}
		case <-late:
			return w.result("it is not ready after " + w.in.Timeout), nil
		case <-draining:
			return w.result("the server is going away, call again"), nil
		case <-ctx.Done():
			return w.interrupted(ctx)
		}
	}
}

// interrupted ends a wait of which nothing more will come.
func (w *wait) interrupted(ctx context.Context) (waitOutput, error) {
	if err := context.Cause(ctx); err != nil {
		return waitOutput{}, fmt.Errorf("cannot wait for %s any longer: %w", w.object(), err)
	}
	return w.result("the cluster is no longer watched, call again"), nil
}

// firstProgress is how long nothing is told at first. Proxies made with Go's ReverseProxy,
// Traefik among them, cut a response over HTTP/1.1 that begins while they have not yet seen
// the end of the request, which takes a busy one some milliseconds:
// https://github.com/golang/go/issues/40747, https://github.com/traefik/traefik/issues/11767
const firstProgress = 50 * time.Millisecond

// tell sends what is missing, if the caller asked for progress and it is news. How
// much there will be is not known, so no total is given.
func (w *wait) tell(ctx context.Context, missing []string) error {
	token := w.req.Params.GetProgressToken()
	if token == nil {
		return nil
	}
	message := fmt.Sprintf("%s is not ready: %s", w.object(), strings.Join(missing, "; "))
	if message == w.told {
		return nil
	}
	if w.step == 0 {
		select {
		case <-time.After(firstProgress):
		case <-ctx.Done():
			return fmt.Errorf("cannot wait for %s any longer: %w", w.object(), context.Cause(ctx))
		}
	}
	w.told = message
	w.step++
	err := w.req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: token, Progress: w.step, Message: message})
	if err != nil {
		return fmt.Errorf("cannot tell that %s is not ready: %w", w.object(), err)
	}
	return nil
}

func (w *wait) result(note string) waitOutput {
	missing := w.readiness.of(w.newest)
	out := waitOutput{Ready: len(missing) == 0, WaitedFor: w.object(), Missing: []string{}, Conditions: []condition{}}
	out.Missing = append(out.Missing, missing...)
	out.Conditions = append(out.Conditions, conditionsIn(w.newest)...)
	if !out.Ready {
		out.Note = note
	}
	return out
}
