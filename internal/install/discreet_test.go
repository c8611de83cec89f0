package install

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// secretOf puts a Secret beside the Cluster.
func (w *world) secretOf(name string, data map[string]string) {
	s := object("v1", "Secret", "platform", name)
	raw := map[string]any{}
	for key, value := range data {
		raw[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	s.Object["data"] = raw
	w.objects[idOf(s.GroupVersionKind(), "platform", name)] = s
}

// The pull secret is used for every chart of a mirror, and what comes out of Secrets is
// in no error and no event, also where something below repeats it.
func TestSecretsAreUsedAndNotTold(t *testing.T) {
	const hash, password = "$2a$10$verysecret", "pull-me-4711"
	w := newWorld()
	cluster := door(t, `argocd: {enabled: true, adminPasswordHashSecretRef: {name: admin, key: hash}}`)
	cluster["spec"].(map[string]any)["parameters"].(map[string]any)["charts"] = map[string]any{
		"mirror": "oci://charts.example.com/mirror", "pullSecretRef": map[string]any{"name": "pull"},
	}
	w.secretOf("admin", map[string]string{"hash": hash})
	w.secretOf("pull", map[string]string{"username": "ann"})
	if _, err := w.installer(t, cluster, Options{}).Install(t.Context()); !IsFound(err) || !strings.Contains(err.Error(), `cannot find key "password" in Secret platform/pull: it has ["username"]`) {
		t.Fatalf("want the key named, got %v", err)
	}
	if _, err := w.installer(t, cluster, Options{LocalCharts: true}).Preview(t.Context()); err != nil {
		t.Errorf("charts of a folder need no credentials: %v", err)
	}
	w.secretOf("pull", map[string]string{"username": "ann", "password": password})
	w.errs["argo-cd"] = fmt.Errorf("the schema does not take %q, and nobody %q: %w", hash, password, errMark)
	i := w.installer(t, cluster, Options{})
	var told []string
	var telling sync.Mutex // what does not depend on each other is done at the same time
	i.report = func(e Event) {
		telling.Lock()
		defer telling.Unlock()
		told = append(told, e.Detail)
	}
	_, err := i.Install(t.Context())
	if err == nil || !strings.Contains(err.Error(), `the schema does not take "(hidden)", and nobody "(hidden)"`) {
		t.Errorf("want the error without what is secret, got %v", err)
	}
	for _, text := range append(told, fmt.Sprint(err)) {
		if strings.Contains(text, hash) || strings.Contains(text, password) {
			t.Errorf("a secret is told: %s", text)
		}
	}
	if failed, ok := errors.AsType[*FailedError](err); !ok || !errors.Is(failed.Failures[0], errMark) {
		t.Errorf("the error cannot be told apart any more: %v", err)
	}
	delete(w.errs, "argo-cd")
	w.install(t, cluster, Options{})
	for id, chart := range w.pulled {
		if chart.Repository != "oci://charts.example.com/mirror" || chart.Username != "ann" || chart.Password != password {
			t.Errorf("%s was pulled from %q as %q", id, chart.Repository, chart.Username)
		}
	}
	if len(w.pulled) == 0 {
		t.Error("nothing was pulled")
	}
}

var errMark = errors.New("a mark")

// Who may not look at some kinds is told all of them at once.
func TestForbiddenIsSaidOfEveryKind(t *testing.T) {
	forbid := func(resource, name string) error {
		return apierrors.NewForbidden(schema.GroupResource{Group: "example.org", Resource: resource}, name, errors.New("ann may not"))
	}
	w := newWorld()
	w.reads["Gateway envoy-gateway-system/eg"] = fmt.Errorf("cannot read: %w", forbid("gateways", "eg"))
	w.reads["GatewayClass eg"] = fmt.Errorf("cannot read: %w", forbid("gatewayclasses", "eg"))
	_, err := w.installer(t, door(t, frontDoor), Options{}).Install(t.Context())
	want := `cannot look at what is there, as this is forbidden:
- gatewayclasses.example.org "eg" is forbidden: ann may not
- gateways.example.org "eg" is forbidden: ann may not`
	if err == nil || err.Error() != want || IsFound(err) {
		t.Errorf("want\n%s\ngot\n%v", want, err)
	}
	w.reads["GatewayClass eg"] = errors.New("no answer")
	if _, err := w.installer(t, door(t, frontDoor), Options{}).Status(t.Context()); err == nil || err.Error() != "no answer" {
		t.Errorf("want what fails for another reason, got %v", err)
	}
}

// What was deleted by hand comes back, although the release is the one that is asked for.
func TestMissingObjectComesBack(t *testing.T) {
	w := newWorld()
	cluster := door(t, "keda: {enabled: true}")
	w.install(t, cluster, Options{})
	gone := object("v1", "ConfigMap", "keda", "keda")
	delete(w.objects, idOf(gone.GroupVersionKind(), "keda", "keda"))
	w.took()
	changes, err := w.installer(t, cluster, Options{}).Preview(t.Context())
	if err != nil || len(changes) != 2 || changes[1].Resource != "ConfigMap keda/keda" {
		t.Errorf("want the preview to show what comes back, got %+v %v", changes, err)
	}
	if summary := w.install(t, cluster, Options{Timeout: 1e9}); summary.Changed != 1 {
		t.Errorf("want one change, got %+v", summary)
	}
	before(t, append(w.took(), "end"), "upgrade keda", "end")
	if again := w.install(t, cluster, Options{}); again.Changed != 0 {
		t.Errorf("want it to be there now, got %+v", again)
	}
}
