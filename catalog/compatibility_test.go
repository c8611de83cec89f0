package catalog

import (
	"slices"
	"testing"

	"github.com/Masterminds/semver/v3"
)

func TestCompatibility(t *testing.T) {
	c, err := LoadCompatibility()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.EnvoyGateway.Source) == 0 {
		t.Error("want sources")
	}
	if !slices.IsSortedFunc(c.EnvoyGateway.Versions, func(a, b SupportedVersion) int {
		return semver.MustParse(b.Version).Compare(semver.MustParse(a.Version))
	}) {
		t.Error("want the newest version first")
	}
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if _, known := c.EnvoyGateway.Of(all.Chart("gateway-helm").Version); !known {
		t.Errorf("want a row for Envoy Gateway %s, which is what is installed", all.Chart("gateway-helm").Version)
	}
}

func TestMinor(t *testing.T) {
	for version, want := range map[string]string{
		"v1.9.1": "1.9", "1.9": "1.9", "v1.34.2-gke.100": "1.34", "v1.36.0+k3s1": "1.36", "": "", "1": "", "latest": "", "v1.x": "",
	} {
		if got := Minor(version); got != want {
			t.Errorf("%s: want %q, got %q", version, want, got)
		}
	}
}
