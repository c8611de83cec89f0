package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type renderInput struct {
	Cluster  string `json:"cluster" jsonschema:"YAML with one or more Clusters (devopstoolkit.ai/v2)."`
	Observed string `json:"observed,omitempty" jsonschema:"YAML with what exists already, as kubectl get -o yaml prints it: then what is composed at that moment is shown. Absent: everything in the end."`
	Output   string `json:"output,omitempty" jsonschema:"tree: a summary. yaml or json: whole resources, which are long."`
	Only     string `json:"only,omitempty" jsonschema:"Show only resources whose key begins with this, for example team-a-app-keda."`
}

type renderOutput struct {
	Clusters []renderedCluster `json:"clusters" jsonschema:"The Clusters, in the order of the input."`
	Text     string            `json:"text" jsonschema:"The rendering, in the form that was asked for."`
}

type renderedCluster struct {
	Namespace string   `json:"namespace" jsonschema:"Namespace of the Cluster."`
	Name      string   `json:"name" jsonschema:"Name of the Cluster."`
	Provider  string   `json:"provider" jsonschema:"What it runs on."`
	Resources int      `json:"resources" jsonschema:"How many resources it is composed of; with observed, at that moment."`
	Held      int      `json:"held" jsonschema:"How many wait until others are ready: they are among the resources, except with observed."`
	Shown     int      `json:"shown" jsonschema:"How many resources the text is about."`
	Report    []string `json:"report,omitempty" jsonschema:"Doubts, and what is waited for."`
}

func renderCluster() Tool {
	return tool(definition{
		name:  "render_cluster",
		title: "Show what a Cluster is composed of",
		description: "Shows which resources a Cluster becomes: charts with versions, gateways, policies, and what waits for what. " +
			"Use it to see the effect of a Cluster before it is applied. Returns counts, doubts, and a text: a tree by default, whole resources as yaml or json on request. " +
			"Long output is refused with a hint how to narrow it. Needs no cluster and changes nothing.",
		effect: computes,
		tune: func(p map[string]*jsonschema.Schema) {
			yamlText(p["cluster"], mostYAML)
			yamlText(p["observed"], mostObserved)
			oneOf(p["output"], "tree", "yaml", "json")
			objectName(p["only"])
		},
	}, func(ctx context.Context, c *call, in renderInput) (*mcp.CallToolResult, renderOutput, error) {
		all, err := c.rendered(ctx, clusterText("cluster", in.Cluster), observedText("observed", in.Observed))
		if err != nil {
			return nil, renderOutput{}, err
		}
		out := renderOutput{Clusters: []renderedCluster{}}
		shown := make([]render.Rendered, 0, len(all))
		for _, r := range all {
			part := only(r, in.Only)
			shown = append(shown, withoutSecrets(part))
			out.Clusters = append(out.Clusters, renderedOf(r, len(part.Items())))
		}
		if out.Text, err = written(shown, in.Output); err != nil {
			return nil, renderOutput{}, tooLong(err, all, in.Output)
		}
		return plainText(renderText(out)), out, nil
	})
}

func renderedOf(r render.Rendered, shown int) renderedCluster {
	return renderedCluster{
		Namespace: r.Plan.Cluster.Namespace,
		Name:      r.Plan.Cluster.Name,
		Provider:  string(r.Plan.Cluster.Provider()),
		Resources: len(r.Items()),
		Held:      len(r.Plan.Held),
		Shown:     shown,
		Report:    r.Report(),
	}
}

// only is the part of a rendering whose keys begin with a prefix.
func only(r render.Rendered, prefix string) render.Rendered {
	if prefix == "" {
		return r
	}
	plan := *r.Plan
	others := func(resource composed.Resource) bool { return !strings.HasPrefix(resource.Key, prefix) }
	plan.Resources = slices.DeleteFunc(slices.Clone(plan.Resources), others)
	plan.All = slices.DeleteFunc(slices.Clone(plan.All), others)
	plan.Held = slices.DeleteFunc(slices.Clone(plan.Held), func(h compose.Held) bool { return others(h.Resource) })
	r.Plan = &plan
	return r
}

func written(all []render.Rendered, output string) (string, error) {
	write := map[string]func(io.Writer, []render.Rendered) error{"yaml": render.YAML, "json": render.JSON}[output]
	if write == nil {
		write = render.Tree
	}
	var b bounded
	if err := write(&b, all); err != nil {
		return "", err
	}
	return b.String(), nil
}

// tooLong says how to ask for less.
func tooLong(err error, all []render.Rendered, output string) error {
	if !errors.Is(err, errTooLong) {
		return err
	}
	var hint string
	if items := all[0].Items(); len(items) > 0 {
		hint = ", for example only=" + items[len(items)/2].Key
	}
	return fmt.Errorf("cannot show everything as %s: it has more than %d bytes. "+
		"Ask for output=tree, for fewer Clusters at once, or narrow it by the beginning of keys%s", output, mostOutput, hint)
}

func renderText(out renderOutput) string {
	var b strings.Builder
	for _, c := range out.Clusters {
		fmt.Fprintf(&b, "Cluster %s/%s on %s: %d resources, %d shown\n", c.Namespace, c.Name, c.Provider, c.Resources, c.Shown)
		for _, line := range c.Report {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	return b.String() + "\n" + out.Text
}
