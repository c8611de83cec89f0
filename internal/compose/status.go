package compose

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/apps"
	"github.com/gatehouse-platform/gatehouse/internal/cloud/gke"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/wiring"
)

// AppState is what is known of an app that is on.
type AppState struct {
	Name string
	// Seen says whether any part of the app was observed. The rest means nothing
	// without it.
	Seen    bool
	Version string
	Ready   bool
	Reason  string
}

func (p *Planner) appStates(s *composed.Scope, observed composed.Observed) []AppState {
	var out []AppState
	for _, app := range p.apps {
		if app.Enabled(s.Apps()) {
			out = append(out, appState(s, app, observed))
		}
	}
	return out
}

// appState is ready when every part that the Cluster asks for is ready. The
// first part that is not says why.
func appState(s *composed.Scope, app apps.App, observed composed.Observed) AppState {
	state := AppState{Name: app.Name, Ready: true}
	parts := partsOf(s, app)
	for i, key := range parts {
		seen := observed.Has(key)
		state.Seen = state.Seen || seen
		ready, reason := readiness(key, observed)
		if i == 0 && seen {
			state.Version = observedVersion(app, key, observed)
		}
		if state.Ready && (!ready || i == 0) {
			state.Ready, state.Reason = ready, reason
		}
	}
	return state
}

// partsOf are the parts of an app that the Cluster asks for.
func partsOf(s *composed.Scope, app apps.App) []string {
	var out []string
	for _, key := range app.Parts(s) {
		if key == s.ObjectKey("secret-store") && !s.Apps().ExternalSecrets.Store {
			continue
		}
		out = append(out, key)
	}
	return out
}

// readiness gives the reason of the condition Ready, or Waiting for what does not
// exist or says nothing yet.
func readiness(key string, observed composed.Observed) (ready bool, reason string) {
	for _, c := range observed.Conditions(key) {
		if c.Type == composed.ConditionReady {
			return c.Status == "True", c.Reason
		}
	}
	return false, "Waiting"
}

// observedVersion is the version that the provider says is installed. Providers
// before that field exist only say what they were asked for.
func observedVersion(app apps.App, key string, observed composed.Observed) string {
	if app.Name == "vllm" {
		return vllmVersion(key, observed)
	}
	if v := observed.String(key, "status", "atProvider", "version"); v != "" {
		return v
	}
	return observed.String(key, "spec", "forProvider", "chart", "version")
}

func status(s *composed.Scope, plan *Plan, observed composed.Observed) map[string]any {
	out := map[string]any{"clusterName": s.Name()}
	set(out, "controlPlaneStatus", firstReason(plan.Cloud.ControlPlane(s.Name()), observed))
	set(out, "nodePoolStatus", firstReason(plan.Cloud.NodePool(s.Name()), observed))
	if s.Provider() == v2.ProviderGoogle {
		set(out, "field1", gke.PodRange(s, observed))
	}
	if seen := appsStatus(plan.Apps); len(seen) > 0 {
		out["apps"] = seen
	}
	if g := gatewayStatus(s, observed); g != nil {
		out["gateway"] = g
	}
	if p := prometheusStatus(s, observed); p != nil {
		out["prometheus"] = p
	}
	if k := kedaStatus(s, observed); k != nil {
		out["keda"] = k
	}
	return out
}

func set(out map[string]any, name, value string) {
	if value != "" {
		out[name] = value
	}
}

// firstReason is the reason of the first condition, which is what the status of
// a Cluster always showed.
func firstReason(key string, observed composed.Observed) string {
	if conditions := observed.Conditions(key); len(conditions) > 0 {
		return conditions[0].Reason
	}
	return ""
}

func appsStatus(states []AppState) map[string]any {
	out := map[string]any{}
	for _, state := range states {
		if !state.Seen {
			continue
		}
		app := map[string]any{"ready": state.Ready}
		set(app, "version", state.Version)
		set(app, "reason", state.Reason)
		out[state.Name] = app
	}
	return out
}

// prometheusStatus tells the address once the chart is ready, unless the user's
// values rename its Services.
func prometheusStatus(s *composed.Scope, observed composed.Observed) map[string]any {
	app := s.Apps().Prometheus
	key := s.ReleaseKey("kube-prometheus-stack")
	known := observed.Ready(key) || told(observed, key, "prometheus", "url")
	if !app.Enabled || !known || renamed(app.Values) {
		return nil
	}
	ns := s.Catalog.Chart("kube-prometheus-stack").Namespace
	out := map[string]any{
		"namespace": ns,
		"url":       "http://kube-prometheus-stack-prometheus." + ns + ":9090",
	}
	monitor := manifestSeen(observed, s.ObjectKey(wiring.ProxyPodMonitorObject))
	name, _ := monitor.Field("metadata", "name").(string)
	namespace, _ := monitor.Field("metadata", "namespace").(string)
	if name != "" && s.Apps().EnvoyGateway.Enabled {
		out["podMonitors"] = []any{map[string]any{"name": name, "namespace": namespace}}
	}
	return out
}

// manifestSeen is what an Object holds, as it was seen in the cluster.
func manifestSeen(observed composed.Observed, key string) composed.JSON {
	manifest, _ := observed.Field(key, "status", "atProvider", "manifest").(map[string]any)
	return manifest
}

// kedaStatus tells the addresses of the HTTP add-on once its chart is ready. Its
// Services are named after the chart, whatever the values say.
func kedaStatus(s *composed.Scope, observed composed.Observed) map[string]any {
	keda, addOn := s.ReleaseKey("keda"), s.ReleaseKey("keda-add-ons-http")
	if !s.Apps().KEDA.Enabled || (!observed.Ready(keda) && !told(observed, keda, "keda", "namespace")) {
		return nil
	}
	ns := s.Catalog.Chart("keda").Namespace
	out := map[string]any{"namespace": ns}
	if observed.Ready(addOn) || told(observed, addOn, "keda", "interceptor") {
		out["interceptor"] = "keda-add-ons-http-interceptor-proxy." + ns + ":8080"
		out["externalScaler"] = "keda-add-ons-http-external-scaler." + ns + ":9090"
	}
	if granted := grantedNamespaces(s, observed); len(granted) > 0 {
		out["routeNamespaces"] = granted
	}
	return out
}

// grantedNamespaces are those in the ReferenceGrants as they were seen in the
// cluster, in their order.
func grantedNamespaces(s *composed.Scope, observed composed.Observed) []any {
	var out []any
	if !s.Apps().GatewayAPI() {
		return nil
	}
	for n := 1; observed.Has(s.ObjectKey(wiring.GrantObject(n))); n++ {
		grant := manifestSeen(observed, s.ObjectKey(wiring.GrantObject(n)))
		for _, from := range objects(grant.Field("spec", "from")) {
			if namespace, _ := from["namespace"].(string); namespace != "" {
				out = append(out, namespace)
			}
		}
	}
	return out
}

// told says whether the status has something already whose chart is still there.
// An address does not change because its chart is upgraded, and consumers would
// see it come and go.
func told(observed composed.Observed, key string, path ...string) bool {
	return observed.Has(key) && observed.Composite != nil &&
		observed.Composite.Field(append([]string{"status"}, path...)...) != nil
}

func renamed(values v2.Object) bool {
	for _, key := range []string{"fullnameOverride", "nameOverride", "namespaceOverride"} {
		if v, _ := values[key].(string); v != "" {
			return true
		}
	}
	return false
}
