// Package charts makes stand-ins for third-party Helm charts and serves them.
//
// A stand-in installs one ConfigMap that holds the values it was given, and the
// real CustomResourceDefinitions that the chart would bring, so that what
// depends on the chart can be tried without running what is in it. It says in
// its description and annotations that it is none of the real thing.
package charts

import (
	"fmt"
	"os"
	"path/filepath"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// StandInAnnotation marks every stand-in chart, and the ConfigMap it installs.
const StandInAnnotation = "gatehouse.example.org/stand-in"

// ValuesKey is the key of the ConfigMap under which the values are, as YAML.
const ValuesKey = "values.yaml"

// Chart is a stand-in to make.
type Chart struct {
	Name    string
	Version string
	// Definitions are files with CustomResourceDefinitions for its crds folder.
	Definitions []string
	// Hook is the template of a hook; none when it is empty.
	Hook string
}

// template is the one object of a stand-in. It takes the release's name, so a
// chart can be installed more than once.
const template = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-stand-in
  namespace: {{ .Release.Namespace }}
  annotations:
    ` + StandInAnnotation + `: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
data:
  ` + ValuesKey + `: |
{{ toYaml .Values | indent 4 }}
`

// Package writes the charts as archives into dir, which must exist.
func Package(dir string, list ...Chart) error {
	for _, one := range list {
		if err := one.save(dir); err != nil {
			return fmt.Errorf("cannot package the stand-in of chart %q: %w", one.Name, err)
		}
	}
	return nil
}

func (c Chart) save(dir string) error {
	made := &chart.Chart{
		Metadata: &chart.Metadata{
			APIVersion:  chart.APIVersionV2,
			Name:        c.Name,
			Version:     c.Version,
			AppVersion:  "stand-in",
			Description: "Stand-in for the chart of this name, for tests only: it holds none of the real chart's workloads.",
			Annotations: map[string]string{StandInAnnotation: "true"},
		},
		Templates: []*chart.File{{Name: "templates/values.yaml", Data: []byte(template)}},
	}
	if c.Hook != "" {
		made.Templates = append(made.Templates, &chart.File{Name: "templates/hook.yaml", Data: []byte(c.Hook)})
	}
	for _, path := range c.Definitions {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("cannot read %q: %w", path, err)
		}
		made.Files = append(made.Files, &chart.File{Name: "crds/" + filepath.Base(path), Data: data})
	}
	_, err := chartutil.Save(made, dir)
	return err
}
