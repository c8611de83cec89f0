package mcpserver_test

import (
	"context"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

func kedaOn() arguments {
	return arguments{"namespace": "platform", "name": "team-a", "app": "keda", "enabled": true}
}

// enabled says what the Cluster of a fake has under an app.
func enabled(t *testing.T, f *fakeCluster, app string) any {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	spec := f.objects["Cluster platform/team-a"].Object["spec"].(map[string]any)
	apps := spec["parameters"].(map[string]any)["apps"].(map[string]any)
	fields, _ := apps[app].(map[string]any)
	return fields["enabled"]
}

func TestSetAppByDigest(t *testing.T) {
	f := newFake(t, liveCluster)
	session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, nil)
	first := answered(t, session, "set_app", kedaOn())
	digest, _ := first["digest"].(string)
	if digest == "" || first["applied"] != false || f.writes() != 0 || len(first["changes"].([]any)) == 0 {
		t.Fatalf("want the first call to show changes and make none, got %v and %d writes", first, f.writes())
	}
	if _, text := callTool(t, session, "set_app", kedaOn()); !strings.Contains(text, "+ create  chart keda") || !strings.Contains(text, "confirm=true and digest="+digest) {
		t.Errorf("want the same digest and what would happen, got:\n%s", text)
	}

	refused, text := callTool(t, session, "set_app", with(kedaOn(), arguments{"confirm": true}))
	if !refused.IsError || f.writes() != 0 {
		t.Errorf("want no confirmation without a digest, got %q", text)
	}
	// The digest of another change confirms nothing.
	refused, text = callTool(t, session, "set_app", arguments{"namespace": "platform", "name": "team-a", "app": "prometheus", "enabled": false, "confirm": true, "digest": digest})
	if !refused.IsError || f.writes() != 0 || !strings.Contains(text, "something else than was shown") {
		t.Errorf("want no confirmation of another change, got %q", text)
	}

	second := answered(t, session, "set_app", with(kedaOn(), arguments{"confirm": true, "digest": digest}))
	if second["applied"] != true || f.writes() != 1 || enabled(t, f, "keda") != true {
		t.Errorf("want the app switched on once, got %v after %d writes", second, f.writes())
	}
	if again := answered(t, session, "set_app", kedaOn()); again["applied"] != false || !strings.Contains(again["note"].(string), "on already") || f.writes() != 1 {
		t.Errorf("want nothing to be done twice, got %v", again)
	}
	for _, o := range f.applied {
		if (!o.DryRun && o.Owner != "gatehouse-mcp-keda") || o.Force {
			t.Errorf("want an owner for each app and no force, got %+v", o)
		}
	}
}

func TestSetAppAfterAChange(t *testing.T) {
	f := newFake(t, liveCluster)
	session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, nil)
	digest := answered(t, session, "set_app", kedaOn())["digest"]

	// The status changes all the time, and is not what was confirmed.
	f.put(object(t, strings.ReplaceAll(liveCluster, `resourceVersion: "7"`, `resourceVersion: "8"`)))
	if again := answered(t, session, "set_app", kedaOn()); again["digest"] != digest {
		t.Error("want the digest to outlive a change of the status")
	}
	// What is asked of the Cluster is.
	f.put(object(t, strings.ReplaceAll(liveCluster, "generation: 3", "generation: 4")))
	result, text := callTool(t, session, "set_app", with(kedaOn(), arguments{"confirm": true, "digest": digest}))
	if !result.IsError || f.writes() != 0 {
		t.Errorf("want no confirmation after the Cluster has changed, got %q", text)
	}
}

// A controller writes the status between the moment in which the Cluster is read and the
// one in which it is changed: that is no reason to refuse what was agreed to.
func TestSetAppWhileTheStatusChanges(t *testing.T) {
	cases := map[string]struct {
		reason  string
		churn   int
		applied bool
	}{
		"AFewTimes":  {reason: "It is tried again.", churn: 3, applied: true},
		"AllTheTime": {reason: "But not for ever.", churn: 1000},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, liveCluster)
			session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, nil)
			digest := answered(t, session, "set_app", kedaOn())["digest"]
			f.churn = tc.churn
			result, text := callTool(t, session, "set_app", with(kedaOn(), arguments{"confirm": true, "digest": digest}))
			if result.IsError == tc.applied || (f.writes() == 1) != tc.applied {
				t.Errorf("%s: got %q after %d writes", tc.reason, text, f.writes())
			}
		})
	}
}

