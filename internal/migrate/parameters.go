package migrate

import (
	"cmp"
	"slices"
	"strconv"
)

// parameter sets a field of the LoadBalancerConfiguration of the Gateway. Lists are added
// to each other.
func (s *site) parameter(field string, value any) {
	if s.want.parameters == nil {
		s.want.parameters = map[string]any{}
	}
	have, isList := s.want.parameters[field].([]any)
	if more, ok := value.([]any); isList && ok {
		value = append(slices.Clone(have), more...)
	}
	s.want.parameters[field] = value
}

func (m *migration) parameterPlace(s *site, field string) Place {
	gateway := m.gatewayName(s)
	return Place{Ref{loadBalancerConfig.kind, gateway.Namespace, gateway.Name}, field}
}

// parametersOf are the fields that the Ingresses of a Gateway set, those of the first
// where they differ; nil for none. Of the attributes the longest idle timeout counts.
func (m *migration) parametersOf(b *gatewayBuild) map[string]any {
	out := map[string]any{}
	for _, s := range b.sites {
		for _, field := range sortedKeys(s.want.parameters) {
			more, isList := s.want.parameters[field].([]any)
			have, found := out[field].([]any)
			if isList && found && (field == "loadBalancerAttributes" || field == "listenerConfigurations") {
				out[field] = joinByKey(have, more, map[string]string{"loadBalancerAttributes": "key", "listenerConfigurations": "protocolPort"}[field])
			} else if out[field] == nil {
				out[field] = s.want.parameters[field]
			}
		}
	}
	if attributes, ok := out["loadBalancerAttributes"].([]any); ok {
		out["loadBalancerAttributes"] = joinByKey(nil, attributes, "key")
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// joinByKey adds items to a list, sorted, each key once. Of two numbers the larger one
// counts, else the first value.
func joinByKey(have, more []any, key string) []any {
	out := slices.Clone(have)
	for _, item := range more {
		fields, _ := item.(map[string]any)
		i := slices.IndexFunc(out, func(o any) bool { of, _ := o.(map[string]any); return of[key] == fields[key] })
		if i < 0 {
			out = append(out, item)
			continue
		}
		of, _ := out[i].(map[string]any)
		a, errA := strconv.Atoi(text(of["value"]))
		b, errB := strconv.Atoi(text(fields["value"]))
		if errA == nil && errB == nil && b > a {
			out[i] = item
		}
	}
	slices.SortFunc(out, func(a, b any) int {
		x, _ := a.(map[string]any)
		y, _ := b.(map[string]any)
		return cmp.Compare(text(x[key]), text(y[key]))
	})
	return out
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
