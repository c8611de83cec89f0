package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/release/common"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestInstall follows one Cluster through its life without Crossplane.
func TestInstall(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	i := newInstallation(t, p, on(namespace))
	steps := []struct {
		name string
		run  func(context.Context, *testing.T, *installation, string)
	}{
		{"DryRunOnNothing", dryRunOnNothing},
		{"Installs", installs},
		{"AgainChangesNothing", againChangesNothing},
		{"MendsWhatIsMissing", mendsWhatIsMissing},
		{"ChangesVersion", changesVersion},
		{"ReportsConflicts", reportsConflicts},
		{"TakesChartsFromAFolder", takesChartsFromAFolder},
		{"SwitchedOff", switchedOff},
		{"RecoversPendingReleases", recoversPendingReleases},
		{"Uninstalls", uninstalls},
		{"FinishesAfterKills", finishesAfterKills},
		{"IsAdoptedByCrossplane", isAdopted},
	}
	for _, s := range steps {
		if !t.Run(s.name, func(t *testing.T) { s.run(ctx, t, i, namespace) }) {
			t.FailNow() // each step begins where the last one ended
		}
	}
}

// dryRunOnNothing shows everything and makes nothing.
func dryRunOnNothing(ctx context.Context, t *testing.T, i *installation, _ string) {
	before := stateOf(ctx, t, i.plane)
	i.expect(ctx, t, 1, []string{
		"+ create  chart keda 2.19.0 → keda  (1 objects)", "+ create  Gateway envoy-gateway-system/eg [HTTP:80]", "+ create  Namespace team-a",
	}, "install", "--dry-run")
	if diff := cmp.Diff(before, stateOf(ctx, t, i.plane)); diff != "" {
		t.Errorf("a dry run changed the cluster (-before +after):\n%s", diff)
	}
	i.expect(ctx, t, 1, []string{"chart keda 2.19.0 → keda  ✗ missing"}, "status")
}

func installs(ctx context.Context, t *testing.T, i *installation, _ string) {
	i.expect(ctx, t, 0, []string{"11 of 11 ready, 11 changed", "keda: chart keda 2.19.0 → keda: installed"}, "install")
	is := stateOf(ctx, t, i.plane)
	if want := len(objects()) + 2*len(releases()); len(is) != want {
		t.Errorf("want %d things, got %v", want, is)
	}
	manager := standIn(ctx, t, i.plane, "cert-manager")
	if got := manager.Annotations[charts.StandInAnnotation]; got != "cert-manager-v1.21.1" {
		t.Errorf("want cert-manager in the pinned version, got %s", got)
	}
	if got := manager.Data[charts.ValuesKey]; !strings.Contains(got, "gatewayAPI:") {
		t.Errorf("want cert-manager to watch Gateways, got %s", got)
	}
	for _, o := range objects()[1:] { // a Namespace has no field to own
		if err := i.plane.Client().Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			t.Fatal(err)
		}
		if managers := managersOf(o); !strings.Contains(managers, "gatehouse/Apply") {
			t.Errorf("%s %s is managed by %s, want gatehouse", o.GetKind(), o.GetName(), managers)
		}
	}
	i.expect(ctx, t, 0, []string{"chart gateway-helm 1.7.0 → envoy-gateway-system  ✓ ready, revision 1", "Namespace team-a  ✓ ready"}, "status")
}

func managersOf(o *unstructured.Unstructured) string {
	var out []string
	for _, m := range o.GetManagedFields() {
		out = append(out, m.Manager+"/"+string(m.Operation))
	}
	return strings.Join(out, " ")
}

func againChangesNothing(ctx context.Context, t *testing.T, i *installation, _ string) {
	before := stateOf(ctx, t, i.plane)
	i.expect(ctx, t, 0, []string{" 0 changed"}, "install")
	i.expect(ctx, t, 0, []string{"nothing changes"}, "install", "--dry-run")
	if diff := cmp.Diff(before, stateOf(ctx, t, i.plane)); diff != "" {
		t.Errorf("installing again changed the cluster (-before +after):\n%s", diff)
	}
}

