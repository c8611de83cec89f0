package v2_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
)

func cluster(spec map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": "devopstoolkit.ai/v2",
		"kind":       "Cluster",
		"metadata":   map[string]any{"name": "a", "namespace": "b", "labels": map[string]any{"x": "y"}},
		"spec":       spec,
		"status":     map[string]any{"anything": true},
	}
}

func TestDecode(t *testing.T) {
	count := func(n int64) *int64 { return &n }
	cases := map[string]struct {
		reason  string
		spec    map[string]any
		want    v2.ClusterSpec
		ignored []string
		errs    []string
	}{
		"Numbers": {
			reason: "Whole numbers come as floating point from protobuf and JSON, as integers from YAML",
			spec: map[string]any{"parameters": map[string]any{
				"minNodeCount": 3.0, "gpu": map[string]any{"minNodeCount": int64(2), "maxNodeCount": 4},
			}},
			want: v2.ClusterSpec{Parameters: &v2.Parameters{MinNodeCount: count(3), GPU: &v2.GPU{MinNodeCount: count(2), MaxNodeCount: count(4)}}},
		},
		"NoWholeNumber": {
			reason: "Half a node is no node",
			spec:   map[string]any{"parameters": map[string]any{"minNodeCount": 1.5}},
			want:   v2.ClusterSpec{Parameters: &v2.Parameters{}},
			errs:   []string{`spec.parameters.minNodeCount: Invalid value: 1.5: must be a whole number`},
		},
		"NullIsAbsent": {
			reason: "The API server drops null, too",
			spec:   map[string]any{"parameters": map[string]any{"version": nil, "apps": nil}},
			want:   v2.ClusterSpec{Parameters: &v2.Parameters{}},
		},
		"NullInList": {
			reason: "In a list there is nothing to drop",
			spec:   map[string]any{"parameters": map[string]any{"namespaces": []any{"dev", nil}}},
			want:   v2.ClusterSpec{Parameters: &v2.Parameters{Namespaces: []string{"dev", ""}}},
			errs:   []string{`spec.parameters.namespaces[1]: Invalid value: "null": must be a string (quote it)`},
		},
		"EmptyListIsNotAbsent": {
			reason: "No namespaces is something else than the default namespaces",
			spec:   map[string]any{"parameters": map[string]any{"namespaces": []any{}}},
			want:   v2.ClusterSpec{Parameters: &v2.Parameters{Namespaces: []string{}}},
		},
		"Inlined": {
			reason: "Fields that all apps have stand beside those of one",
			spec: map[string]any{"parameters": map[string]any{"apps": map[string]any{
				"keda": map[string]any{"enabled": true, "version": "1.2.3", "values": map[string]any{"a": []any{1.0}}, "routeNamespaces": []any{"x"}},
			}}},
			want: v2.ClusterSpec{Parameters: &v2.Parameters{Apps: v2.Apps{KEDA: v2.KEDA{
				App:             v2.App{Enabled: true, Version: "1.2.3", Values: v2.Object{"a": []any{1.0}}},
				RouteNamespaces: []string{"x"},
			}}}},
		},
		"Mistyped": {
			reason: "What looks like a known field is a mistake; what looks like nothing is ignored",
			spec: map[string]any{"parameters": map[string]any{
				"nodesize": "small", "min_node_count": 1, "minNodeCuont": 1, "vpcConfig": map[string]any{},
			}, "id": "old"},
			want:    v2.ClusterSpec{Parameters: &v2.Parameters{}},
			ignored: []string{"spec.id", "spec.parameters.vpcConfig"},
			errs: []string{
				`spec.parameters.minNodeCuont: Invalid value: unknown field, did you mean "minNodeCount"?`,
				`spec.parameters.min_node_count: Invalid value: unknown field, did you mean "minNodeCount"?`,
				`spec.parameters.nodesize: Invalid value: unknown field, did you mean "nodeSize"?`,
			},
		},
		"CrossplaneOwnsItsField": {
			reason: "Crossplane has more fields in spec.crossplane than we know",
			spec: map[string]any{"crossplane": map[string]any{
				"compositionRevisionRef": map[string]any{"name": "x"}, "resourceRefs": []any{},
				"compositionRef": map[string]any{"name": "cluster-aws"},
			}},
			want: v2.ClusterSpec{Crossplane: v2.Crossplane{CompositionRef: &v2.NameRef{Name: "cluster-aws"}}},
		},
		"LongValues": {
			reason: "An error stays on a screen whatever was given",
			spec:   map[string]any{"parameters": map[string]any{"minNodeCount": strings.Repeat("x", 500)}},
			want:   v2.ClusterSpec{Parameters: &v2.Parameters{}},
			errs:   []string{`spec.parameters.minNodeCount: Invalid value: "` + strings.Repeat("x", 64) + `…": must be a whole number`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, ignored, errs := v2.Decode(cluster(tc.spec))
			if diff := cmp.Diff(tc.want, got.Spec); diff != "" {
				t.Errorf("%s: spec (-want +got):\n%s", tc.reason, diff)
			}
			var paths, messages []string
			for _, path := range ignored {
				paths = append(paths, path.String())
			}
			for _, err := range errs {
				messages = append(messages, err.Error())
			}
			if diff := cmp.Diff(tc.ignored, paths); diff != "" {
				t.Errorf("%s: ignored (-want +got):\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.errs, messages); diff != "" {
				t.Errorf("%s: errors (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestProvider(t *testing.T) {
	label := func(p string) v2.Crossplane {
		return v2.Crossplane{CompositionSelector: &v2.CompositionSelector{MatchLabels: map[string]string{"provider": p}}}
	}
	both := label("aws")
	both.CompositionRef = &v2.NameRef{Name: "my-own-composition"}
	cases := map[string]struct {
		reason string
		in     v2.Crossplane
		want   v2.Provider
		region string
	}{
		"ByLabel":       {"The label is how users choose", label("azure"), v2.ProviderAzure, "eastus"},
		"ByComposition": {"Crossplane writes the Composition it chose by itself", v2.Crossplane{CompositionRef: &v2.NameRef{Name: "cluster-google"}}, v2.ProviderGoogle, "us-east1"},
		"OwnName":       {"A Composition of another name says nothing", both, v2.ProviderAWS, "us-east-1"},
		"Existing":      {"An existing cluster has no region", label("existing"), v2.ProviderExisting, ""},
		"None":          {"Nothing is guessed", v2.Crossplane{}, "", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := &v2.Cluster{Spec: v2.ClusterSpec{Crossplane: tc.in}}
			if got := c.Provider(); got != tc.want {
				t.Errorf("%s: want provider %q, got %q", tc.reason, tc.want, got)
			}
			if got := c.Region(); got != tc.region {
				t.Errorf("%s: want region %q, got %q", tc.reason, tc.region, got)
			}
		})
	}
}
