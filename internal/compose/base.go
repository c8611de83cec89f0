package compose

import (
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// namespaces builds the namespaces of the cluster. They stay when they are taken
// from the list: deleting one would delete everything in it.
func namespaces(s *composed.Scope) []composed.Resource {
	var out []composed.Resource
	seen := map[string]bool{}
	for _, ns := range s.Parameters().Namespaces {
		if seen[ns] {
			continue
		}
		seen[ns] = true
		out = append(out, s.Object(composed.Object{
			Name:         "ns-" + ns,
			ExternalName: ns,
			Manifest: map[string]any{
				"apiVersion": "v1",
				"kind":       "Namespace",
				"metadata":   map[string]any{"name": ns},
			},
			Keep:        true,
			Unprotected: true,
		})...)
	}
	return out
}

// creds copies the Secret with the credentials of the cloud into the cluster.
func creds(s *composed.Scope) []composed.Resource {
	c := s.Parameters().Creds
	if c == nil {
		return nil
	}
	references := make([]any, len(c.Keys))
	for i, key := range c.Keys {
		references[i] = map[string]any{
			"patchesFrom": map[string]any{
				"apiVersion": "v1",
				"kind":       "Secret",
				"name":       c.Name,
				"namespace":  c.Namespace,
				"fieldPath":  dataField(key),
			},
			"toFieldPath": dataField(key),
		}
	}
	return s.Object(composed.Object{
		Name:         "creds",
		ExternalName: c.Name,
		Manifest: map[string]any{
			"apiVersion": "v1",
			"kind":       "Secret",
			"metadata":   map[string]any{"name": c.Name, "namespace": c.Namespace},
		},
		References: references,
	})
}

// dataField is the field path of a key of a Secret. A key with a dot stands in
// brackets: without them it would name a field of a field.
func dataField(key string) string {
	if strings.Contains(key, ".") {
		return "data[" + key + "]"
	}
	return "data." + key
}
