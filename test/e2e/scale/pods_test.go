package scale

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// wake calls a server that has no pod. The gateway answers that there is none, and counts
// it; a caller that tries again, as agents do, is served once a pod is there.
func wake(ctx context.Context, t *testing.T, p *plane.Plane, who agent.Options) *mcp.ClientSession {
	t.Helper()
	// A pod that has been told to end answers until it does.
	err := p.Poll(ctx, "the gateway to say that there is no pod", func(ctx context.Context) error { return nobody(ctx, who) })
	if err != nil {
		t.Fatal(err)
	}
	var session *mcp.ClientSession
	err = p.Poll(ctx, "an answer of the first pod", func(ctx context.Context) error {
		var err error
		session, err = agent.Connect(context.WithoutCancel(ctx), who)
		if err != nil && !strings.Contains(err.Error(), http.StatusText(http.StatusServiceUnavailable)) {
			t.Errorf("a caller is told something else than to try again: %v", err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// nobody returns nil when the gateway answers that it has no pod for a request.
func nobody(ctx context.Context, who agent.Options) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, who.URL+"/mcp", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	response, err := who.Client().Do(request)
	if err != nil {
		return err
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		return fmt.Errorf("it answers %s, want 503: %s", response.Status, body)
	}
	return nil
}

// waiting opens a stream: a call that ends when an HTTPRoute is ready, which is not there
// yet.
func waiting(ctx context.Context, session *mcp.ClientSession, namespace string) <-chan error {
	done := make(chan error, 1)
	go func() {
		params := &mcp.CallToolParams{Name: "wait_ready", Arguments: map[string]any{"kind": "HTTPRoute", "namespace": namespace, "name": "later"}}
		params.SetProgressToken("later")
		out, err := agent.Call(ctx, session, params)
		if err == nil && out["ready"] != true {
			err = fmt.Errorf("it is not ready: %v", out)
		}
		done <- err
	}()
	return done
}

// ready makes the HTTPRoute that streams wait for.
func ready(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	t.Helper()
	err := p.ApplyYAML(ctx, fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {namespace: %s, name: later}
spec:
  parentRefs: [{name: %[2]s}]
  rules: [{matches: [{path: {value: /later}}], backendRefs: [{name: %[2]s, port: 3456}]}]
`, namespace, name))
	if err != nil {
		t.Fatal(err)
	}
}

// hold looks for much longer than the cooldown whether one pod and a stream stay, and
// says how long.
func hold(ctx context.Context, t *testing.T, p *plane.Plane, namespace string, pod types.UID, stream <-chan error) time.Duration {
	t.Helper()
	begun := time.Now()
	for time.Since(begun) < 4*cooldown {
		if pods := livePods(ctx, t, p, namespace); !slices.Equal(pods, []types.UID{pod}) {
			t.Fatalf("after %s with an open stream the pods are %v, want only %v", time.Since(begun), pods, pod)
		}
		select {
		case err := <-stream:
			t.Fatalf("the stream ends while it waits: %v", err)
		case <-time.After(200 * time.Millisecond):
		}
	}
	return time.Since(begun)
}

// waitPods waits until the Deployment has exactly so many pods, all ready, and returns
// them.
func waitPods(ctx context.Context, t *testing.T, p *plane.Plane, namespace string, want int) []types.UID {
	t.Helper()
	begun := time.Now()
	err := p.Poll(ctx, fmt.Sprintf("%d pods", want), func(ctx context.Context) error {
		deployment := &appsv1.Deployment{}
		if err := p.Client().Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, deployment); err != nil {
			return err
		}
		status := deployment.Status
		if int(*deployment.Spec.Replicas) != want || int(status.Replicas) != want || int(status.ReadyReplicas) != want {
			return fmt.Errorf("%d are wanted, %d are there, %d are ready", *deployment.Spec.Replicas, status.Replicas, status.ReadyReplicas)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pods after %s", want, time.Since(begun).Round(100*time.Millisecond))
	return livePods(ctx, t, p, namespace)
}

// livePods are the pods that nobody has told to end.
func livePods(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) []types.UID {
	t.Helper()
	pods := &corev1.PodList{}
	if err := p.Client().List(ctx, pods, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	var live []types.UID
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil {
			live = append(live, pod.UID)
		}
	}
	return live
}
