package v2_test

import (
	"strings"
	"testing"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
)

// Every app that is a chart has its version checked, and is found by itself.
func TestVersionOfEveryApp(t *testing.T) {
	apps := []string{
		"argocd", "certManager", "crossplane", "dapr", "envoyGateway", "externalDNS", "externalSecrets",
		"keda", "nvidia", "openfunction", "prometheus", "traefik",
	}
	wrong := map[string]any{}
	for _, app := range apps {
		wrong[app] = map[string]any{"version": "newest"}
	}
	c, _, errs := v2.Decode(cluster(map[string]any{
		"crossplane": map[string]any{"compositionSelector": map[string]any{"matchLabels": map[string]any{"provider": "aws"}}},
		"parameters": map[string]any{"apps": wrong},
	}))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	c.Spec.Parameters.Default()
	var found []string
	for _, err := range c.Validate() {
		found = append(found, err.Error())
	}
	for _, app := range apps {
		want := "spec.parameters.apps." + app + ".version: "
		if !strings.Contains(strings.Join(found, "\n"), want) {
			t.Errorf("want a problem with %s, got %v", want, found)
		}
	}
	if len(found) != len(apps) {
		t.Errorf("want %d problems, got %d: %v", len(apps), len(found), found)
	}
}