func mendsWhatIsMissing(ctx context.Context, t *testing.T, i *installation, _ string) {
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg")
	if err := i.plane.Client().Delete(ctx, gateway); err != nil {
		t.Fatal(err)
	}
	i.expect(ctx, t, 1, []string{"Gateway envoy-gateway-system/eg [HTTP:80]  ✗ missing"}, "status")
	i.expect(ctx, t, 0, []string{" 1 changed"}, "install")
	i.expect(ctx, t, 0, nil, "status")
}

func changesVersion(ctx context.Context, t *testing.T, i *installation, namespace string) {
	i.write(t, fmt.Sprintf(cluster, namespace, "enabled: true, version: "+product.OtherKEDA, ""))
	before := stateOf(ctx, t, i.plane)
	i.expect(ctx, t, 1, []string{"version: 2.19.0 → " + product.OtherKEDA, "~ change  ConfigMap keda/keda-stand-in", "keda-2.19.0 → keda-" + product.OtherKEDA}, "install", "--dry-run")
	if diff := cmp.Diff(before, stateOf(ctx, t, i.plane)); diff != "" {
		t.Errorf("a dry run changed the cluster (-before +after):\n%s", diff)
	}
	i.expect(ctx, t, 1, []string{"✗ version 2.19.0, revision 1"}, "status")
	i.expect(ctx, t, 0, []string{"upgraded to revision 2", " 1 changed"}, "install")
	after := stateOf(ctx, t, i.plane)
	if diff := cmp.Diff(before.uids(), after.uids()); diff != "" {
		t.Errorf("another version re-created something (-before +after):\n%s", diff)
	}
	if got := standIn(ctx, t, i.plane, "keda").Annotations[charts.StandInAnnotation]; got != "keda-"+product.OtherKEDA {
		t.Errorf("want the other version of KEDA, got %s", got)
	}
}

// reportsConflicts has somebody else change a field of a chart's object, and one of ours.
func reportsConflicts(ctx context.Context, t *testing.T, i *installation, namespace string) {
	i.write(t, on(namespace))
	other := client.FieldOwner("somebody-else")
	stand := plane.Reference("v1", "ConfigMap", "keda", "keda-stand-in")
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg")
	for o, patch := range map[*unstructured.Unstructured]string{
		stand:   fmt.Sprintf(`{"metadata":{"annotations":{%q:"mine"}}}`, charts.StandInAnnotation),
		gateway: `{"spec":{"gatewayClassName":"mine"}}`,
	} {
		if err := i.plane.Client().Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(patch)), other); err != nil {
			t.Fatal(err)
		}
	}
	before := stateOf(ctx, t, i.plane)
	want := []string{
		"metadata.annotations." + charts.StandInAnnotation + " is owned by \"somebody-else\"",
		"spec.gatewayClassName is owned by \"somebody-else\"",
	}
	i.expect(ctx, t, 1, want, "install", "--dry-run")
	i.expect(ctx, t, 1, append(want, "--force-conflicts takes it"), "install")
	if diff := cmp.Diff(before, stateOf(ctx, t, i.plane)); diff != "" {
		t.Errorf("what others own was changed (-before +after):\n%s", diff)
	}
	i.expect(ctx, t, 0, []string{" 2 changed"}, "install", "--force-conflicts")
	if got := standIn(ctx, t, i.plane, "keda").Annotations[charts.StandInAnnotation]; got != "keda-2.19.0" {
		t.Errorf("want the conflict to be taken, got %s", got)
	}
	i.expect(ctx, t, 0, []string{" 0 changed"}, "install")
}

