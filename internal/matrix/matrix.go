// Package matrix generates the Clusters over which tests hold what may never be
// wrong in a rendering.
package matrix

import (
	"fmt"
	"maps"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
)

// apps are the switches of which every subset is visited.
func apps() []map[string]any {
	on := func(fields map[string]any) map[string]any {
		fields["enabled"] = true
		return fields
	}
	return []map[string]any{
		{"envoyGateway": on(map[string]any{})},
		{"keda": on(map[string]any{"routeNamespaces": []any{"team-b"}})},
		{"prometheus": on(map[string]any{"monitorApps": true})},
		{"traefik": on(map[string]any{"gatewayAPI": true})},
		{"certManager": on(map[string]any{})},
		{"externalDNS": on(map[string]any{})},
		{"argocd": on(map[string]any{}), "externalSecrets": on(map[string]any{})},
	}
}

// Each visits 4 providers × every subset of the apps × GPU nodes × creds.
func Each(visit func(name string, cluster map[string]any)) {
	switches := apps()
	for _, provider := range v2.Providers() {
		for subset := range 1 << len(switches) {
			for extras := range 4 {
				gpu, creds := extras&1 != 0, extras&2 != 0
				name := fmt.Sprintf("%s/apps=%07b/gpu=%t/creds=%t", provider, subset, gpu, creds)
				visit(name, xr(provider, subset, gpu, creds))
			}
		}
	}
}

func xr(provider v2.Provider, subset int, gpu, creds bool) map[string]any {
	on := map[string]any{}
	for i, app := range apps() {
		if subset&(1<<i) != 0 {
			maps.Copy(on, app)
		}
	}
	parameters := map[string]any{"nodeSize": "small", "apps": on}
	if gpu {
		parameters["gpu"] = map[string]any{"enabled": true}
	}
	if creds {
		parameters["creds"] = map[string]any{"name": "cloud", "namespace": "crossplane-system", "keys": []any{"a", "b.json"}}
		if es, ok := on["externalSecrets"].(map[string]any); ok && provider != v2.ProviderExisting {
			es["store"] = true
			es["azureVaultUrl"] = "https://example.vault.azure.net"
			es["googleCredentialsKey"] = "a"
			es["secrets"] = []any{map[string]any{"fromSecret": "a", "toSecret": "b", "toNamespace": "dev"}}
		}
	}
	return map[string]any{
		"apiVersion": v2.APIVersion,
		"kind":       v2.Kind,
		"metadata":   map[string]any{"name": "m", "namespace": "ns"},
		"spec": map[string]any{
			"crossplane": map[string]any{"compositionSelector": map[string]any{
				"matchLabels": map[string]any{"provider": string(provider)},
			}},
			"parameters": parameters,
		},
	}
}
