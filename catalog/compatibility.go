package catalog

import (
	_ "embed" // the table is part of the binary
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed compatibility.yaml
var compatibilitySource []byte

// Compatibility says which versions fit each other.
type Compatibility struct {
	// EnvoyGateway by its minor versions.
	EnvoyGateway Supported `json:"envoyGateway"`
}

// Supported is what the minor versions of a controller need.
type Supported struct {
	// Versions, the newest first.
	Versions []SupportedVersion `json:"versions"`
	// Source holds the addresses at which the facts were read.
	Source []string `json:"source"`
}

// SupportedVersion is a row of it.
type SupportedVersion struct {
	// Version is the minor version, such as 1.9.
	Version string `json:"version"`
	// Release is one of it that is known to be there, such as 1.9.1.
	Release string `json:"release"`
	// GatewayAPI is the release whose CRDs it is built for, such as v1.6.1.
	GatewayAPI string `json:"gatewayAPI"`
	// Kubernetes are the minor versions that it supports, such as 1.36, in order.
	Kubernetes []string `json:"kubernetes"`
}

// LoadCompatibility reads the table that is built in. An error is a mistake in this
// repository: a test finds it.
func LoadCompatibility() (*Compatibility, error) {
	c := &Compatibility{}
	if err := yaml.UnmarshalStrict(compatibilitySource, c); err != nil {
		return nil, fmt.Errorf("cannot read the table of compatibility: %w", err)
	}
	for _, row := range c.EnvoyGateway.Versions {
		if Minor(row.Version) != row.Version || Minor(row.Release) != row.Version || Minor(row.GatewayAPI) == "" || len(row.Kubernetes) == 0 {
			return nil, fmt.Errorf("cannot use the table of compatibility: row %q needs a minor version, a release of it, gatewayAPI and kubernetes", row.Version)
		}
	}
	return c, nil
}

// Of returns the row of a version, such as v1.9.1; ok is false for one that is not known.
func (s Supported) Of(version string) (row SupportedVersion, ok bool) {
	for _, row := range s.Versions {
		if row.Version == Minor(version) {
			return row, true
		}
	}
	return SupportedVersion{}, false
}

// Minor is the minor version of a version, 1.9 of v1.9.1; empty if it is none.
func Minor(version string) string {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) < 2 || !digits(parts[0]) || !digits(parts[1]) {
		return ""
	}
	return parts[0] + "." + parts[1]
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
