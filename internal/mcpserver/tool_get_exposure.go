package mcpserver

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type exposureInput struct {
	Namespace string `json:"namespace" jsonschema:"Namespace of the Service."`
	Service   string `json:"service" jsonschema:"Name of the Service."`
}

func getExposure() Tool {
	return tool(definition{
		name:  "get_exposure",
		title: "Show how a Service is reached",
		description: "Says how one Service is reached from outside the cluster: through which Gateway and route, Ingress, load balancer or node port, at which URLs, with TLS or not, " +
			"whether that works right now and if not why, and how long a stream (server-sent events, for example of an MCP server) may last there and which clock ends it. " +
			"Also lists near misses: what looks like a way in and is none. Use it first when a Service cannot be reached or its streams break.",
		effect: reads,
		tune:   func(p map[string]*jsonschema.Schema) { requiredName(p["namespace"], p["service"]) },
	}, func(ctx context.Context, c *call, in exposureInput) (*mcp.CallToolResult, topology.Exposure, error) {
		snapshot, err := c.snapshot(ctx, topology.Options{})
		if err != nil {
			return nil, topology.Exposure{}, err
		}
		out := snapshot.Exposure(in.Namespace, in.Service)
		for i := range out.Entries {
			out.Entries[i].Path = append([]topology.Ref{}, out.Entries[i].Path...) // a list, also when it is empty
		}
		return nil, out, nil
	})
}
