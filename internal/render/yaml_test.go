package render

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// What is written must be what sigs.k8s.io/yaml writes, byte by byte.
func TestMarshalIsThatOfKubernetes(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		value  any
		direct bool
	}{
		"words":       {value: "plain", direct: true},
		"like a bool": {reason: "what looks like another type is quoted", value: []any{"yes", "on", "true", "null", "~", "1", "1e3", "0x10", "2026-12-01", "1:30", ""}, direct: true},
		"text":        {value: "one\n two\n\nthree: # four\n", direct: true},
		"signs":       {value: "<a> & 'b' \"c\" \u00e9 \U0001f6aa \t\u2028 - x", direct: true},
		"whole float": {reason: "every number of YAML that is read by way of JSON is one", value: []any{float64(0), 10.0, -3.0, 1e15, math.Copysign(0, -1)}, direct: true},
		"fraction":    {value: []any{0.5, 1e-9, -1.25, 123456.789}, direct: true},
		"large":       {reason: "JSON has an exponent from 1e21, and YAML another one", value: []any{1e16, 1e21, 1e300}},
		"int":         {value: []any{1, int64(math.MaxInt64), int64(math.MinInt64)}, direct: true},
		"empty":       {value: map[string]any{"m": map[string]any{}, "l": []any{}, "n": nil}, direct: true},
		"nil":         {value: map[string]any{"m": map[string]any(nil), "l": []any(nil)}, direct: true},
		"order":       {reason: "numbers in keys are sorted as numbers", value: map[string]any{"a10": 1, "a2": 1, "B": 1, "a": 1, "1": 1, "true": 1}, direct: true},
		"nested":      {value: []any{map[string]any{"a": []any{map[string]any{"b": "c"}}}}, direct: true},
		"strings":     {reason: "a type of Go that is not one of JSON's takes the long way", value: []string{"a", "b"}},
		"struct": {value: struct {
			A int `json:"b"`
		}{1}},
	} {
		t.Run(name, func(t *testing.T) {
			obj := map[string]any{"value": tc.value}
			want, err := yaml.Marshal(obj)
			if err != nil {
				t.Fatal(err)
			}
			got, err := marshal(obj)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if _, direct := yamlValue(obj); direct != tc.direct {
				t.Errorf("written directly: %v, want %v", direct, tc.direct)
			}
		})
	}
}
