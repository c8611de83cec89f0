package mcpserver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

// liveCluster is a Cluster as the API server hands it out.
const liveCluster = `apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: team-a, namespace: platform, uid: u1, resourceVersion: "7", generation: 3}
spec:
  crossplane: {compositionSelector: {matchLabels: {provider: existing}}}
  parameters:
    nodeSize: small
    apps: {envoyGateway: {enabled: true}, prometheus: {enabled: true}}
status:
  apps:
    envoyGateway: {version: 1.6.0, ready: false, reason: Deploying}
    keda: {ready: true}
  conditions:
  - {type: Synced, status: "True", reason: ReconcileSuccess, observedGeneration: 3}
  - {type: Ready, status: "False", reason: Creating, message: "Unready resources: team-a-app-gateway-helm", observedGeneration: 3}
`

// needCluster are the tools that look at a cluster, each with a fitting input.
func needCluster() map[string]arguments {
	named := arguments{"namespace": "platform", "name": "team-a"}
	return map[string]arguments{
		"diagnose":      {},
		"explain_route": {"name": "web"},
		"get_exposure":  {"namespace": "shop", "service": "web"},
		"list_apps":     named,
		"list_gateways": {},
		"list_routes":   {},
		"set_app":       with(named, arguments{"app": "keda", "enabled": true}),
		"wait_ready":    with(named, arguments{"kind": "Cluster"}),
	}
}

func TestWithoutCluster(t *testing.T) {
	session := client(t, mcpserver.Options{AllowWrites: true}, nil)
	for tool, args := range needCluster() {
		result, text := callTool(t, session, tool, args)
		for _, want := range []string{"started without one", "--kubeconfig", "render_cluster"} {
			if !result.IsError || !strings.Contains(text, want) {
				t.Errorf("%s: want a refusal with %q, got %q", tool, want, text)
			}
		}
	}
}

func TestClusterThatFails(t *testing.T) {
	f := newFake(t)
	f.err = errors.New("cannot reach https://10.0.0.1: no route to host")
	session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, nil)
	for tool, args := range needCluster() {
		result, text := callTool(t, session, tool, args)
		if !result.IsError || !strings.HasPrefix(text, "cannot ") || !strings.Contains(text, "no route to host") {
			t.Errorf("%s: want a refusal that says what was tried, got %q", tool, text)
		}
	}
}

func TestListAppsOfLiveCluster(t *testing.T) {
	session := client(t, mcpserver.Options{Cluster: newFake(t, liveCluster)}, nil)
	out := answered(t, session, "list_apps", arguments{"namespace": "platform", "name": "team-a"})
	states := map[string]any{}
	apps, _ := out["apps"].([]any)
	for _, raw := range apps {
		a, _ := raw.(map[string]any)
		if a["state"] != nil {
			states[a["app"].(string)] = a["state"]
		}
	}
	for name, want := range map[string]map[string]any{
		"envoyGateway": {"enabled": true, "seen": true, "version": "1.6.0", "ready": false, "reason": "Deploying"},
		"prometheus":   {"enabled": true, "seen": false, "ready": false},
		"keda":         {"enabled": false, "seen": true, "ready": true},
		"dapr":         {"enabled": false, "seen": false, "ready": false},
	} {
		if diff := cmp.Diff(any(want), states[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	_, text := callTool(t, session, "list_apps", arguments{"namespace": "platform", "name": "team-a"})
	for _, want := range []string{"[on, 1.6.0, not ready: Deploying]", "[on, not observed]", "[off, but still there, ready]", "[off]"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in:\n%s", want, text)
		}
	}
	result, text := callTool(t, session, "list_apps", arguments{"namespace": "platform", "name": "team-b"})
	if !result.IsError || !strings.Contains(text, `cannot read Cluster "platform/team-b"`) {
		t.Errorf("want a refusal for a Cluster that is not there, got %q", text)
	}
}
