// Package catalog holds what Gatehouse installs: every chart's source, pinned
// version and namespace.
package catalog

import (
	_ "embed" // the catalog is part of the binary: the function has no files
	"fmt"

	"sigs.k8s.io/yaml"
)

//go:embed catalog.yaml
var source []byte

// Catalog is what Gatehouse installs.
type Catalog struct {
	Charts []Chart `json:"charts"`
	Images []Image `json:"images"`

	charts map[string]Chart
	images map[string]Image
}

// Chart is a Helm chart. Its release has the name of the chart.
type Chart struct {
	// Name of the chart in its repository, and of its release.
	Name string `json:"name"`
	// Version that is installed unless the Cluster pins another one.
	Version string `json:"version"`
	// App is the app that installs it, by its name in spec.parameters.apps.
	App string `json:"app,omitempty"`
	// Always says on which providers the chart is installed without being asked for.
	Always string `json:"always,omitempty"`
	// Repository is a chart repository, or an OCI registry (oci://).
	Repository string `json:"repository"`
	// URL is the address of the packaged chart, instead of Repository and Version.
	URL string `json:"url,omitempty"`
	// Namespace of the release.
	Namespace string `json:"namespace"`
	// Summary says in a few words what the chart is for.
	Summary string `json:"summary"`
}

// Image is a container image that is installed without a chart.
type Image struct {
	// Name of the image, without tag.
	Name string `json:"name"`
	// Version is the tag.
	Version string `json:"version"`
	// App is the app that installs it, by its name in spec.parameters.apps.
	App string `json:"app"`
	// Namespace it runs in.
	Namespace string `json:"namespace"`
	// Summary says in a few words what the image is for.
	Summary string `json:"summary"`
}

// Load reads the catalog that is built in. An error is a mistake in this
// repository: a test finds it.
func Load() (*Catalog, error) { return parse(source) }

func parse(raw []byte) (*Catalog, error) {
	c := &Catalog{charts: map[string]Chart{}, images: map[string]Image{}}
	if err := yaml.UnmarshalStrict(raw, c); err != nil {
		return nil, fmt.Errorf("cannot read the catalog: %w", err)
	}
	for _, chart := range c.Charts {
		if _, twice := c.charts[chart.Name]; twice {
			return nil, fmt.Errorf("cannot read the catalog: chart %q stands twice", chart.Name)
		}
		if chart.Name == "" || chart.Version == "" || chart.Namespace == "" || chart.Repository == "" {
			return nil, fmt.Errorf("cannot read the catalog: chart %q needs name, version, namespace and repository", chart.Name)
		}
		c.charts[chart.Name] = chart
	}
	for _, image := range c.Images {
		c.images[image.Name] = image
	}
	return c, nil
}

// Chart returns the chart of a name; the zero Chart if there is none.
func (c *Catalog) Chart(name string) Chart { return c.charts[name] }

// Image returns the image of a name; the zero Image if there is none.
func (c *Catalog) Image(name string) Image { return c.images[name] }
