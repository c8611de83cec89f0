package install

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/matrix"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

const frontDoor = `envoyGateway: {enabled: true}, keda: {enabled: true}, prometheus: {enabled: true, monitorApps: true}, certManager: {enabled: true}, openfunction: {enabled: true}`

// install runs an installation that has to work.
func (w *world) install(t *testing.T, cluster map[string]any, o Options) Summary {
	t.Helper()
	summary, err := w.installer(t, cluster, o).Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if summary.Ready != summary.Total {
		t.Fatalf("want everything ready, got %+v", summary)
	}
	return summary
}

func TestInstallInOrder(t *testing.T) {
	w := newWorld()
	w.install(t, door(t, frontDoor), Options{})
	log := w.took()
	// A chart starts with the values that it gets because of another one; kinds,
	// namespaces and webhooks come before what needs them.
	before(t, log, "install gateway-helm", "apply Gateway envoy-gateway-system/eg")
	before(t, log, "install gateway-helm", "install cert-manager")
	before(t, log, "install kube-prometheus-stack", "install keda")
	before(t, log, "install keda", "apply ReferenceGrant keda/httproutes-to-interceptor")
	before(t, log, "install kube-prometheus-stack", "apply PodMonitor envoy-gateway-system/envoy-gateway-proxy")
	values := w.releases[ReleaseID{"cert-manager", "cert-manager"}].Values
	if composed.JSON(values).Field("config", "gatewayAPI", "enabled") != true {
		t.Errorf("cert-manager was installed without the values of its meeting with the Gateway API: %v", values)
	}

	w.rendered = 0
	again := w.install(t, door(t, frontDoor), Options{})
	if again.Changed != 0 || len(w.took()) != 0 || w.rendered != 0 {
		t.Errorf("installing again changed %d things", again.Changed)
	}
}

// A release that was never up counts as missing: it waits for what it needs, as the first
// time.
func TestNeverDeployedWaits(t *testing.T) {
	w := newWorld()
	w.install(t, door(t, frontDoor), Options{})
	w.took()
	delete(w.releases, ReleaseID{"envoy-gateway-system", "gateway-helm"})
	killed := w.releases[ReleaseID{"cert-manager", "cert-manager"}]
	killed.Status, killed.EverDeployed = "pending-install", false
	w.install(t, door(t, frontDoor), Options{})
	before(t, w.took(), "install gateway-helm", "restart cert-manager")
}

