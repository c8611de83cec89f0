package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type validateInput struct {
	Cluster string `json:"cluster" jsonschema:"YAML with one or more Clusters (devopstoolkit.ai/v2). Other documents are passed over."`
}

type validateOutput struct {
	Valid    bool             `json:"valid" jsonschema:"Whether every Cluster can be composed."`
	Clusters []checkedCluster `json:"clusters" jsonschema:"What was found, in the order of the input."`
}

type checkedCluster struct {
	Namespace string    `json:"namespace" jsonschema:"Namespace of the Cluster."`
	Name      string    `json:"name" jsonschema:"Name of the Cluster. Empty if it has none."`
	Valid     bool      `json:"valid" jsonschema:"Whether this Cluster can be composed."`
	Problems  []problem `json:"problems,omitempty" jsonschema:"All that has to be mended."`
	Omitted   int       `json:"omitted,omitempty" jsonschema:"How many more problems there are than one answer holds."`
	Doubts    []string  `json:"doubts,omitempty" jsonschema:"What works, but is probably not meant."`
}

type problem struct {
	Field   string `json:"field" jsonschema:"Path of the field, for example spec.parameters.nodeSize."`
	Message string `json:"message" jsonschema:"What is wrong with it, and what would be right."`
}

func validateCluster() Tool {
	return tool(definition{
		name:  "validate_cluster",
		title: "Check Clusters",
		description: "Checks Cluster YAML before it is applied. Use it after writing or changing a Cluster. " +
			"Returns whether it is valid, every problem with its field path, and doubts: what works but is probably not meant. " +
			"Needs no cluster and changes nothing.",
		effect: computes,
		tune:   func(p map[string]*jsonschema.Schema) { yamlText(p["cluster"], mostYAML) },
	}, func(_ context.Context, _ *call, in validateInput) (*mcp.CallToolResult, validateOutput, error) {
		documents, err := clusterText("cluster", in.Cluster).documents()
		if err != nil {
			return nil, validateOutput{}, err
		}
		results, err := render.Validate(documents)
		if err != nil {
			return nil, validateOutput{}, fmt.Errorf("cannot read %q: %w", "cluster", err)
		}
		out := validateOutput{Valid: true, Clusters: []checkedCluster{}}
		lines := make([]string, 0, len(results))
		for _, r := range results {
			checked := checkedOf(r)
			out.Valid = out.Valid && checked.Valid
			out.Clusters = append(out.Clusters, checked)
			lines = append(lines, r.String())
		}
		return plainText(strings.Join(lines, "\n")), out, nil
	})
}

func checkedOf(r render.Checked) checkedCluster {
	obj := composed.JSON(r.Document.Object)
	out := checkedCluster{Valid: r.Err == nil, Doubts: r.Doubts}
	out.Problems, out.Omitted = fitting(problemsOf(r.Err))
	out.Namespace, _ = obj.Field("metadata", "namespace").(string)
	out.Name, _ = obj.Field("metadata", "name").(string)
	return out
}

// problemsOf lists what is wrong with a Cluster.
func problemsOf(err error) []problem {
	invalid := new(compose.InvalidError)
	if !errors.As(err, &invalid) {
		return nil
	}
	out := make([]problem, 0, len(invalid.Errors))
	for _, e := range invalid.Errors {
		out = append(out, problem{Field: e.Field, Message: e.ErrorBody()})
	}
	return out
}
