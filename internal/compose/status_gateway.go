package compose

import (
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/apps"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// gatewayStatus is the shared Gateway as its Object observed it.
func gatewayStatus(s *composed.Scope, observed composed.Observed) map[string]any {
	key := s.ObjectKey(apps.GatewayObject)
	gateway := manifestSeen(observed, key)
	if !s.Apps().EnvoyGateway.Enabled || len(gateway) == 0 {
		return nil
	}
	out := map[string]any{"name": apps.GatewayName, "namespace": apps.GatewayNamespace}
	if addresses := gatewayAddresses(gateway); len(addresses) > 0 {
		out["addresses"] = addresses
	}
	if listeners := gatewayListeners(gateway); len(listeners) > 0 {
		out["listeners"] = listeners
	}
	return out
}

func gatewayAddresses(gateway composed.JSON) []any {
	var out []any
	for _, item := range objects(gateway.Field("status", "addresses")) {
		if value, _ := item["value"].(string); value != "" {
			out = append(out, value)
		}
	}
	return out
}

// gatewayListeners joins what was asked for with what the controller says of it.
func gatewayListeners(gateway composed.JSON) []any {
	programmed := map[string]string{}
	for _, l := range objects(gateway.Field("status", "listeners")) {
		name, _ := l["name"].(string)
		for _, c := range composed.ConditionsIn(l["conditions"]) {
			if c.Type == "Programmed" {
				programmed[name] = c.Status
			}
		}
	}
	var out []any
	for _, l := range objects(gateway.Field("spec", "listeners")) {
		name, _ := l["name"].(string)
		if name == "" {
			continue
		}
		listener := map[string]any{"name": name}
		for _, field := range []string{"hostname", "protocol"} {
			value, _ := l[field].(string)
			set(listener, field, value)
		}
		if port := l["port"]; isNumber(port) {
			listener["port"] = port
		}
		switch programmed[name] {
		case "True":
			listener["programmed"] = true
		case "False":
			listener["programmed"] = false
		}
		out = append(out, listener)
	}
	return out
}

func objects(list any) []map[string]any {
	items, _ := list.([]any)
	var out []map[string]any
	for _, item := range items {
		if obj, ok := item.(map[string]any); ok {
			out = append(out, obj)
		}
	}
	return out
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, float64, int:
		return true
	default:
		return false
	}
}

// vllmVersion is the tag of the operator's image.
func vllmVersion(key string, observed composed.Observed) string {
	manifest, _ := observed.Field(key, "spec", "forProvider", "manifest").(map[string]any)
	containers := objects(composed.JSON(manifest).Field("spec", "template", "spec", "containers"))
	if len(containers) == 0 {
		return ""
	}
	image, _ := containers[0]["image"].(string)
	_, tag, _ := strings.Cut(image, ":")
	return tag
}
