package traffic

import (
	"context"
	"fmt"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestWaysIn installs the chart in each pattern and calls a tool from outside: what
// arrives is what the pod answered.
func TestWaysIn(t *testing.T) {
	cases := map[string]struct {
		reason, host, values, before string
	}{
		"Gateway": {
			reason: "A Gateway of its own.", host: "own.example.test",
			values: "{gateway: {enabled: true, className: traefik, controller: traefik, listeners: {http: {hostname: own.example.test}}}}",
		},
		"SharedGateway": {
			reason: "The platform's Gateway in another namespace admits the route, and the server is not known there.", host: "shared.example.test",
			values: "{gateway: {existing: {name: shared, namespace: shared-gateway}, controller: traefik, hostnames: [shared.example.test]}}",
			before: sharedGateway,
		},
		"Ingress": {
			reason: "A values file from before, with another class and host.", host: "ingress.example.test",
			values: "{ingress: {enabled: true, className: traefik, host: ingress.example.test}}",
		},
		"NarrowedPaths": {
			reason: "Only what an MCP client needs is routed.", host: "narrow.example.test",
			values: "{gateway: {enabled: true, className: traefik, controller: traefik, listeners: {http: {hostname: narrow.example.test}}, routes: {paths: [/mcp]}}}",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, p, namespace := suite.Start(t)
			if tc.before != "" {
				if err := p.ApplyYAML(ctx, tc.before); err != nil {
					t.Fatal(err)
				}
			}
			objects := install(ctx, t, p, namespace, tc.values)
			who := caller(ctx, t, p, objects, "http://"+tc.host)
			session := connect(ctx, t, p, who)
			out, err := agent.Call(ctx, session, &mcp.CallToolParams{Name: "get_exposure", Arguments: map[string]any{"namespace": namespace, "service": "mcp-mcp-server"}})
			if err != nil {
				t.Fatalf("\n%s\n%v", tc.reason, err)
			}
			if !mentions(out, tc.host) {
				t.Errorf("\n%s\nthe server does not know that it is reached at %s: %v", tc.reason, tc.host, out)
			}
			stranger := who
			stranger.Token = "e30.e30.e30"
			if _, err := agent.Connect(ctx, stranger); err == nil {
				t.Errorf("\n%s\nsomebody without a token of the cluster is let in", tc.reason)
			}
		})
	}
}

const sharedGateway = `
apiVersion: v1
kind: Namespace
metadata: {name: shared-gateway}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shared, namespace: shared-gateway}
spec:
  gatewayClassName: traefik
  listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]
`

// connect waits until the gateway leads to the server, which takes a moment after its
// pods are ready.
func connect(ctx context.Context, t *testing.T, p *plane.Plane, who agent.Options) *mcp.ClientSession {
	t.Helper()
	var session *mcp.ClientSession
	err := p.Poll(ctx, "the server behind the gateway", func(ctx context.Context) error {
		var err error
		session, err = agent.Connect(context.WithoutCancel(ctx), who)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// mentions tells whether a value holds a text somewhere.
func mentions(v any, text string) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, each := range v {
			if mentions(each, text) {
				return true
			}
		}
	case []any:
		for _, each := range v {
			if mentions(each, text) {
				return true
			}
		}
	default:
		return fmt.Sprint(v) == text
	}
	return false
}
