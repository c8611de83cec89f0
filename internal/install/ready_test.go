package install

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestUnready(t *testing.T) {
	cases := map[string]struct {
		reason string
		object string
		want   string
	}{
		"Missing":  {"nothing is not ready", "", "is missing"},
		"Plain":    {"what has no status is ready when it is there", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", ""},
		"Scaling":  {"kstatus counts replicas", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1}}", "Replicas: 0/1"},
		"Balancer": {"not every cluster has load balancers", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer}}", ""},
		"Ending": {
			"a load balancer that goes is not ready",
			"{apiVersion: v1, kind: Service, metadata: {name: a, deletionTimestamp: '2026-01-01T00:00:00Z'}, spec: {type: LoadBalancer}}",
			"Resource scheduled for deletion",
		},
		"Reported": {
			"a condition of the object itself",
			"{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, status: {conditions: [{type: Ready, status: 'False', message: still at it}]}}",
			"still at it",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var obj *unstructured.Unstructured
			if tc.object != "" {
				obj = &unstructured.Unstructured{}
				if err := yaml.Unmarshal([]byte(tc.object), &obj.Object); err != nil {
					t.Fatal(err)
				}
			}
			if got := unready(obj); got != tc.want {
				t.Errorf("%s: want %q, got %q", tc.reason, tc.want, got)
			}
		})
	}
}
