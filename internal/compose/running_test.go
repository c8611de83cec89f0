package compose_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

func exampleXR(t testing.TB, name string) map[string]any {
	t.Helper()
	return loadYAML(t, filepath.Join("..", "..", "examples", "valid", name+".yaml"))
}

// settled plans a Cluster whose every resource exists and is ready.
func settled(t testing.TB, planner *compose.Planner, xr map[string]any) (*compose.Plan, composed.Observed) {
	t.Helper()
	first, err := planner.Plan(xr, composed.Observed{})
	if err != nil {
		t.Fatal(err)
	}
	observed := composed.Observed{Composite: composed.JSON(xr), Resources: map[string]composed.Fields{}}
	for _, r := range first.All {
		observed.Resources[r.Key] = readyNow(r.Object)
	}
	plan, err := planner.Plan(xr, observed)
	if err != nil {
		t.Fatal(err)
	}
	return plan, observed
}

func objects(plan *compose.Plan) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, r := range plan.Resources {
		out[r.Key] = r.Object
	}
	return out
}

// Handing over what a running cluster has, in whatever state, changes no name, no
// key and no field.
func TestRunningClusterKeepsEverything(t *testing.T) {
	planner := newPlanner(t)
	for _, name := range []string{"aws-all", "azure-all", "google-all", "existing", "https", "traefik-gateway-api"} {
		t.Run(name, func(t *testing.T) {
			xr := exampleXR(t, name)
			plan, observed := settled(t, planner, xr)
			want := objects(plan)
			for key := range observed.Resources {
				for _, status := range []string{"False", "Unknown"} {
					was := observed.Resources[key]
					observed.Resources[key] = withCondition(want[key], status, "Unavailable")
					got, err := planner.Plan(xr, observed)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, objects(got)); diff != "" {
						t.Fatalf("%s is not ready, and that changes what is desired (-want +got):\n%s", key, diff)
					}
					observed.Resources[key] = was
				}
			}
		})
	}
}

