package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/render"
)

// What a call may bring. A Cluster has a few kilobytes; what was observed of it
// has some hundred resources.
const (
	mostYAML              = 128 << 10
	mostObserved          = 512 << 10
	mostDocuments         = 32
	mostObservedDocuments = 2000
)

// text is YAML that a call brings, with its name for messages.
type text struct {
	name          string
	yaml          string
	most          int
	mostDocuments int
}

func clusterText(name, yaml string) text { return text{name, yaml, mostYAML, mostDocuments} }

func observedText(name, yaml string) text {
	return text{name, yaml, mostObserved, mostObservedDocuments}
}

// documents reads the YAML.
func (t text) documents() ([]render.Document, error) {
	if len(t.yaml) > t.most {
		return nil, fmt.Errorf("cannot read %q: it has %d bytes, at most %d are taken", t.name, len(t.yaml), t.most)
	}
	if alias := firstAlias(t.yaml); alias != "" {
		return nil, fmt.Errorf("cannot read %q: it has the YAML alias %q; write out what it stands for", t.name, alias)
	}
	documents, err := render.Read(t.name, strings.NewReader(t.yaml))
	if err != nil {
		return nil, err
	}
	if len(documents) > t.mostDocuments {
		return nil, fmt.Errorf("cannot read %q: it has %d documents, at most %d are taken", t.name, len(documents), t.mostDocuments)
	}
	return documents, nil
}

// anchorOrAlias is what the YAML reader takes for the name of an anchor or alias.
var anchorOrAlias = regexp.MustCompile(`[&*][0-9A-Za-z_-]+`)

// firstAlias finds an alias whose anchor may stand in the text. Some kilobytes of
// aliases become gigabytes when they are resolved, and the YAML reader's own limit
// counts nodes, not bytes. Text that only looks like an alias has no anchor.
func firstAlias(yaml string) string {
	anchors := map[string]bool{}
	found := anchorOrAlias.FindAllString(yaml, -1)
	for _, name := range found {
		if name[0] == '&' {
			anchors[name[1:]] = true
		}
	}
	for _, name := range found {
		if name[0] == '*' && anchors[name[1:]] {
			return name
		}
	}
	return ""
}

// rendered reads and plans the Clusters of a text. observed may be empty: then
// everything is meant that they are composed of in the end.
func (c *call) rendered(ctx context.Context, clusters, observed text) ([]render.Rendered, error) {
	documents, err := clusters.documents()
	if err != nil {
		return nil, err
	}
	var seen []render.Document
	if observed.yaml != "" {
		if seen, err = observed.documents(); err != nil {
			return nil, err
		}
		if seen == nil {
			seen = []render.Document{} // an empty cluster is an observation too
		}
	}
	release, err := c.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	all, err := c.renderer.Render(documents, seen)
	if errors.Is(err, render.ErrNoCluster) {
		return nil, fmt.Errorf("cannot read %q: %w", clusters.name, err)
	}
	return all, err
}