func takesChartsFromAFolder(ctx context.Context, t *testing.T, i *installation, namespace string) {
	folder := t.TempDir()
	for name, version := range map[string]string{"keda": thirdKEDA, "keda-add-ons-http": "0.12.2"} {
		chart, err := charts.StandIn(ctx, name, version)
		if err != nil {
			t.Fatal(err)
		}
		if err := charts.Package(folder, chart); err != nil {
			t.Fatal(err)
		}
	}
	i.write(t, fmt.Sprintf(cluster, namespace, "enabled: true, version: "+thirdKEDA, ""))
	i.expect(ctx, t, 2, []string{`cannot get chart "keda"`}, "install")
	// Only what changes is taken from anywhere: the other charts are not in the folder.
	i.expect(ctx, t, 1, []string{`cannot find openfunction-v1.2.0-v0.7.0.tgz or openfunction in folder`}, "install", "--charts", folder, "--dry-run")
	copyChart(t, i.plane, folder, openFunctionArchive)
	i.expect(ctx, t, 0, []string{" 1 changed"}, "install", "--charts", folder)
	if got := standIn(ctx, t, i.plane, "keda").Annotations[charts.StandInAnnotation]; got != "keda-"+thirdKEDA {
		t.Errorf("want the version of the folder, got %s", got)
	}
	// The same from mirrors: a registry, under a name of its own, and a plain repository.
	for _, mirror := range []string{"oci://mirror.example.com/charts", i.plane.ChartRepository()} {
		i.write(t, fmt.Sprintf(cluster, namespace, "enabled: true, version: "+map[bool]string{true: product.OtherKEDA, false: "2.19.0"}[strings.HasPrefix(mirror, "oci")],
			"    charts: {mirror: \""+mirror+"\"}"))
		i.expect(ctx, t, 0, []string{" 1 changed"}, "install")
	}
	i.write(t, on(namespace))
	i.expect(ctx, t, 0, []string{" 0 changed"}, "install")
}

func copyChart(t *testing.T, p *plane.Plane, folder, archive string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.Dir(), "charts", archive))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, archive), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func switchedOff(ctx context.Context, t *testing.T, i *installation, namespace string) {
	before := stateOf(ctx, t, i.plane)
	i.write(t, fmt.Sprintf(cluster, namespace, "enabled: false", ""))
	i.expect(ctx, t, 1, []string{"○ release  chart keda 2.19.0 → keda  (no longer asked for; --prune removes it)"}, "install", "--dry-run")
	i.expect(ctx, t, 0, []string{" 0 changed", "left installed, no longer asked for (--prune removes it): chart keda 2.19.0 → keda"}, "install")
	if diff := cmp.Diff(before, stateOf(ctx, t, i.plane)); diff != "" {
		t.Fatalf("what is switched off was touched (-before +after):\n%s", diff)
	}
	i.expect(ctx, t, 1, []string{"- delete  chart keda 2.19.0 → keda"}, "install", "--dry-run", "--prune")
	a := i.expect(ctx, t, 0, []string{"removed: chart keda 2.19.0 → keda", "removed: ReferenceGrant keda/httproutes-to-interceptor"}, "install", "--prune")
	if strings.Index(a.stdout, "ReferenceGrant") > strings.Index(a.stdout, "chart keda 2") {
		t.Errorf("the chart went before the grant, whose kind's namespace it brought: %s", a)
	}
	after := stateOf(ctx, t, i.plane)
	for key := range before {
		isKEDA := strings.Contains(key, "keda")
		if _, there := after[key]; there == isKEDA {
			t.Errorf("%s: there: %t, and it belongs to KEDA: %t", key, there, isKEDA)
		}
	}
	i.write(t, on(namespace))
	i.expect(ctx, t, 0, []string{"keda: chart keda 2.19.0 → keda: installed"}, "install")
}

// recoversPendingReleases finds releases as a killed program leaves them.
func recoversPendingReleases(ctx context.Context, t *testing.T, i *installation, _ string) {
	before := stateOf(ctx, t, i.plane)
	leave(t, i.plane, "cert-manager", common.StatusPendingInstall)
	leave(t, i.plane, "traefik", common.StatusFailed)
	leave(t, i.plane, "external-dns", common.StatusUninstalling)
	i.expect(ctx, t, 1, []string{"cert-manager  ✗ pending-install, revision 1"}, "status")
	i.expect(ctx, t, 0, []string{" 3 changed"}, "install")
	i.expect(ctx, t, 0, nil, "status")
	after := stateOf(ctx, t, i.plane)
	if diff := cmp.Diff(before.revisions(), after.revisions()); diff != "" {
		t.Errorf("revisions (-before +after):\n%s", diff)
	}
	for _, kept := range []string{"ConfigMap cert-manager/cert-manager-stand-in", "ConfigMap traefik/traefik-stand-in"} {
		if before.uids()[kept] != after.uids()[kept] {
			t.Errorf("%s was re-created, and no other program has finished its removal", kept)
		}
	}
	leave(t, i.plane, "keda", common.StatusSuperseded)
	leaveUpgrade(t, i.plane, "keda")
	i.expect(ctx, t, 0, []string{"upgraded to revision 3", " 1 changed"}, "install")
}

