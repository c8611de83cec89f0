package compose_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

func condition(kind, status, reason string) map[string]any {
	return map[string]any{"type": kind, "status": status, "reason": reason}
}

// seen is an Object whose manifest was seen in the cluster.
func seen(manifest map[string]any) composed.Fields {
	return composed.JSON{"status": map[string]any{"atProvider": map[string]any{"manifest": manifest}}}
}

func statusOf(t *testing.T, example string, observed composed.Observed) map[string]any {
	t.Helper()
	plan, err := newPlanner(t).Plan(exampleXR(t, example), observed)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Status
}

func TestStatus(t *testing.T) {
	observedGateway := composed.JSON{"status": map[string]any{
		"conditions": []any{condition("Ready", "True", "Available")},
		"atProvider": map[string]any{"manifest": map[string]any{
			"spec": map[string]any{"listeners": []any{
				map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"},
				map[string]any{"name": "https", "port": int64(443), "protocol": "HTTPS", "hostname": "*.example.com"},
				map[string]any{"name": "new", "port": int64(443), "protocol": "HTTPS"},
			}},
			"status": map[string]any{
				"addresses": []any{map[string]any{"type": "IPAddress", "value": "192.0.2.1"}, map[string]any{}},
				"listeners": []any{
					map[string]any{"name": "http", "attachedRoutes": int64(3), "conditions": []any{condition("Accepted", "True", "Accepted"), condition("Programmed", "True", "Programmed")}},
					map[string]any{"name": "https", "conditions": []any{condition("Programmed", "False", "Invalid")}},
				},
			},
		}},
	}}
	cases := map[string]struct {
		reason   string
		example  string
		observed composed.Observed
		want     map[string]any
	}{
		"Gateway": {
			reason:   "The Gateway is as observed; a listener of which nothing is said has no programmed",
			example:  "aws-front-door",
			observed: composed.Observed{Resources: map[string]composed.Fields{"team-a-app-envoy-gateway": observedGateway}},
			want: map[string]any{
				"clusterName": "team-a",
				"apps":        map[string]any{"envoyGateway": map[string]any{"ready": false, "reason": "Waiting"}},
				"gateway": map[string]any{
					"name": "eg", "namespace": "envoy-gateway-system", "addresses": []any{"192.0.2.1"},
					"listeners": []any{
						map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP", "programmed": true},
						map[string]any{"name": "https", "port": int64(443), "protocol": "HTTPS", "hostname": "*.example.com", "programmed": false},
						map[string]any{"name": "new", "port": int64(443), "protocol": "HTTPS"},
					},
				},
			},
		},
		"ControlPlane": {
			reason:  "The reason of the first condition, whatever its type, as live objects have it",
			example: "aws-minimal",
			observed: composed.Observed{Resources: map[string]composed.Fields{
				"ekscluster":   composed.JSON{"status": map[string]any{"conditions": []any{condition("Synced", "True", "ReconcileSuccess"), condition("Ready", "False", "Creating")}}},
				"eksnodegroup": composed.JSON{"status": map[string]any{"conditions": []any{}}},
			}},
			want: map[string]any{"clusterName": "team-a", "controlPlaneStatus": "ReconcileSuccess"},
		},
		"InstalledVersion": {
			reason:  "What the provider says is installed counts, not what was asked for",
			example: "aws-front-door",
			observed: composed.Observed{Resources: map[string]composed.Fields{"team-a-app-kube-prometheus-stack": composed.JSON{
				"spec": map[string]any{"forProvider": map[string]any{"chart": map[string]any{"version": "82.2.1"}}},
				"status": map[string]any{
					"conditions": []any{condition("Ready", "False", "Upgrading")},
					"atProvider": map[string]any{"version": "81.0.0"},
				},
			}}},
			want: map[string]any{
				"clusterName": "team-a",
				"apps":        map[string]any{"prometheus": map[string]any{"ready": false, "reason": "Upgrading", "version": "81.0.0"}},
			},
		},
		"GrantsAndMonitors": {
			reason:  "Grants and monitors are told once they were seen in the cluster, not when they are wanted",
			example: "aws-front-door",
			observed: composed.Observed{Resources: map[string]composed.Fields{
				"team-a-app-keda":                  withCondition(map[string]any{}, "True", "Available"),
				"team-a-app-kube-prometheus-stack": withCondition(map[string]any{}, "True", "Available"),
				"team-a-app-keda-interceptor-grant": seen(map[string]any{"spec": map[string]any{"from": []any{
					map[string]any{"kind": "HTTPRoute", "namespace": "dev"}, map[string]any{"namespace": "team-b"}, map[string]any{},
				}}}),
				"team-a-app-envoy-gateway-pod-monitor": seen(map[string]any{"metadata": map[string]any{"name": "envoy-gateway-proxy", "namespace": "envoy-gateway-system"}}),
			}},
			want: map[string]any{
				"clusterName": "team-a",
				"apps": map[string]any{
					"prometheus": map[string]any{"ready": true, "reason": "Available"},
					"keda":       map[string]any{"ready": false, "reason": "Waiting"},
				},
				"prometheus": map[string]any{
					"namespace": "prometheus-system", "url": "http://kube-prometheus-stack-prometheus.prometheus-system:9090",
					"podMonitors": []any{map[string]any{"name": "envoy-gateway-proxy", "namespace": "envoy-gateway-system"}},
				},
				"keda": map[string]any{"namespace": "keda", "routeNamespaces": []any{"dev", "team-b"}},
			},
		},
		"AddressStays": {
			reason:  "An address that was told stays while its chart is upgraded",
			example: "aws-front-door",
			observed: composed.Observed{
				Composite: composed.JSON{"status": map[string]any{
					"prometheus": map[string]any{"url": "http://x"},
					"keda":       map[string]any{"namespace": "keda", "interceptor": "y"},
				}},
				Resources: map[string]composed.Fields{
					"team-a-app-kube-prometheus-stack": withCondition(map[string]any{}, "False", "Upgrading"),
					"team-a-app-keda":                  withCondition(map[string]any{}, "False", "Upgrading"),
				},
			},
			want: map[string]any{
				"clusterName": "team-a",
				"apps": map[string]any{
					"prometheus": map[string]any{"ready": false, "reason": "Upgrading"},
					"keda":       map[string]any{"ready": false, "reason": "Upgrading"},
				},
				"prometheus": map[string]any{"namespace": "prometheus-system", "url": "http://kube-prometheus-stack-prometheus.prometheus-system:9090"},
				// The add-on is gone: nothing is told of it any more.
				"keda": map[string]any{"namespace": "keda"},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, statusOf(t, tc.example, tc.observed)); diff != "" {
				t.Errorf("%s: status (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// The address range of the pods comes from GKE, stays in the status, and is given
// to Cilium as soon as it is known.
func TestPodRange(t *testing.T) {
	known := composed.JSON{"status": map[string]any{"atProvider": map[string]any{"clusterIpv4Cidr": "10.8.0.0/14"}}}
	cases := map[string]struct {
		reason   string
		observed composed.Observed
		want     any
	}{
		"Unknown":  {"What is not known yet is left out", composed.Observed{Resources: map[string]composed.Fields{"team-a-cluster": composed.JSON{}}}, nil},
		"Known":    {"What is known is used", composed.Observed{Resources: map[string]composed.Fields{"team-a-cluster": known}}, "10.8.0.0/14"},
		"Forgiven": {"What was known is kept while GKE says nothing", composed.Observed{Composite: composed.JSON{"status": map[string]any{"field1": "10.8.0.0/14"}}}, "10.8.0.0/14"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			plan, err := newPlanner(t).Plan(exampleXR(t, "https"), tc.observed)
			if err != nil {
				t.Fatal(err)
			}
			var got any
			cilium := composed.JSON(objects(plan)["team-a-app-cilium"])
			for _, item := range cilium.Field("spec", "forProvider", "set").([]any) {
				if set := item.(map[string]any); set["name"] == "ipv4NativeRoutingCIDR" {
					got = set["value"]
				}
			}
			if got != tc.want {
				t.Errorf("%s: want Cilium to get %v, got %v", tc.reason, tc.want, got)
			}
			if got := plan.Status["field1"]; got != tc.want {
				t.Errorf("%s: want field1 %v, got %v", tc.reason, tc.want, got)
			}
		})
	}
}

// GKE cannot change how many nodes a pool began with, and refuses an update that
// tries to.
func TestInitialNodeCountStays(t *testing.T) {
	observed := composed.Observed{Resources: map[string]composed.Fields{
		"team-a-nodepool": composed.JSON{"spec": map[string]any{"forProvider": map[string]any{"initialNodeCount": 7.0}}},
	}}
	plan, err := newPlanner(t).Plan(exampleXR(t, "google-all"), observed)
	if err != nil {
		t.Fatal(err)
	}
	pool := composed.JSON(objects(plan)["team-a-nodepool"])
	if got := pool.Field("spec", "forProvider", "initialNodeCount"); got != 7.0 {
		t.Errorf("want initialNodeCount to stay 7, got %v", got)
	}
	if got := pool.Field("spec", "forProvider", "autoscaling", "minNodeCount"); got != int64(3) {
		t.Errorf("want minNodeCount to be what the user asks for, 3, got %v", got)
	}
}

// The message names what is waited for, and stays short when everything waits.
func TestAppsCondition(t *testing.T) {
	planner := newPlanner(t)
	for example, want := range map[string]string{
		"aws-minimal":         "ns-dev is not ready (Waiting); ns-production is not ready (Waiting)",
		"existing-in-cluster": "envoy-gateway-class waits for gateway-helm; envoy-gateway waits for gateway-helm; gateway-helm is not ready (Waiting); openfunction is not ready (Waiting)",
	} {
		plan, err := planner.Plan(exampleXR(t, example), composed.Observed{})
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Conditions[1]; got.True || got.Message != want {
			t.Errorf("%s (-want +got):\n%s", example, cmp.Diff(want, got.Message))
		}
	}
	plan, err := planner.Plan(exampleXR(t, "aws-all"), composed.Observed{})
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Conditions[1].Message; !strings.HasSuffix(got, " more") || len(got) > 1000 {
		t.Errorf("want a short message, got %d bytes: %s", len(got), got)
	}
	done, _ := settled(t, planner, exampleXR(t, "aws-all"))
	if got := done.Conditions[1]; !got.True || got.Message != "" {
		t.Errorf("want nothing to be waited for in the end, got %+v", got)
	}
}
