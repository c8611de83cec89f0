package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
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
		{"SaysWhatIsForbidden", saysWhatIsForbidden},
		{"ChangesVersion", changesVersion},
		{"ReportsConflicts", reportsConflicts},
		{"TakesChartsFromAFolder", takesChartsFromAFolder},
		{"SwitchedOff", switchedOff},
		{"EndsWhenItHasTo", endsWhenItHasTo},
		{"RecoversPendingReleases", recoversPendingReleases},
		{"Uninstalls", uninstalls},
		{"FinishesAfterKills", finishesAfterKills},
		{"IsAdoptedByCrossplane", isAdopted},
		{"IsGivenBack", isGivenBack},
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
		"+ create  chart keda 2.19.0 → keda  (1 object)", "+ create  Gateway envoy-gateway-system/eg [HTTP:80]", "+ create  Namespace team-a",
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
	i.expect(ctx, t, 0, []string{`"wanted": "chart keda 2.19.0 → keda"`, `"asWanted": true`}, "status", "-o", "json")
}

func managersOf(o *unstructured.Unstructured) string {
	var out []string
	for _, m := range o.GetManagedFields() {
		out = append(out, m.Manager+"/"+string(m.Operation))
	}
	return strings.Join(out, " ")
}

func againChangesNothing(ctx context.Context, t *testing.T, i *installation, _ string) {
	before := everything(ctx, t, i.plane)
	i.expect(ctx, t, 0, []string{" 0 changed"}, "install")
	i.expect(ctx, t, 0, []string{"nothing changes"}, "install", "--dry-run")
	if diff := cmp.Diff(before, everything(ctx, t, i.plane)); diff != "" {
		t.Errorf("installing again changed the cluster (-before +after):\n%s", diff)
	}
}

func mendsWhatIsMissing(ctx context.Context, t *testing.T, i *installation, _ string) {
	gateway := plane.Reference("gateway.networking.k8s.io/v1", "Gateway", "envoy-gateway-system", "eg")
	if err := i.plane.Client().Delete(ctx, gateway); err != nil {
		t.Fatal(err)
	}
	if err := i.plane.Client().Delete(ctx, standIn(ctx, t, i.plane, "keda-add-ons-http")); err != nil {
		t.Fatal(err)
	}
	missing := []string{
		"Gateway envoy-gateway-system/eg [HTTP:80]  ✗ missing",
		"chart keda-add-ons-http 0.12.2 → keda  ✗ not ready: ConfigMap keda/keda-add-ons-http-stand-in: is missing",
	}
	i.expect(ctx, t, 1, missing, "status")
	i.expect(ctx, t, 1, []string{"+ create  Gateway envoy-gateway-system/eg", "+ create  ConfigMap keda/keda-add-ons-http-stand-in"}, "install", "--dry-run")
	i.expect(ctx, t, 0, []string{" 2 changed"}, "install")
	i.expect(ctx, t, 0, nil, "status")
}

// saysWhatIsForbidden has somebody work on it who may not look at some kinds.
func saysWhatIsForbidden(ctx context.Context, t *testing.T, i *installation, _ string) {
	kubeconfig := kubeconfigOf(ctx, t, i.plane, "ann")
	before := everything(ctx, t, i.plane)
	want := []string{
		`cannot look at what is there, as this is forbidden:`,
		`gatewayclasses.gateway.networking.k8s.io "eg" is forbidden: User "ann" cannot get`,
		`gateways.gateway.networking.k8s.io "eg" is forbidden: User "ann" cannot get`,
	}
	i.expect(ctx, t, 2, want, "install", "--kubeconfig", kubeconfig, "--dry-run")
	i.expect(ctx, t, 2, want, "status", "--kubeconfig", kubeconfig)
	i.expect(ctx, t, 2, []string{`cannot take lock "gatehouse": leases.coordination.k8s.io "gatehouse" is forbidden: User "ann" cannot get`}, "install", "--kubeconfig", kubeconfig)
	if diff := cmp.Diff(before, everything(ctx, t, i.plane)); diff != "" {
		t.Errorf("who may not has changed the cluster (-before +after):\n%s", diff)
	}
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
	i.expect(ctx, t, 2, []string{`cannot find openfunction-v1.2.0-v0.7.0.tgz or openfunction in folder`}, "install", "--charts", folder, "--dry-run")
	copyChart(t, i.plane, folder, openFunctionArchive)
	i.expect(ctx, t, 0, []string{" 1 changed"}, "install", "--charts", folder)
	if got := standIn(ctx, t, i.plane, "keda").Annotations[charts.StandInAnnotation]; got != "keda-"+thirdKEDA {
		t.Errorf("want the version of the folder, got %s", got)
	}
	// The same from mirrors: a registry, under a name of its own; a plain repository; a
	// registry without TLS.
	for _, from := range []struct {
		mirror, version string
		args            []string
	}{
		{"oci://mirror.example.com/charts", product.OtherKEDA, nil},
		{i.plane.ChartRepository(), "2.19.0", nil},
		{strings.Replace(i.plane.ChartRepository(), "http://", "oci://", 1) + "/charts", product.OtherKEDA, []string{"--plain-http"}},
	} {
		i.write(t, fmt.Sprintf(cluster, namespace, "enabled: true, version: "+from.version, "    charts: {mirror: \""+from.mirror+"\"}"))
		i.expect(ctx, t, 0, []string{" 1 changed"}, "install", from.args...)
		if got := standIn(ctx, t, i.plane, "keda").Annotations[charts.StandInAnnotation]; got != "keda-"+from.version {
			t.Errorf("want version %s of %s, got %s", from.version, from.mirror, got)
		}
	}
	i.write(t, on(namespace))
	i.expect(ctx, t, 0, []string{" 1 changed"}, "install")
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
	// What charts bring in their crds folders stays, with everything of these kinds.
	definition := plane.Reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "gateways.gateway.networking.k8s.io")
	if err := i.plane.Client().Get(ctx, client.ObjectKeyFromObject(definition), definition); err != nil {
		t.Error(err)
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
