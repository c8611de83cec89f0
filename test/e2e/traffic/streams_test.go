package traffic

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// late is how long an event may take from what caused it to the caller, on a machine
// that does other things as well.
const late = time.Second

// streamValues lets one caller have as many streams as these tests open.
const streamValues = `{
  gateway: {enabled: true, className: traefik, controller: traefik, listeners: {http: {hostname: %s}}},
  server: {rateLimit: {perSecond: 5000, burst: 5000}, maxStreamsPerCaller: 5000}}`

// event is what a stream was told, and when.
type event struct {
	token   any
	message string
	at      time.Time
}

// waiting opens a stream: a call of wait_ready for a Gateway that nobody serves. Its
// answer, or why there is none, comes at the end.
func waiting(ctx context.Context, session *mcp.ClientSession, namespace, name string, token any) <-chan error {
	done := make(chan error, 1)
	go func() {
		params := &mcp.CallToolParams{Name: "wait_ready", Arguments: map[string]any{"kind": "Gateway", "namespace": namespace, "name": name}}
		params.SetProgressToken(token)
		_, err := agent.Call(ctx, session, params)
		done <- err
	}()
	return done
}

// touch changes what is missing of a Gateway, which every stream that waits for it is
// told.
func touch(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name, reason string) time.Time {
	t.Helper()
	return writeStatus(ctx, t, p, namespace, name, func(generation int64) map[string]any {
		return map[string]any{"conditions": []any{condition("Programmed", "False", reason, generation)}}
	})
}

// program does what a controller does once it serves a Gateway: every stream that waits
// for it ends.
func program(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string) time.Time {
	t.Helper()
	return writeStatus(ctx, t, p, namespace, name, func(generation int64) map[string]any {
		conditions := []any{
			condition("Accepted", "True", "Accepted", generation), condition("Programmed", "True", "Programmed", generation),
		}
		return map[string]any{"conditions": conditions, "listeners": []any{map[string]any{
			"name": "http", "attachedRoutes": int64(0), "supportedKinds": []any{}, "conditions": conditions,
		}}}
	})
}

func condition(kind, status, reason string, generation int64) map[string]any {
	return map[string]any{
		"type": kind, "status": status, "reason": reason, "message": reason,
		"lastTransitionTime": metav1.Now().UTC().Format(time.RFC3339), "observedGeneration": generation,
	}
}

// writeStatus gives a Gateway another status, and says when.
func writeStatus(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string, status func(generation int64) map[string]any) time.Time {
	t.Helper()
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", namespace, name)
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(gateway), gateway); err != nil {
		t.Fatal(err)
	}
	gateway.Object["status"] = status(gateway.GetGeneration())
	at := time.Now()
	if err := p.Client().Status().Update(ctx, gateway); err != nil {
		t.Fatal(err)
	}
	return at
}

