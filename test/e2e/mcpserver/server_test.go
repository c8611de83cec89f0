package mcpserver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// TestServerKnowsItsCallers: Kubernetes says whose a token is and whether they may call.
func TestServerKnowsItsCallers(t *testing.T) {
	ctx, r := startServer(t, "{}")
	cases := map[string]struct {
		reason string
		token  string
		want   int
	}{
		"Bound":    {reason: "The chart's role for callers lets a ServiceAccount in.", token: r.caller(ctx, t, "agent", true), want: http.StatusOK},
		"NotBound": {reason: "A token of the cluster alone is not enough.", token: r.caller(ctx, t, "stranger", false), want: http.StatusForbidden},
		"Unknown":  {reason: "The cluster does not know the token.", token: "e30.e30.e30", want: http.StatusUnauthorized},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := r.post(ctx, t, tc.token); got != tc.want {
				t.Errorf("\n%s\nstatus %d, want %d", tc.reason, got, tc.want)
			}
		})
	}
}

const gatewayYAML = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: %[1]s}
spec:
  gatewayClassName: eg
  listeners: [{name: http, port: 80, protocol: HTTP}]
`

// TestServerWaitsForGateway: a stream is told what is missing, and ends when the Gateway
// is ready.
func TestServerWaitsForGateway(t *testing.T) {
	ctx, r := startServer(t, "{}")
	p := r.plane
	progress := make(chan string, 10)
	session, err := r.connect(ctx, r.caller(ctx, t, "agent", true), progress)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	type answer struct {
		out map[string]any
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		params := &mcp.CallToolParams{Name: "wait_ready", Arguments: map[string]any{"kind": "Gateway", "namespace": r.namespace, "name": "front"}}
		params.SetProgressToken("front")
		out, err := agent.Call(ctx, session, params)
		answers <- answer{out, err}
	}()
	expect(ctx, t, progress, "does not exist")
	if err := p.ApplyYAML(ctx, fmt.Sprintf(gatewayYAML, r.namespace)); err != nil {
		t.Fatal(err)
	}
	expect(ctx, t, progress, "Programmed")
	gateways, err := agent.Call(ctx, session, &mcp.CallToolParams{Name: "list_gateways", Arguments: map[string]any{"namespace": r.namespace}})
	if err != nil || len(gateways["gateways"].([]any)) != 1 {
		t.Errorf("list_gateways says %v, %v; want the one Gateway", gateways, err)
	}
	program(ctx, t, p, r.namespace)
	select {
	case got := <-answers:
		if got.err != nil || got.out["ready"] != true {
			t.Errorf("wait_ready says %v, %v", got.out, got.err)
		}
	case <-ctx.Done():
		t.Fatal("wait_ready does not end although the Gateway is programmed")
	}
}

// expect waits for a progress message with a text.
func expect(ctx context.Context, t *testing.T, progress <-chan string, text string) {
	t.Helper()
	for {
		select {
		case got := <-progress:
			if strings.Contains(got, text) {
				return
			}
		case <-ctx.Done():
			t.Fatalf("no progress with %q arrives", text)
		}
	}
}

// program does what a controller does once it serves a Gateway.
func program(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	t.Helper()
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", namespace, "front")
	if err := p.WaitFor(ctx, gateway, func(*unstructured.Unstructured) error { return nil }); err != nil {
		t.Fatal(err)
	}
	condition := func(kind string) map[string]any {
		return map[string]any{"type": kind, "status": "True", "reason": kind, "message": "", "lastTransitionTime": time.Now().UTC().Format(time.RFC3339), "observedGeneration": gateway.GetGeneration()}
	}
	status := map[string]any{
		"addresses":  []any{map[string]any{"type": "IPAddress", "value": "203.0.113.9"}},
		"conditions": []any{condition("Accepted"), condition("Programmed")},
		"listeners": []any{map[string]any{
			"name": "http", "attachedRoutes": int64(0), "supportedKinds": []any{},
			"conditions": []any{condition("Accepted"), condition("Programmed"), condition("ResolvedRefs")},
		}},
	}
	if err := p.Client().Get(ctx, clientKey(gateway), gateway); err != nil {
		t.Fatal(err)
	}
	gateway.Object["status"] = status
	if err := p.Client().Status().Update(ctx, gateway); err != nil {
		t.Fatal(err)
	}
}

// TestServerMayDoWhatItsToolsNeed tries, verb by verb, what the ServiceAccount of the
// chart may do and what it may not.
func TestServerMayDoWhatItsToolsNeed(t *testing.T) {
	cases := map[string]struct {
		reason, values string
		mayPatch       bool
	}{
		"ReadOnly": {reason: "Without writes nothing can be changed.", values: "{}"},
		"Writes":   {reason: "One named value lets it patch Clusters.", values: "{server: {allowWrites: true}}", mayPatch: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, r := startServer(t, tc.values)
			config := &rest.Config{Host: r.plane.Config().Host, BearerToken: r.token(ctx, t, r.serviceAccount(t)), TLSClientConfig: rest.TLSClientConfig{CAData: r.plane.Config().CAData}}
			clients, err := kubernetes.NewForConfig(config)
			if err != nil {
				t.Fatal(err)
			}
			for _, right := range rights(tc.mayPatch) {
				if got := right.allowed(ctx, t, clients, r.namespace); got != right.want {
					t.Errorf("\n%s\n%s: allowed %t, want %t", tc.reason, right, got, right.want)
				}
			}
		})
	}
}
