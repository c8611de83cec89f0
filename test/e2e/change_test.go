package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/clusters"
	"github.com/gatehouse-platform/gatehouse/test/e2e/inventory"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
)

// clusterChange is a change of a Cluster, and everything in the cluster that has
// another form after it. The namespace of the Cluster reads "home".
type clusterChange struct {
	name, reason string
	merge        string
	want         map[string]string
}

// clusterChanges are made one after the other.
func clusterChanges() []clusterChange {
	return []clusterChange{
		{
			name:   "Version",
			reason: "the chart moves to another version, and nothing else with it",
			merge:  `{"keda":{"version":"` + product.OtherKEDA + `"}}`,
			want: map[string]string{
				"Release.helm.m.crossplane.io home/door-app-keda": "changed",
				"Secret keda/sh.helm.release.v1.keda.v1":          "changed",
				"Secret keda/sh.helm.release.v1.keda.v2":          "new",
				"ConfigMap keda/keda-stand-in":                    "changed",
			},
		},
		{
			name:   "Values",
			reason: "the user's values are laid over ours",
			merge:  `{"argocd":{"values":{"server":{"replicas":2}}}}`,
			want: map[string]string{
				"Release.helm.m.crossplane.io home/door-app-argo-cd": "changed",
				"Secret argocd/sh.helm.release.v1.argo-cd.v1":        "changed",
				"Secret argocd/sh.helm.release.v1.argo-cd.v2":        "new",
				"ConfigMap argocd/argo-cd-stand-in":                  "changed",
			},
		},
		{
			name:   "RouteNamespaces",
			reason: "a grant for one more namespace is a change of the grant alone",
			merge:  `{"keda":{"routeNamespaces":["team-b","team-c"]}}`,
			want: map[string]string{
				"Object.kubernetes.m.crossplane.io home/door-app-keda-interceptor-grant":  "changed",
				"ReferenceGrant.gateway.networking.k8s.io keda/httproutes-to-interceptor": "changed",
			},
		},
		{
			name:   "Off",
			reason: "what was composed for the app goes; its charts stay installed",
			merge:  `{"keda":{"enabled":false}}`,
			want:   kedaIs("gone"),
		},
		{
			name:   "On",
			reason: "it is composed again, and takes over what is installed",
			merge:  `{"keda":{"enabled":true}}`,
			want:   kedaIs("new"),
		},
	}
}

// kedaIs is the change of everything that comes and goes with KEDA: neither its
// charts' objects nor Helm's records of them are among it.
func kedaIs(what string) map[string]string {
	return map[string]string{
		"Release.helm.m.crossplane.io home/door-app-keda":                                               what,
		"Release.helm.m.crossplane.io home/door-app-keda-add-ons-http":                                  what,
		"Object.kubernetes.m.crossplane.io home/door-app-keda-interceptor-grant":                        what,
		"Usage.protection.crossplane.io home/door-app-keda-usage":                                       what,
		"Usage.protection.crossplane.io home/door-app-keda-add-ons-http-usage":                          what,
		"Usage.protection.crossplane.io home/door-app-keda-interceptor-grant-usage":                     what,
		"ProviderConfigUsage.helm.m.crossplane.io home/of Release door-app-keda":                        what,
		"ProviderConfigUsage.helm.m.crossplane.io home/of Release door-app-keda-add-ons-http":           what,
		"ProviderConfigUsage.kubernetes.m.crossplane.io home/of Object door-app-keda-interceptor-grant": what,
		"ReferenceGrant.gateway.networking.k8s.io keda/httproutes-to-interceptor":                       what,
	}
}

func (d door) checkChanges(ctx context.Context, t *testing.T) {
	for _, change := range clusterChanges() {
		t.Run(change.name, func(t *testing.T) {
			before := d.Take(ctx, t)
			d.Patch(ctx, t, `{"spec":{"parameters":{"apps":`+change.merge+`}}}`)
			change.want["Cluster.devopstoolkit.ai home/door"] = "changed"
			if err := d.awaitChanges(ctx, before, change.want); err != nil {
				t.Fatalf("%s: %v", change.reason, err)
			}
			awaitReady(ctx, t, d.Plane, d.XR)
			// That was not on the way to somewhere else.
			if diff := cmp.Diff(change.want, d.changes(before, d.Take(ctx, t))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", change.reason, diff)
			}
		})
	}
	checkValues(ctx, t, d)
}