// What is installed is what the plan of Crossplane has, for every Cluster of the matrix
// on an existing cluster: the same releases, and the same objects.
func TestInstallsThePlan(t *testing.T) {
	n := 0
	matrix.Each(func(name string, cluster map[string]any) {
		if !strings.HasPrefix(name, "existing/") || strings.Contains(name, "gpu=true") || strings.Contains(name, "creds=true") {
			return
		}
		n++
		w := newWorld()
		w.install(t, cluster, Options{})
		plan, err := planner(t).Plan(cluster, composed.Observed{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range plan.All {
			obj := composed.JSON(r.Object)
			switch r.Object["kind"] {
			case "Release":
				id := ReleaseID{text(obj, "spec", "forProvider", "namespace"), text(obj, "metadata", "annotations", composed.ExternalName)}
				if w.releases[id] == nil {
					t.Errorf("%s: release %s is not installed", name, id)
				}
			case "Object":
				manifest, _ := obj.Field("spec", "forProvider", "manifest").(map[string]any)
				u := &unstructured.Unstructured{Object: manifest}
				if w.objects[idOf(u.GroupVersionKind(), u.GetNamespace(), u.GetName())] == nil {
					t.Errorf("%s: %s is not there", name, title(u))
				}
			}
		}
	})
	if n == 0 {
		t.Error("no Cluster of the matrix is on an existing cluster")
	}
}

func TestRefusals(t *testing.T) {
	aws := door(t, "")
	aws["spec"].(map[string]any)["crossplane"] = map[string]any{"compositionSelector": map[string]any{"matchLabels": map[string]any{"provider": "aws"}}}
	bad := door(t, "keda: {enabled: 1}, envoyGateway: {enabld: true}")
	cases := map[string]struct {
		reason  string
		cluster map[string]any
		want    []string
	}{
		"OtherProvider": {"only Crossplane creates clusters", aws, []string{`spec.crossplane.compositionSelector.matchLabels[provider]: Invalid value: "aws": must be "existing"`}},
		"Invalid":       {"all errors, as validate has them", bad, []string{"2 problems", "spec.parameters.apps.keda.enabled", `did you mean "enabled"?`}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := New(Config{Planner: planner(t), Object: tc.cluster})
			if _, ok := errors.AsType[*compose.InvalidError](err); !ok {
				t.Fatalf("%s: want an InvalidError, got %v", tc.reason, err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: want %q in %v", tc.reason, want, err)
				}
			}
		})
	}
}

func TestNotBesideCrossplane(t *testing.T) {
	w := newWorld()
	xr := object("devopstoolkit.ai/v2", "Cluster", "platform", "door")
	w.objects[idOf(xr.GroupVersionKind(), "platform", "door")] = xr
	i := w.installer(t, door(t, frontDoor), Options{})
	_, installing := i.Install(t.Context())
	_, removing := i.Uninstall(t.Context(), false)
	for _, err := range []error{installing, removing} {
		if !IsFound(err) || !strings.Contains(err.Error(), "Crossplane keeps Cluster platform/door") {
			t.Errorf("want a refusal, got %v", err)
		}
	}
	if log := w.took(); len(log) > 0 {
		t.Errorf("it was worked on all the same: %v", log)
	}
}

// What fails keeps what builds on it from beginning, and nothing else.
func TestFailure(t *testing.T) {
	w := newWorld()
	w.errs["gateway-helm"] = errors.New("cannot fetch")
	summary, err := w.installer(t, door(t, frontDoor), Options{}).Install(t.Context())
	failed, ok := errors.AsType[*FailedError](err)
	if !ok || failed.Found() {
		t.Fatalf("want a failure that trying again may end, got %v", err)
	}
	for _, want := range []string{"cannot deploy chart gateway-helm 1.7.0 → envoy-gateway-system: cannot fetch", "not begun: Gateway envoy-gateway-system/eg [HTTP:80] waits for gateway-helm"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in %v", want, err)
		}
	}
	if w.releases[ReleaseID{"keda", "keda"}] == nil || w.releases[ReleaseID{"cert-manager", "cert-manager"}] != nil {
		t.Errorf("want KEDA, which needs nothing of it, and not cert-manager, which does: %v", w.took())
	}
	if summary.Ready >= summary.Total {
		t.Errorf("it failed, and the summary is %+v", summary)
	}
	delete(w.errs, "gateway-helm")
	w.install(t, door(t, frontDoor), Options{})
}

func TestConflicts(t *testing.T) {
	w := newWorld()
	w.install(t, door(t, frontDoor), Options{})
	newer := door(t, strings.Replace(frontDoor, "keda: {enabled: true}", "keda: {enabled: true, version: 9.9.9}", 1))
	w.took()
	w.conflicts["GatewayClass eg"], w.conflicts["ConfigMap keda/keda"] = "kubectl", "argocd"
	_, err := w.installer(t, newer, Options{}).Install(t.Context())
	if !IsFound(err) {
		t.Fatalf("want something for people to settle, got %v", err)
	}
	for _, want := range []string{
		`cannot apply GatewayClass eg: others own`, `spec.x is owned by "kubectl"`,
		`ConfigMap keda/keda of release keda/keda`, `spec.x is owned by "argocd"`, "--force-conflicts",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in %v", want, err)
		}
	}
	if log := w.took(); len(log) > 0 {
		t.Errorf("what others own was changed: %v", log)
	}
	w.install(t, newer, Options{Force: true})
	if got := w.releases[ReleaseID{"keda", "keda"}].Version; got != "9.9.9" {
		t.Errorf("want the conflict taken, got version %s", got)
	}
}

