package mcpserver

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

const clusterYAML = `
apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: team-a, namespace: %[1]s}
spec:
  crossplane:
    compositionSelector:
      matchLabels: {provider: existing, cluster: any}
  parameters:
    apps:
      envoyGateway: {enabled: true}
`

// installClusters lets Crossplane serve Clusters. It composes nothing: there is neither
// a Composition nor a function here.
func installClusters(ctx context.Context, p *plane.Plane) error {
	objects, err := plane.ReadObjects(filepath.Join(root, "package", "configuration", "definition.yaml"))
	if err != nil {
		return err
	}
	if err := p.Apply(ctx, objects...); err != nil {
		return err
	}
	return p.WaitCondition(ctx, objects[0], "Established")
}

// TestSetApp changes a Cluster on a real API server: nothing before it is confirmed,
// then exactly what was shown, and what was switched before stays switched.
func TestSetApp(t *testing.T) {
	ctx, r := startServer(t, "{server: {allowWrites: true}}")
	p := r.plane
	if err := p.ApplyYAML(ctx, fmt.Sprintf(clusterYAML, r.namespace)); err != nil {
		t.Fatal(err)
	}
	session, err := r.connect(ctx, r.caller(ctx, t, "agent", true), make(chan string, 100))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	for _, app := range []string{"keda", "prometheus"} {
		shown := r.setApp(ctx, t, session, map[string]any{"app": app, "enabled": true})
		if shown["applied"] != false || shown["digest"] == "" || len(shown["changes"].([]any)) == 0 {
			t.Fatalf("the first call for %s does not show a change to confirm: %v", app, shown)
		}
		if got := r.enabled(ctx, t, app); got {
			t.Fatalf("%s is on before anybody confirmed it", app)
		}
		done := r.setApp(ctx, t, session, map[string]any{"app": app, "enabled": true, "confirm": true, "digest": shown["digest"]})
		if done["applied"] != true || !r.enabled(ctx, t, app) {
			t.Fatalf("%s is not on after it was confirmed: %v", app, done)
		}
	}
	for _, app := range []string{"envoyGateway", "keda", "prometheus"} {
		if !r.enabled(ctx, t, app) {
			t.Errorf("%s is off after another one was switched on", app)
		}
	}
	r.refuseStale(ctx, t, session)
}

// refuseStale confirms a change after somebody else has changed the Cluster.
func (r running) refuseStale(ctx context.Context, t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	shown := r.setApp(ctx, t, session, map[string]any{"app": "keda", "enabled": false})
	// A patch of the one field: Crossplane writes the Cluster meanwhile, and an update
	// of the whole would be refused for that.
	dapr := client.RawPatch(types.MergePatchType, []byte(`{"spec": {"parameters": {"apps": {"dapr": {"enabled": true}}}}}`))
	if err := r.plane.Client().Patch(ctx, r.cluster(ctx, t), dapr); err != nil {
		t.Fatal(err)
	}
	arguments := map[string]any{"namespace": r.namespace, "name": "team-a", "app": "keda", "enabled": false, "confirm": true, "digest": shown["digest"]}
	out, err := agent.Call(ctx, session, &mcp.CallToolParams{Name: "set_app", Arguments: arguments})
	if err == nil && out["applied"] == true {
		t.Errorf("a change that was shown for an older Cluster is made: %v", out)
	}
	if !r.enabled(ctx, t, "keda") {
		t.Error("keda is off although nobody confirmed that for this Cluster")
	}
}

func (r running) setApp(ctx context.Context, t *testing.T, session *mcp.ClientSession, arguments map[string]any) map[string]any {
	t.Helper()
	arguments["namespace"], arguments["name"] = r.namespace, "team-a"
	out, err := agent.Call(ctx, session, &mcp.CallToolParams{Name: "set_app", Arguments: arguments})
	if err != nil {
		t.Fatalf("set_app %v: %v", arguments, err)
	}
	return out
}

func (r running) cluster(ctx context.Context, t *testing.T) *unstructured.Unstructured {
	t.Helper()
	cluster := plane.Reference("devopstoolkit.ai/v2", "Cluster", r.namespace, "team-a")
	if err := r.plane.Client().Get(ctx, clientKey(cluster), cluster); err != nil {
		t.Fatal(err)
	}
	return cluster
}

func (r running) enabled(ctx context.Context, t *testing.T, app string) bool {
	t.Helper()
	on, _, err := unstructured.NestedBool(r.cluster(ctx, t).Object, "spec", "parameters", "apps", app, "enabled")
	if err != nil {
		t.Fatal(err)
	}
	return on
}

// TestSetAppIsNotThereWithoutWrites: what is not allowed does not exist.
func TestSetAppIsNotThereWithoutWrites(t *testing.T) {
	ctx, r := startServer(t, "{}")
	session, err := r.connect(ctx, r.caller(ctx, t, "agent", true), make(chan string, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	_, err = agent.Call(ctx, session, &mcp.CallToolParams{Name: "set_app", Arguments: map[string]any{"namespace": "a", "name": "b", "app": "keda", "enabled": true}})
	if err == nil || !strings.Contains(err.Error(), "unknown tool") {
		t.Errorf("set_app without writes: %v", err)
	}
}