func standIn(ctx context.Context, t *testing.T, p *plane.Plane, release string) *corev1.ConfigMap {
	t.Helper()
	out := &corev1.ConfigMap{}
	if err := p.Client().Get(ctx, client.ObjectKey{Namespace: releases()[release], Name: release + "-stand-in"}, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// uninstalls in the reverse order: Envoy Gateway, which would have to finish its Gateway,
// goes after it.
func uninstalls(ctx context.Context, t *testing.T, i *installation, _ string) {
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg")
	finalizers := func(list string) {
		patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":`+list+`}}`))
		if err := i.plane.Client().Patch(ctx, gateway, patch, client.FieldOwner("controller")); err != nil {
			t.Fatal(err)
		}
	}
	finalizers(`["example.org/controller"]`)
	i.expect(ctx, t, 1, []string{
		"Gateway envoy-gateway-system/eg is not gone after 3s", "example.org/controller", "chart gateway-helm 1.7.0 → envoy-gateway-system stays: what builds on it could not be removed",
	}, "uninstall", "--timeout", "3s")
	_ = standIn(ctx, t, i.plane, "gateway-helm")
	finalizers("null")
	i.expect(ctx, t, 0, []string{"would remove: chart gateway-helm"}, "uninstall", "--dry-run")
	_ = standIn(ctx, t, i.plane, "gateway-helm")
	i.expect(ctx, t, 0, []string{"removed: chart gateway-helm", "left: Namespace team-a"}, "uninstall")
	after := stateOf(ctx, t, i.plane)
	if diff := cmp.Diff([]string{"Namespace /team-a"}, keys(after)); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	record := &corev1.ConfigMapList{}
	if err := i.plane.Client().List(ctx, record, client.InNamespace("default")); err != nil {
		t.Fatal(err)
	}
	for _, one := range record.Items {
		if strings.HasPrefix(one.Name, "gatehouse.") {
			t.Errorf("the record %s is left", one.Name)
		}
	}
	i.expect(ctx, t, 0, []string{"nothing is installed"}, "uninstall")
}

func keys(s state) []string {
	var out []string
	for key := range s {
		out = append(out, key)
	}
	return out
}

// isAdopted gives the same Cluster to Crossplane on the same plane.
func isAdopted(ctx context.Context, t *testing.T, i *installation, namespace string) {
	p := i.plane
	before := stateOf(ctx, t, p)
	if err := p.WriteKubeconfigSecret(ctx, namespace, "plane", "kubeconfig"); err != nil {
		t.Fatal(err)
	}
	if err := p.ApplyYAML(ctx, on(namespace)); err != nil {
		t.Fatal(err)
	}
	xr := plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, "door")
	if err := p.WaitCondition(ctx, xr, "AppsReady", "Synced", "Ready"); err != nil {
		t.Fatal(err)
	}
	after := stateOf(ctx, t, p)
	if diff := cmp.Diff(before.uids(), after.uids()); diff != "" {
		t.Errorf("Crossplane re-created something (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before.revisions(), after.revisions()); diff != "" {
		t.Errorf("Crossplane made new revisions of releases that are as they should be (-before +after):\n%s", diff)
	}
	i.expect(ctx, t, 1, []string{"Crossplane keeps Cluster " + namespace + "/door here already"}, "install")
	i.expect(ctx, t, 1, []string{"Crossplane keeps Cluster"}, "uninstall")
	i.expect(ctx, t, 0, nil, "status")
	// It is really Crossplane's now: it puts back what goes.
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg")
	if err := p.Client().Delete(ctx, gateway); err != nil {
		t.Fatal(err)
	}
	err := p.Poll(ctx, "the Gateway to come back", func(ctx context.Context) error {
		err := p.Client().Get(ctx, client.ObjectKeyFromObject(gateway), gateway)
		if err == nil && gateway.GetDeletionTimestamp() != nil {
			return errors.New("it is being deleted")
		}
		return err
	})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Error(err)
	}
}