// Everything at once may be without a status, as after a restore.
func TestNothingKnown(t *testing.T) {
	planner := newPlanner(t)
	for _, name := range []string{"aws-all", "azure-all", "google-all", "existing"} {
		t.Run(name, func(t *testing.T) {
			xr := exampleXR(t, name)
			plan, observed := settled(t, planner, xr)
			for key, r := range observed.Resources {
				bare := map[string]any{}
				for field, value := range r.(composed.JSON) {
					if field != "status" {
						bare[field] = value
					}
				}
				observed.Resources[key] = composed.JSON(bare)
			}
			got, err := planner.Plan(xr, observed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(objects(plan), objects(got)); diff != "" {
				t.Errorf("without any status (-want +got):\n%s", diff)
			}
		})
	}
}

// Switching an app off takes away only what belongs to it, and leaves its chart
// installed.
func TestSwitchingOff(t *testing.T) {
	planner := newPlanner(t)
	on := exampleXR(t, "aws-front-door")
	before, observed := settled(t, planner, on)
	off := exampleXR(t, "aws-front-door")
	apps := off["spec"].(map[string]any)["parameters"].(map[string]any)["apps"].(map[string]any)
	delete(apps, "keda")
	after, err := planner.Plan(off, observed)
	if err != nil {
		t.Fatal(err)
	}
	var gone []string
	now := objects(after)
	for _, r := range before.Resources {
		if now[r.Key] == nil {
			gone = append(gone, r.Key)
			if r.Object["kind"] == "Release" {
				policies := composed.JSON(r.Object).Field("spec", "managementPolicies")
				if diff := cmp.Diff([]any{"Create", "Update", "Observe"}, policies); diff != "" {
					t.Errorf("%s would be uninstalled (-want +got):\n%s", r.Key, diff)
				}
			}
		}
	}
	want := []string{
		"team-a-app-keda", "team-a-app-keda-usage",
		"team-a-app-keda-add-ons-http", "team-a-app-keda-add-ons-http-usage",
		"team-a-app-keda-interceptor-grant", "team-a-app-keda-interceptor-grant-usage",
	}
	if diff := cmp.Diff(want, gone); diff != "" {
		t.Errorf("what goes with KEDA (-want +got):\n%s", diff)
	}
}

// Monitors are laid over a chart that runs only once their kinds are there, and
// stay when Prometheus is not ready for a while.
func TestMonitorsOfRunningCharts(t *testing.T) {
	planner := newPlanner(t)
	xr := exampleXR(t, "aws-front-door")
	_, observed := settled(t, planner, xr)
	apps := xr["spec"].(map[string]any)["parameters"].(map[string]any)["apps"].(map[string]any)
	apps["prometheus"].(map[string]any)["monitorApps"] = true

	monitors := func(reason string) bool {
		plan, err := planner.Plan(xr, observed)
		if err != nil {
			t.Fatalf("%s: %v", reason, err)
		}
		return composed.JSON(objects(plan)["team-a-app-keda"]).Field("spec", "forProvider", "values", "prometheus") != nil
	}
	prometheus := observed.Resources["team-a-app-kube-prometheus-stack"].(composed.JSON)

	observed.Resources["team-a-app-kube-prometheus-stack"] = withCondition(map[string]any{}, "False", "Deploying")
	if monitors("not yet ready") {
		t.Error("KEDA gets monitors before Prometheus' kinds are there: its upgrade would fail")
	}
	observed.Resources["team-a-app-kube-prometheus-stack"] = prometheus
	if !monitors("ready") {
		t.Error("KEDA gets no monitors although Prometheus is ready")
	}
	plan, err := planner.Plan(xr, observed)
	if err != nil {
		t.Fatal(err)
	}
	observed.Resources["team-a-app-keda"] = readyNow(objects(plan)["team-a-app-keda"])
	observed.Resources["team-a-app-kube-prometheus-stack"] = withCondition(map[string]any{}, "False", "Upgrading")
	if !monitors("not ready for a while") {
		t.Error("KEDA loses its monitors when Prometheus is not ready for a while: that is an upgrade each time")
	}
}

// What waits goes on waiting, whatever else is observed already.
func TestHeldUntilReady(t *testing.T) {
	planner := newPlanner(t)
	xr := exampleXR(t, "aws-front-door")
	const (
		release, object, usage = "team-a-app-gateway-helm", "team-a-app-envoy-gateway", "team-a-app-envoy-gateway-usage"
		addOn, prometheus      = "team-a-app-keda-add-ons-http", "team-a-app-kube-prometheus-stack"
		monitor                = "team-a-app-envoy-gateway-pod-monitor"
	)
	ready := readyNow(map[string]any{})
	unready := withCondition(map[string]any{}, "False", "Creating")
	cases := map[string]struct {
		reason   string
		observed map[string]composed.Fields
		there    []string
		held     map[string][]string
	}{
		"Nothing": {
			reason: "At first nothing is ready",
			held:   map[string][]string{object: {release}, addOn: {"team-a-app-keda"}, monitor: {release, prometheus}},
		},
		"SomethingElse": {
			reason:   "What has nothing to do with it does not count",
			observed: map[string]composed.Fields{"team-a-ns-dev": ready, "ekscluster": ready},
			held:     map[string][]string{object: {release}, addOn: {"team-a-app-keda"}, monitor: {release, prometheus}},
		},
		"NotReady": {
			reason:   "To exist is not to be ready",
			observed: map[string]composed.Fields{release: unready, prometheus: ready},
			held:     map[string][]string{object: {release}, monitor: {release}},
		},
		"Ready": {
			reason:   "What is ready is waited for no longer",
			observed: map[string]composed.Fields{release: ready},
			there:    []string{object, usage},
			held:     map[string][]string{monitor: {prometheus}},
		},
		"Exists": {
			reason:   "What exists is never held back, nor is its Usage",
			observed: map[string]composed.Fields{release: unready, object: unready},
			there:    []string{object, usage},
		},
		"OnlyTheUsageExists": {
			reason:   "A Usage without what it is for would protect nothing",
			observed: map[string]composed.Fields{release: unready, usage: unready},
			there:    []string{object, usage},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			plan, err := planner.Plan(xr, composed.Observed{Resources: tc.observed})
			if err != nil {
				t.Fatal(err)
			}
			now := objects(plan)
			for _, key := range tc.there {
				if now[key] == nil {
					t.Errorf("%s: %s is held back", tc.reason, key)
				}
			}
			held := map[string][]string{}
			for _, h := range plan.Held {
				held[h.Resource.Key] = h.For
			}
			for key, want := range tc.held {
				if diff := cmp.Diff(want, held[key]); diff != "" {
					t.Errorf("%s: %s waits for (-want +got):\n%s", tc.reason, key, diff)
				}
			}
		})
	}
}