// A release that somebody else installed is left as it is, and stays when everything
// else is removed.
func TestOthersRelease(t *testing.T) {
	w := newWorld()
	id := ReleaseID{"keda", "keda"}
	w.releases[id] = &Release{Chart: "keda", Version: "2.0.0", Revision: 7, Status: statusDeployed, EverDeployed: true}
	cluster := door(t, "keda: {enabled: true}")
	_, err := w.installer(t, cluster, Options{}).Install(t.Context())
	if !IsFound(err) || !strings.Contains(err.Error(), "release keda/keda: revision 7, chart keda 2.0.0, deployed, was not installed by gatehouse") {
		t.Fatalf("want a refusal, got %v", err)
	}
	if _, err := w.installer(t, cluster, Options{}).Uninstall(t.Context(), false); err != nil || w.releases[id] == nil {
		t.Fatalf("want it left alone, got %v", err)
	}
	w.install(t, cluster, Options{Force: true})
	if got := w.releases[id]; got.Version != "2.19.0" || got.Revision != 8 {
		t.Errorf("want it taken, got %+v", got)
	}
}

func TestNotReadyInTime(t *testing.T) {
	w := newWorld()
	w.chart = func(d Deployment) []*unstructured.Unstructured {
		deployment := object("apps/v1", "Deployment", d.ID.Namespace, "operator")
		deployment.Object["spec"] = map[string]any{"replicas": int64(1)}
		return []*unstructured.Unstructured{deployment}
	}
	_, err := w.installer(t, door(t, "keda: {enabled: true}"), Options{Timeout: 5e7}).Install(t.Context())
	if !IsFound(err) || !strings.Contains(err.Error(), "chart keda 2.19.0 → keda is not ready after 50ms: Deployment keda/operator: ") {
		t.Errorf("want what is missing, got %v", err)
	}
}

// What somebody else made under the name of a chart's object is not taken over unasked,
// and its owner is named.
func TestOthersObject(t *testing.T) {
	cases := map[string]struct {
		reason      string
		annotations map[string]string
		want        string
	}{
		"Applied": {"its field managers are what is known of it", nil, `ConfigMap keda/keda is there already, managed by "argocd", "kubectl"`},
		"OtherRelease": {
			"Helm notes the release",
			map[string]string{"meta.helm.sh/release-name": "mine", "meta.helm.sh/release-namespace": "keda"},
			"ConfigMap keda/keda is there already, of release keda/mine",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			theirs := object("v1", "ConfigMap", "keda", "keda")
			theirs.SetAnnotations(tc.annotations)
			theirs.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubectl"}, {Manager: "argocd"}, {Manager: "kubectl", Subresource: "status"}})
			w.objects[idOf(theirs.GroupVersionKind(), "keda", "keda")] = theirs
			cluster := door(t, "keda: {enabled: true}")
			changes, err := w.installer(t, cluster, Options{}).Preview(t.Context())
			if err != nil || !slices.ContainsFunc(changes, func(c render.Change) bool { return c.Fate == render.Refused && strings.Contains(c.Why, tc.want) }) {
				t.Errorf("%s: want the preview to say %q, got %+v %v", tc.reason, tc.want, changes, err)
			}
			_, err = w.installer(t, cluster, Options{}).Install(t.Context())
			if !IsFound(err) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: want %q, got %v", tc.reason, tc.want, err)
			}
			if w.releases[ReleaseID{"keda", "keda"}] != nil {
				t.Error("it was installed over it")
			}
			w.install(t, cluster, Options{Force: true})
		})
	}
}

// Ctrl-C: nothing more begins, what was begun is remembered, what is missing is said.
func TestStopped(t *testing.T) {
	interrupt := errors.New("as if by Ctrl-C")
	w := newWorld()
	ctx, cancel := context.WithCancelCause(t.Context())
	i := w.installer(t, door(t, frontDoor), Options{})
	i.report = func(e Event) {
		if e.State == Working {
			cancel(interrupt)
		}
	}
	summary, err := i.Install(ctx)
	stopped, ok := errors.AsType[*StoppedError](err)
	if !ok || !errors.Is(err, interrupt) || IsFound(err) {
		t.Fatalf("want the interruption, got %v", err)
	}
	if got, all := len(w.releases), 6; got >= all {
		t.Errorf("all %d releases were installed all the same", got)
	}
	if len(stopped.Unfinished) != summary.Total-summary.Ready || !slices.Contains(stopped.Unfinished, "Gateway envoy-gateway-system/eg [HTTP:80]: not begun") {
		t.Errorf("%d of %d are ready, and it says that these are not: %q", summary.Ready, summary.Total, stopped.Unfinished)
	}
	w.install(t, door(t, frontDoor), Options{})
}

