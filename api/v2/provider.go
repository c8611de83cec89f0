package v2

import (
	"slices"
	"strings"
)

// Provider is what a cluster runs on.
type Provider string

// The providers. Each has a Composition cluster-PROVIDER.
const (
	ProviderAWS      Provider = "aws"
	ProviderAzure    Provider = "azure"
	ProviderGoogle   Provider = "google"
	ProviderExisting Provider = "existing"
)

// Providers lists every provider.
func Providers() []Provider {
	return []Provider{ProviderAWS, ProviderAzure, ProviderExisting, ProviderGoogle}
}

// ProviderNames lists the names of every provider, for messages.
func ProviderNames() []string {
	names := make([]string, 0, len(Providers()))
	for _, p := range Providers() {
		names = append(names, string(p))
	}
	return names
}

// Valid says whether there is such a provider.
func (p Provider) Valid() bool {
	return slices.Contains(Providers(), p)
}

// DefaultRegion is the region of a Cluster that names none; empty for existing.
func (p Provider) DefaultRegion() string {
	switch p {
	case ProviderAWS:
		return "us-east-1"
	case ProviderAzure:
		return "eastus"
	case ProviderGoogle:
		return "us-east1"
	default:
		return ""
	}
}

// CompositionPrefix starts the names of the Compositions.
const CompositionPrefix = "cluster-"

// selected gives the provider by label and by Composition; empty where nothing
// says so. Crossplane writes the Composition that it chose into
// spec.crossplane.compositionRef, which is all there is when a Cluster is
// composed by the XRD's default Composition.
func (c *Crossplane) selected() (byLabel, byRef Provider) {
	if s := c.CompositionSelector; s != nil {
		byLabel = Provider(s.MatchLabels["provider"])
	}
	if r := c.CompositionRef; r != nil {
		if name, ok := strings.CutPrefix(r.Name, CompositionPrefix); ok && Provider(name).Valid() {
			byRef = Provider(name)
		}
	}
	return byLabel, byRef
}

// Provider is the provider that composes this Cluster; empty if none is chosen.
func (c *Cluster) Provider() Provider {
	byLabel, byRef := c.Spec.Crossplane.selected()
	if byLabel != "" {
		return byLabel
	}
	return byRef
}

// Region is the region of the cluster; empty for existing.
func (c *Cluster) Region() string {
	if p := c.Spec.Parameters; p != nil && p.Region != "" && c.Provider() != ProviderExisting {
		return p.Region
	}
	return c.Provider().DefaultRegion()
}