// checkValues looks at what the charts were given in the end.
func checkValues(ctx context.Context, t *testing.T, d door) {
	keda, err := clusters.StandIn(ctx, d.Plane, "keda", "keda")
	if err != nil || keda.Annotations[charts.StandInAnnotation] != "keda-"+product.OtherKEDA {
		t.Errorf("want KEDA %s to be installed, got %v %v", product.OtherKEDA, keda.Annotations, err)
	}
	argo, err := clusters.StandIn(ctx, d.Plane, "argocd", "argo-cd")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"replicas: 2", "ingressClassName: traefik"} {
		if !strings.Contains(argo.Data[charts.ValuesKey], want) {
			t.Errorf("the values of Argo CD are without %q:\n%s", want, argo.Data[charts.ValuesKey])
		}
	}
}

// changes are those of the whole cluster, with the Cluster's namespace as "home".
func (d door) changes(before, after inventory.Inventory) map[string]string {
	out := map[string]string{}
	for id, what := range after.Changes(before) {
		out[strings.ReplaceAll(id, " "+d.Namespace+"/", " home/")] = what
	}
	return out
}

// awaitChanges waits until everything that is wanted has changed, and nothing else
// in the whole cluster.
func (d door) awaitChanges(ctx context.Context, before inventory.Inventory, want map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	return d.Plane.Poll(ctx, "the change of the Cluster", func(ctx context.Context) error { return d.differs(ctx, before, want) })
}

// differs compares what has changed with what is wanted.
func (d door) differs(ctx context.Context, before inventory.Inventory, want map[string]string) error {
	after, err := d.Everything.Take(ctx)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(want, d.changes(before, after)); diff != "" {
		return errors.New("changes (-want +got):\n" + diff)
	}
	return nil
}

// checkQuiet holds that nothing is written to anything while nobody changes the
// Cluster, however often Crossplane looks at it.
func (d door) checkQuiet(ctx context.Context, t *testing.T) {
	before := d.Take(ctx, t)
	// An annotation makes Crossplane look again at once.
	for i := range 3 {
		d.Patch(ctx, t, fmt.Sprintf(`{"metadata":{"annotations":{"e2e.gatehouse.example.org/look":"%d"}}}`, i))
		time.Sleep(time.Second)
	}
	d.Patch(ctx, t, `{"metadata":{"annotations":{"e2e.gatehouse.example.org/look":null}}}`)
	if diff := cmp.Diff(map[string]string{}, d.changes(before, d.Take(ctx, t))); diff != "" {
		t.Errorf("changes although nobody changed anything (-want +got):\n%s", diff)
	}
}

// breakAndMend gives the Cluster what the API server takes and the function does
// not, together with a change that would be made if it did.
func (d door) breakAndMend(ctx context.Context, t *testing.T) {
	before := d.Take(ctx, t)
	d.Patch(ctx, t, `{"spec":{"parameters":{"namespaces":["team-a","Team_B"],"apps":{"keda":{"enabled":false}}}}}`)
	err := d.Plane.WaitFor(ctx, d.XR, func(o *unstructured.Unstructured) error {
		message := conditionMessage(o, "Synced", "False")
		for _, want := range []string{"spec.parameters.namespaces[1]", `"Team_B"`, "must be a DNS label"} {
			if !strings.Contains(message, want) {
				return fmt.Errorf("condition Synced=False does not say %q: %q", want, message)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	only := map[string]string{"Cluster.devopstoolkit.ai home/door": "changed"}
	if diff := cmp.Diff(only, d.changes(before, d.Take(ctx, t))); diff != "" {
		t.Errorf("a Fatal result changed something (-want +got):\n%s", diff)
	}
	d.Patch(ctx, t, `{"spec":{"parameters":{"namespaces":["team-a"],"apps":{"keda":{"enabled":true}}}}}`)
	awaitReady(ctx, t, d.Plane, d.XR)
	if err := d.awaitChanges(ctx, before, only); err != nil {
		t.Error(err)
	}
}
