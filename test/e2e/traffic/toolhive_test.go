package traffic

import (
	"fmt"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/version"
	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestToolHive runs ToolHive's operator in a pod of its own chart. The chart mcp-server only
// asks it for an MCPServer: the operator runs its proxy, and that the server. A call through
// the gateway is answered by the server's pod.
func TestToolHive(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	const host = "toolhive.example.test"
	installReal(ctx, t, p, "toolhive-operator-crds", "toolhive-system")
	installReal(ctx, t, p, "toolhive-operator", "toolhive-system")
	objects := install(ctx, t, p, namespace, `{
  deployment: {method: toolhive},
  gateway: {enabled: true, className: traefik, controller: traefik, listeners: {http: {hostname: `+host+`}}}}`)
	token, err := p.Caller(ctx, namespace, "agent", callerRole(t, objects))
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan event, 100)
	session := connect(ctx, t, p, agent.Options{
		URL: "http://" + host, Address: p.GatewayAddress() + ":80", Token: token,
		Progress: func(token any, message string) { events <- event{token, message, time.Now()} },
	})
	out, err := agent.Call(ctx, session, &mcp.CallToolParams{Name: "get_exposure", Arguments: map[string]any{"namespace": namespace, "service": "mcp-mcp-mcp-server-proxy"}})
	if err != nil {
		t.Fatal(err)
	}
	if !mentions(out, host) {
		t.Errorf("the server does not know that it is reached at %s: %v", host, out)
	}
	lonely(ctx, t, p, namespace, "later")
	begun := time.Now()
	waiting(ctx, session, namespace, "later", "one")
	next(ctx, t, events, begun)
	next(ctx, t, events, touch(ctx, t, p, namespace, "later", "ThroughTheProxy"))
	if err := p.WaitFor(ctx, plane.Reference("apps/v1", "StatefulSet", namespace, "mcp-mcp-server"), runsOurImage); err != nil {
		t.Errorf("what answers is not the server that the operator's proxy started: %v", err)
	}
}

// runsOurImage returns nil when a workload of ToolHive's has a ready pod of this server.
func runsOurImage(workload *unstructured.Unstructured) error {
	ready, _, err := unstructured.NestedInt64(workload.Object, "status", "readyReplicas")
	if err != nil {
		return err
	}
	containers, _, err := unstructured.NestedSlice(workload.Object, "spec", "template", "spec", "containers")
	if err != nil {
		return err
	}
	if ready != 1 || !mentions(containers, "ghcr.io/gatehouse-platform/mcp-server:"+version.Version) {
		return fmt.Errorf("it has %d ready pods of %v", ready, containers)
	}
	return nil
}