// lonely makes a Gateway of a class that nobody serves.
func lonely(ctx context.Context, t *testing.T, p *plane.Plane, namespace, name string) {
	t.Helper()
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", namespace, name)
	gateway.Object["spec"] = map[string]any{
		"gatewayClassName": "nobody",
		"listeners":        []any{map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"}},
	}
	if err := p.Apply(ctx, gateway); err != nil {
		t.Fatal(err)
	}
}

// TestStreamIsNotBuffered: what happens in the cluster reaches a caller behind the
// gateway within a second, however long nothing happened before.
func TestStreamIsNotBuffered(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	objects := install(ctx, t, p, namespace, fmt.Sprintf(streamValues, "stream.example.test"))
	events := make(chan event, 100)
	who := caller(ctx, t, p, objects, "http://stream.example.test")
	who.Progress = func(token any, message string) { events <- event{token, message, time.Now()} }
	session := connect(ctx, t, p, who)
	lonely(ctx, t, p, namespace, "later")

	begun := time.Now()
	done := waiting(ctx, session, namespace, "later", "one")
	next(ctx, t, events, begun)
	for _, pause := range []time.Duration{0, 3 * time.Second, 20 * time.Second} {
		select {
		case err := <-done:
			t.Fatalf("the stream ends while it waits: %v", err)
		case <-time.After(pause):
		}
		next(ctx, t, events, touch(ctx, t, p, namespace, "later", fmt.Sprintf("After%s", pause)))
	}
}

// next takes the next event, which may not be late, and says how long it took.
func next(ctx context.Context, t *testing.T, events <-chan event, since time.Time) time.Duration {
	t.Helper()
	select {
	case e := <-events:
		delay := e.at.Sub(since)
		if delay > late {
			t.Errorf("an event arrives after %s, want within %s: %q", delay, late, e.message)
		}
		return delay
	case <-ctx.Done():
		t.Fatal("no event arrives")
		return 0
	}
}

// TestManyStreams: 1,000 callers wait at once, and each is told.
func TestManyStreams(t *testing.T) {
	const sessions, each = 20, 50
	ctx, p, namespace := suite.Start(t)
	objects := install(ctx, t, p, namespace, fmt.Sprintf(streamValues, "many.example.test"))
	who := caller(ctx, t, p, objects, "http://many.example.test")
	lonely(ctx, t, p, namespace, "later")

	var mu sync.Mutex
	told := map[string]map[any]bool{}
	who.Progress = nil
	var streams []<-chan error
	for i := range sessions {
		one := who
		one.Progress = func(token any, message string) {
			mu.Lock()
			defer mu.Unlock()
			if told[message] == nil {
				told[message] = map[any]bool{}
			}
			told[message][token] = true
		}
		session := connect(ctx, t, p, one)
		for j := range each {
			streams = append(streams, waiting(ctx, session, namespace, "later", fmt.Sprintf("%d-%d", i, j)))
		}
	}
	open := func() {
		t.Helper()
		for _, done := range streams {
			select {
			case err := <-done:
				t.Fatalf("a stream ends while it waits: %v", err)
			default:
			}
		}
	}
	all := func(want int) func(context.Context) error {
		return func(context.Context) error {
			open()
			mu.Lock()
			defer mu.Unlock()
			got := 0
			for _, tokens := range told {
				if len(tokens) == sessions*each {
					got++
				}
			}
			if got < want {
				return fmt.Errorf("%d messages reached all %d streams, want %d", got, sessions*each, want)
			}
			return nil
		}
	}
	if err := p.Poll(ctx, "the first event of every stream", all(1)); err != nil {
		t.Fatal(err)
	}
	touch(ctx, t, p, namespace, "later", "StillWaiting")
	if err := p.Poll(ctx, "the second event of every stream", all(2)); err != nil {
		t.Fatal(err)
	}
	open()
}

// TestUpgradeEndsStreamsCleanly: every stream that a rolling update ends says so, and the
// same call right after it is answered by the new pod.
func TestUpgradeEndsStreamsCleanly(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	objects := install(ctx, t, p, namespace, fmt.Sprintf(streamValues, "upgrade.example.test"))
	events := make(chan event, 1000)
	who := caller(ctx, t, p, objects, "http://upgrade.example.test")
	who.Progress = func(token any, message string) { events <- event{token, message, time.Now()} }
	session := connect(ctx, t, p, who)
	lonely(ctx, t, p, namespace, "later")
	var streams []<-chan error
	for i := range 20 {
		streams = append(streams, waiting(ctx, session, namespace, "later", strconv.Itoa(i)))
	}
	for range streams {
		next(ctx, t, events, time.Now())
	}
	restart(ctx, t, p, namespace)
	for i, done := range streams {
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("stream %d is cut instead of ended: %v", i, err)
			}
		case <-ctx.Done():
			t.Fatal("a stream does not end although its pod does")
		}
	}
	again := connect(ctx, t, p, who)
	if _, err := agent.Call(ctx, again, &mcp.CallToolParams{Name: "list_gateways", Arguments: map[string]any{"namespace": namespace}}); err != nil {
		t.Errorf("the new pod does not answer: %v", err)
	}
}

// restart does what kubectl rollout restart does.
func restart(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	t.Helper()
	deployment := plane.Reference("apps/v1", "Deployment", namespace, "mcp-mcp-server")
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(deployment), deployment); err != nil {
		t.Fatal(err)
	}
	if err := unstructured.SetNestedField(deployment.Object, "1", "spec", "template", "metadata", "annotations", "restarted"); err != nil {
		t.Fatal(err)
	}
	if err := p.Client().Update(ctx, deployment); err != nil {
		t.Fatal(err)
	}
}
