package install

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/matrix"
)

func TestRemovalOrder(t *testing.T) {
	cases := map[string]struct {
		reason  string
		entries []entry
		want    string
	}{
		"Reverse":       {"nothing builds on anything: the newest first", []entry{{Key: "a"}, {Key: "b"}, {Key: "c"}}, "c b a"},
		"After":         {"an older one that builds on a newer goes first", []entry{{Key: "a", After: []string{"c"}}, {Key: "b"}, {Key: "c"}}, "b a c"},
		"Chain":         {"through all steps", []entry{{Key: "a", After: []string{"b"}}, {Key: "b", After: []string{"c"}}, {Key: "c"}}, "a b c"},
		"AfterTheGone":  {"what is not there any more holds nothing", []entry{{Key: "a", After: []string{"x"}}, {Key: "b"}}, "b a"},
		"Circle":        {"a circle, which no plan has, still ends", []entry{{Key: "a", After: []string{"b"}}, {Key: "b", After: []string{"a"}}}, "b a"},
		"AfterItself":   {"nor does a thing hold itself", []entry{{Key: "a", After: []string{"a"}}}, "a"},
		"NothingThere":  {"nothing is nothing", nil, ""},
		"TwoOnOneChart": {"both before it", []entry{{Key: "chart"}, {Key: "x", After: []string{"chart"}}, {Key: "y", After: []string{"chart"}}}, "y x chart"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range removalOrder(tc.entries) {
				got = append(got, e.Key)
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// The plan's Usages protect, for Crossplane, the way to the cluster from whatever is
// there; ours is the record. And nothing goes before what builds on it.
func TestUninstallRespectsThePlan(t *testing.T) {
	n := 0
	matrix.Each(func(name string, cluster map[string]any) {
		if !strings.HasPrefix(name, "existing/") || strings.Contains(name, "gpu=true") || strings.Contains(name, "creds=true") {
			return
		}
		n++
		plan, err := planner(t).Plan(cluster, composed.Observed{})
		if err != nil {
			t.Fatal(err)
		}
		var entries []entry
		for _, r := range plan.All {
			if w, ok := wantOf(r); ok {
				entries = append(entries, entryOf(w, false))
			}
		}
		at := map[string]int{}
		for place, e := range removalOrder(entries) {
			at[e.Key] = place + 1
		}
		for _, r := range plan.All {
			if of, by, ok := usage(r); ok && (at[of] != 0 || at[by] == 0) {
				t.Errorf("%s: %s is used by %s, and is not the way to the cluster, which goes last", name, of, by)
			}
			for _, after := range r.After {
				if at[r.Key] != 0 && at[after] != 0 && at[r.Key] > at[after] {
					t.Errorf("%s: %s goes before %s, which builds on it", name, after, r.Key)
				}
			}
		}
	})
	if n == 0 {
		t.Error("no Cluster of the matrix is on an existing cluster")
	}
}

// usage reads what a Usage protects, and for whom.
func usage(r composed.Resource) (of, by string, ok bool) {
	obj := composed.JSON(r.Object)
	return text(obj, "spec", "of", "resourceRef", "name"), text(obj, "spec", "by", "resourceRef", "name"), r.Object["kind"] == "Usage"
}

func TestUninstall(t *testing.T) {
	w := newWorld()
	found := object("gateway.networking.k8s.io/v1", "GatewayClass", "", "eg")
	w.objects[idOf(found.GroupVersionKind(), "", "eg")] = found
	cluster := door(t, frontDoor)
	w.install(t, cluster, Options{})
	w.install(t, cluster, Options{}) // what we made ourselves is not what was there before
	w.took()
	dry, err := w.installer(t, cluster, Options{}).Uninstall(t.Context(), true)
	if err != nil || len(w.took()) > 0 {
		t.Fatalf("a dry run removed something: %v", err)
	}
	removal, err := w.installer(t, cluster, Options{}).Uninstall(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dry, removal); diff != "" {
		t.Errorf("a dry run tells something else (-dry +real):\n%s", diff)
	}
	before(t, w.took(), "delete Gateway envoy-gateway-system/eg", "uninstall gateway-helm")
	if diff := cmp.Diff([]string{"Namespace dev", "GatewayClass eg"}, removal.Left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if len(w.releases) > 0 || slices.ContainsFunc(sorted(w.objects), func(id string) bool { return strings.HasPrefix(id, "ConfigMap default/gatehouse") }) {
		t.Errorf("something is left: %v %v", w.releases, sorted(w.objects))
	}
	if again, err := w.installer(t, cluster, Options{}).Uninstall(t.Context(), false); err != nil || len(again.Removed) > 0 {
		t.Errorf("want nothing to do, got %v %v", again, err)
	}
}

// What a controller has to finish keeps that controller.
func TestUninstallWaits(t *testing.T) {
	w := newWorld()
	cluster := door(t, frontDoor)
	w.install(t, cluster, Options{})
	w.holds["Gateway envoy-gateway-system/eg"] = true
	_, err := w.installer(t, cluster, Options{Timeout: 5e7}).Uninstall(t.Context(), false)
	for _, want := range []string{`Gateway envoy-gateway-system/eg is not gone after 50ms: its finalizers are ["example.org/hold"]`, "chart gateway-helm 1.7.0 → envoy-gateway-system stays"} {
		if !IsFound(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if w.releases[ReleaseID{"envoy-gateway-system", "gateway-helm"}] == nil || w.releases[ReleaseID{"keda", "keda"}] != nil {
		t.Errorf("want Envoy Gateway to stay, and nothing else: %v", w.releases)
	}
	w.holds = nil
	removal, err := w.installer(t, cluster, Options{}).Uninstall(t.Context(), false)
	if err != nil || len(w.releases) > 0 || len(removal.Removed) == 0 {
		t.Errorf("want the rest to go, got %v %v", removal, err)
	}
}

func TestPrune(t *testing.T) {
	w := newWorld()
	w.install(t, door(t, frontDoor), Options{})
	w.took()
	off := door(t, strings.Replace(frontDoor, "keda: {enabled: true}, ", "", 1))
	left := w.install(t, off, Options{})
	if log := w.took(); len(log) > 0 {
		t.Errorf("what is switched off was touched: %v", log)
	}
	want := []string{
		"chart keda 2.19.0 → keda", "chart keda-add-ons-http 0.12.2 → keda",
		"PodMonitor keda/keda-add-ons-http-interceptor", "ReferenceGrant keda/httproutes-to-interceptor",
	}
	slices.Sort(left.Left)
	slices.Sort(want)
	if diff := cmp.Diff(want, left.Left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	pruned := w.install(t, off, Options{Prune: true})
	if len(pruned.Left) > 0 || len(pruned.Removed) != len(want) {
		t.Errorf("want it pruned, got %+v", pruned)
	}
	before(t, w.took(), "delete ReferenceGrant keda/httproutes-to-interceptor", "uninstall keda")
	// Namespaces of the list are never deleted.
	cluster := door(t, strings.Replace(frontDoor, "keda: {enabled: true}, ", "", 1))
	cluster["spec"].(map[string]any)["parameters"].(map[string]any)["namespaces"] = []any{"other"}
	w.install(t, cluster, Options{Prune: true})
	if w.objects[idOf(object("v1", "Namespace", "", "dev").GroupVersionKind(), "", "dev")] == nil {
		t.Error("a namespace was deleted, with everything in it")
	}
}

// Ctrl-C in the middle of a removal: what is left is said, and goes the next time.
func TestUninstallStopped(t *testing.T) {
	interrupt := errors.New("as if by Ctrl-C")
	w := newWorld()
	cluster := door(t, frontDoor)
	w.install(t, cluster, Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	i := w.installer(t, cluster, Options{})
	removed := 0
	i.report = func(e Event) {
		if e.State == Done {
			if removed++; removed == 2 {
				cancel(interrupt)
			}
		}
	}
	removal, err := i.Uninstall(ctx, false)
	stopped, ok := errors.AsType[*StoppedError](err)
	if !ok || !errors.Is(err, interrupt) || len(removal.Removed) != 2 {
		t.Fatalf("want it stopped after two, got %+v %v", removal, err)
	}
	again, err := w.installer(t, cluster, Options{}).Uninstall(t.Context(), false)
	if err != nil || len(again.Removed) != len(stopped.Unfinished) {
		t.Errorf("%q were said to be left, and then went: %+v %v", stopped.Unfinished, again, err)
	}
}