func TestSecretValues(t *testing.T) {
	const hash = "$2a$10$abc"
	w := newWorld()
	cluster := door(t, `argocd: {enabled: true, adminPasswordHashSecretRef: {name: admin, key: hash}}`)
	if _, err := w.installer(t, cluster, Options{}).Install(t.Context()); !IsFound(err) || !strings.Contains(err.Error(), "cannot find Secret platform/admin") {
		t.Fatalf("want the Secret named, got %v", err)
	}
	secret := object("v1", "Secret", "platform", "admin")
	secret.Object["data"] = map[string]any{"hash": base64.StdEncoding.EncodeToString([]byte(hash))}
	w.objects[idOf(secret.GroupVersionKind(), "platform", "admin")] = secret
	w.install(t, cluster, Options{})
	id := ReleaseID{"argocd", "argo-cd"}
	if got := composed.JSON(w.releases[id].Values).Field("configs", "secret", "argocdServerAdminPassword"); got != hash {
		t.Errorf("want the value of the Secret, got %v", got)
	}
	w.releases[id].Values = map[string]any{"configs": map[string]any{"secret": map[string]any{"argocdServerAdminPassword": "$2a$10$old"}}}
	changes, err := w.installer(t, cluster, Options{}).Preview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hidden := false
	for _, c := range changes {
		for _, f := range c.Fields {
			hidden = hidden || f.After == hiddenValue
			if f.After == hash || f.Before == "$2a$10$old" {
				t.Errorf("a secret is shown: %+v", f)
			}
		}
	}
	if !hidden {
		t.Errorf("the change of the password is not told at all: %+v", changes)
	}
}

// The Secret with the cloud's credentials is not made: where it would be copied from is
// where it would be copied to.
func TestGivenSecret(t *testing.T) {
	w := newWorld()
	cluster := door(t, "")
	cluster["spec"].(map[string]any)["parameters"].(map[string]any)["creds"] = map[string]any{"name": "cloud", "namespace": "infra", "keys": []any{"a"}}
	if _, err := w.installer(t, cluster, Options{}).Install(t.Context()); !IsFound(err) || !strings.Contains(err.Error(), "cannot find Secret infra/cloud") {
		t.Fatalf("want the Secret named, got %v", err)
	}
	secret := object("v1", "Secret", "infra", "cloud")
	w.objects[idOf(secret.GroupVersionKind(), "infra", "cloud")] = secret
	w.install(t, cluster, Options{})
	removal, err := w.installer(t, cluster, Options{}).Uninstall(t.Context(), false)
	if err != nil || !slices.Contains(removal.Left, "Secret infra/cloud") {
		t.Errorf("want the Secret left, got %+v %v", removal, err)
	}
}

func TestPreviewChangesNothing(t *testing.T) {
	w := newWorld()
	changes, err := w.installer(t, door(t, frontDoor), Options{}).Preview(t.Context())
	if err != nil || len(changes) == 0 {
		t.Fatalf("want changes, got %v %v", changes, err)
	}
	if diff := cmp.Diff([]string(nil), sorted(w.objects)); diff != "" || len(w.took()) > 0 {
		t.Errorf("a preview made something (-want +got):\n%s", diff)
	}
	w.install(t, door(t, frontDoor), Options{})
	changes, err = w.installer(t, door(t, frontDoor), Options{}).Preview(t.Context())
	if err != nil || len(changes) != 0 {
		t.Errorf("want no changes, got %v %v", changes, err)
	}
}