func TestSetAppAsks(t *testing.T) {
	cases := map[string]struct {
		reason   string
		revision string
		action   string
		applied  bool
		note     string
	}{
		"Accepted":       {reason: "The person agrees: the answer comes with a second request.", revision: "2026-07-28", action: "accept", applied: true, note: "switched on"},
		"Declined":       {reason: "The person does not agree.", revision: "2026-07-28", action: "decline", note: "did not agree"},
		"Cancelled":      {reason: "No answer is no agreement.", revision: "2026-07-28", action: "cancel", note: "did not agree"},
		"AcceptedBefore": {reason: "Older clients are asked while they wait.", revision: "2025-11-25", action: "accept", applied: true, note: "switched on"},
		"DeclinedBefore": {reason: "And may not agree either.", revision: "2025-06-18", action: "decline", note: "did not agree"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, liveCluster)
			asked := ""
			session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, &mcp.ClientOptions{
				ElicitationHandler: func(_ context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
					asked = req.Params.Message
					return &mcp.ElicitResult{Action: tc.action}, nil
				},
			}, tc.revision)
			// confirm is no way around the question.
			out := answered(t, session, "set_app", with(kedaOn(), arguments{"confirm": true, "digest": "x"}))
			if !strings.Contains(asked, "Switch keda of Cluster platform/team-a on?") || !strings.Contains(asked, "+ create  chart keda") {
				t.Errorf("%s: want the question to show what happens, got %q", tc.reason, asked)
			}
			if out["applied"] != tc.applied || !strings.Contains(out["note"].(string), tc.note) || (f.writes() == 1) != tc.applied {
				t.Errorf("%s: want applied %t, got %v after %d writes", tc.reason, tc.applied, out, f.writes())
			}
		})
	}
}

// While the person reads, the Cluster changes: what they agreed to is gone.
func TestSetAppChangedWhileAsking(t *testing.T) {
	f := newFake(t, liveCluster)
	session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, &mcp.ClientOptions{
		ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			f.put(object(t, strings.ReplaceAll(liveCluster, "generation: 3", "generation: 4")))
			return &mcp.ElicitResult{Action: "accept"}, nil
		},
	})
	result, text := callTool(t, session, "set_app", kedaOn())
	if !result.IsError || f.writes() != 0 || !strings.Contains(text, "has changed since the person was asked") {
		t.Errorf("want a refusal, got %q after %d writes", text, f.writes())
	}
}

func TestSetAppRefusals(t *testing.T) {
	invalid := strings.ReplaceAll(liveCluster, "nodeSize: small", "nodeSize: huge")
	gpu := strings.ReplaceAll(liveCluster, "prometheus: {enabled: true}", "openFunction: {enabled: false}, argocd: {enabled: false, version: nonsense}")
	cases := map[string]struct {
		reason  string
		cluster string
		args    arguments
		want    string
	}{
		"UnknownApp":   {reason: "The names are listed.", cluster: liveCluster, args: with(kedaOn(), arguments{"app": "kafka"}), want: "envoyGateway"},
		"NoCluster":    {reason: "What is not there cannot be changed.", cluster: liveCluster, args: with(kedaOn(), arguments{"name": "team-b"}), want: `cannot read Cluster "platform/team-b"`},
		"InvalidNow":   {reason: "An invalid Cluster is mended first.", cluster: invalid, args: kedaOn(), want: "spec.parameters.nodeSize"},
		"InvalidThen":  {reason: "What would be invalid is refused with its field.", cluster: gpu, args: with(kedaOn(), arguments{"app": "argocd"}), want: "spec.parameters.apps.argocd.version"},
		"NotABoolean":  {reason: "The schema says what it is.", cluster: liveCluster, args: with(kedaOn(), arguments{"enabled": "yes"}), want: "enabled"},
		"EmptyCluster": {reason: "A name is needed.", cluster: liveCluster, args: with(kedaOn(), arguments{"name": ""}), want: "minLength"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, tc.cluster)
			session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, nil)
			result, text := callTool(t, session, "set_app", tc.args)
			if !result.IsError || !strings.Contains(text, tc.want) {
				t.Errorf("%s: want a refusal with %q, got %q", tc.reason, tc.want, text)
			}
			if f.writes() != 0 {
				t.Errorf("%s: %d writes", tc.reason, f.writes())
			}
		})
	}
}

// Who owned the field before is said, because they may put it back.
func TestSetAppTakesTheField(t *testing.T) {
	f := newFake(t, liveCluster)
	f.conflict = fieldConflict("argocd-controller")
	session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, nil)
	_, text := callTool(t, session, "set_app", kedaOn())
	if !strings.Contains(text, "argocd-controller") || !strings.Contains(text, "may put it back") {
		t.Errorf("want the owner of the field to be named, got:\n%s", text)
	}
	digest := answered(t, session, "set_app", kedaOn())["digest"]
	out := answered(t, session, "set_app", with(kedaOn(), arguments{"confirm": true, "digest": digest}))
	if out["applied"] != true || f.writes() != 1 {
		t.Errorf("want the field to be taken after confirmation, got %v", out)
	}
}

// Switching off takes charts out of management, which is shown.
func TestSetAppOff(t *testing.T) {
	f := newFake(t, liveCluster)
	session := client(t, mcpserver.Options{AllowWrites: true, Cluster: f}, nil)
	_, text := callTool(t, session, "set_app", arguments{"namespace": "platform", "name": "team-a", "app": "envoyGateway", "enabled": false})
	for _, want := range []string{"○ release  chart gateway-helm", "it stays in the cluster", "- delete  Gateway envoy-gateway-system/eg"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in:\n%s", want, text)
		}
	}
}
