package mcpserver

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Tool is a tool of the server.
type Tool struct {
	// Name of the tool, in snake_case.
	Name string
	// ReadOnly tools are always there; others only when writes are allowed.
	ReadOnly bool

	install func(*mcp.Server, *backend)
}

// All lists every tool, in the order of their names. A new one is a file and a line here.
func All() []Tool {
	return []Tool{
		diagnoseTool(),
		diffClusters(),
		explainRoute(),
		getExposure(),
		listApps(),
		listGateways(),
		listRoutes(),
		planMigration(),
		renderCluster(),
		setApp(),
		validateCluster(),
		waitReady(),
	}
}

// handler answers a call. The result may be nil; its content, if any, is shown
// instead of the JSON of out. An error becomes a result that says so.
type handler[In, Out any] func(context.Context, *call, In) (*mcp.CallToolResult, Out, error)

// call is what a handler is called with besides its input.
type call struct {
	*backend

	req *mcp.CallToolRequest
}

// definition is what agents are told of a tool.
type definition struct {
	name, title, description string
	effect                   effect
	// tune narrows the schema of the input beyond what its Go type says.
	tune func(properties map[string]*jsonschema.Schema)
}

// effect is what a call does to the world, which becomes the tool's annotations.
type effect int

const (
	// computes from its input alone.
	computes effect = iota
	// reads a cluster.
	reads
	// writes to a cluster. It takes things away, too.
	writes
)

func (e effect) annotations(title string) *mcp.ToolAnnotations {
	return &mcp.ToolAnnotations{
		Title:           title,
		ReadOnlyHint:    e != writes,
		DestructiveHint: new(e == writes),
		IdempotentHint:  true, // the same call twice is the same as once, for all of them
		OpenWorldHint:   new(e != computes),
	}
}

// tool puts a tool together. Its schemas are those of In and Out.
func tool[In, Out any](d definition, h handler[In, Out]) Tool {
	return Tool{Name: d.name, ReadOnly: d.effect != writes, install: func(server *mcp.Server, b *backend) {
		in, out := schemaOf[In](), schemaOf[Out]()
		extensible(out)
		if d.tune != nil {
			d.tune(in.Properties)
		}
		mcp.AddTool(server, &mcp.Tool{
			Name:         d.name,
			Title:        d.title,
			Description:  d.description,
			Annotations:  d.effect.annotations(d.title),
			InputSchema:  in,
			OutputSchema: out,
		}, func(ctx context.Context, req *mcp.CallToolRequest, input In) (*mcp.CallToolResult, Out, error) {
			result, output, err := h(ctx, &call{b, req}, input)
			return result, output, bounding(err)
		})
	}}
}

// plainText is a result that people and agents read; the structured output stands
// beside it.
func plainText(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: cut(text)}}}
}
