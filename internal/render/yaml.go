package render

import (
	"math"

	goyaml "go.yaml.in/yaml/v2" //nolint:depguard // it only writes here; what is read goes through sigs.k8s.io/yaml
	"sigs.k8s.io/yaml"
)

// marshal writes what sigs.k8s.io/yaml.Marshal writes. That one goes by way of JSON, which
// it then reads as YAML: most of the time of a rendering. What holds nothing but what JSON
// has needs no such way.
func marshal(obj map[string]any) ([]byte, error) {
	plain, ok := yamlValue(obj)
	if !ok {
		return yaml.Marshal(obj) //nolint:wrapcheck // the caller knows the resource
	}
	return goyaml.Marshal(plain) //nolint:wrapcheck // the caller knows the resource
}

// exactly is below which every whole float64 is one number, and has no exponent in JSON.
const exactly = 1 << 53

// yamlValue is a value as it comes back from JSON that is read as YAML; false for what is
// not of JSON's own types.
func yamlValue(value any) (out any, ok bool) {
	switch v := value.(type) {
	case nil, bool, string, int, int64:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < exactly {
			return int64(v), true
		}
		return v, math.Abs(v) < exactly
	case map[string]any:
		return yamlMap(v)
	case []any:
		return yamlList(v)
	default:
		return nil, false
	}
}

func yamlMap(in map[string]any) (out any, ok bool) {
	if in == nil {
		return nil, true
	}
	fields := make(map[string]any, len(in))
	for key, item := range in {
		if fields[key], ok = yamlValue(item); !ok {
			return nil, false
		}
	}
	return fields, true
}

func yamlList(in []any) (out any, ok bool) {
	if in == nil {
		return nil, true
	}
	items := make([]any, len(in))
	for n, item := range in {
		if items[n], ok = yamlValue(item); !ok {
			return nil, false
		}
	}
	return items, true
}
