package mcpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type diffInput struct {
	Before string `json:"before" jsonschema:"YAML with the Clusters as they are."`
	After  string `json:"after" jsonschema:"YAML with the Clusters as they are to be. A Cluster that is missing here would be deleted."`
}

type diffOutput struct {
	Lost    int      `json:"lost" jsonschema:"How many resources would be deleted or re-created, or cannot change in place."`
	Total   int      `json:"total" jsonschema:"How many resources change in any way."`
	Changes []change `json:"changes" jsonschema:"What happens, what is lost first."`
	Omitted int      `json:"omitted,omitempty" jsonschema:"How many more changes there are than one answer holds: compare fewer Clusters at once."`
}

type change struct {
	Cluster  string        `json:"cluster" jsonschema:"Namespace and name of the Cluster."`
	Key      string        `json:"key" jsonschema:"Key of the resource in the Cluster."`
	Resource string        `json:"resource" jsonschema:"What the resource is."`
	Fate     string        `json:"fate" jsonschema:"create, change, delete, re-create, release (Crossplane forgets it, it stays in the cluster) or fail (the provider cannot change it in place)."`
	Why      string        `json:"why,omitempty" jsonschema:"What the fate means here."`
	Fields   []fieldChange `json:"fields,omitempty" jsonschema:"The fields that differ."`
}

type fieldChange struct {
	Path   string `json:"path" jsonschema:"Path of the field. [-] and [+] are items that only one side has."`
	Before any    `json:"before,omitempty" jsonschema:"Value before; absent if there is none."`
	After  any    `json:"after,omitempty" jsonschema:"Value after; absent if there is none."`
}

func diffClusters() Tool {
	return tool(definition{
		name:  "diff_clusters",
		title: "Show what a change of Clusters does",
		description: "Compares two versions of Cluster YAML resource by resource. Use it before a changed Cluster is applied. " +
			"Returns every change with its fate, first those that lose something: deleted, re-created, or impossible in place. " +
			"Needs no cluster and changes nothing.",
		effect: computes,
		tune: func(p map[string]*jsonschema.Schema) {
			yamlText(p["before"], mostYAML)
			yamlText(p["after"], mostYAML)
		},
	}, func(ctx context.Context, c *call, in diffInput) (*mcp.CallToolResult, diffOutput, error) {
		before, errBefore := c.rendered(ctx, clusterText("before", in.Before), text{})
		after, errAfter := c.rendered(ctx, clusterText("after", in.After), text{})
		if err := errors.Join(errBefore, errAfter); err != nil {
			return nil, diffOutput{}, err
		}
		changes := diff(before, after)
		var b bounded
		if err := render.WriteDiff(&b, changes); err != nil {
			return nil, diffOutput{}, fmt.Errorf("cannot show %d changes: they have more than %d bytes. Compare fewer Clusters at once", len(changes), mostOutput)
		}
		return plainText(b.String()), diffOf(changes), nil
	})
}

// diff compares renderings. What is lost stands first, Clusters stay together,
// and nothing that a Secret holds is shown.
func diff(before, after []render.Rendered) []render.Change {
	changes := render.Diff(redactedAll(before), redactedAll(after))
	slices.SortStableFunc(changes, func(a, b render.Change) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(gravity(a), gravity(b)))
	})
	return changes
}

func redactedAll(all []render.Rendered) []render.Rendered {
	out := make([]render.Rendered, 0, len(all))
	for _, r := range all {
		out = append(out, withoutSecrets(r))
	}
	return out
}

// gravity orders fates: what cannot be had back stands first.
func gravity(c render.Change) int {
	return slices.Index([]render.Fate{render.Deleted, render.Replaced, render.Refused, render.Released, render.Changed, render.Created}, c.Fate)
}

func diffOf(changes []render.Change) diffOutput {
	out := diffOutput{Total: len(changes)}
	items := make([]change, 0, len(changes))
	for _, c := range changes {
		if gravity(c) <= gravity(render.Change{Fate: render.Refused}) {
			out.Lost++
		}
		item := change{Cluster: c.Cluster, Key: c.Key, Resource: c.Resource, Fate: string(c.Fate), Why: c.Why}
		for _, f := range c.Fields {
			item.Fields = append(item.Fields, fieldChange(f))
		}
		items = append(items, item)
	}
	out.Changes, out.Omitted = fitting(items)
	return out
}
