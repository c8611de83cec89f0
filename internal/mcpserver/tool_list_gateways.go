package mcpserver

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type gatewaysInput struct {
	Namespace string `json:"namespace,omitempty" jsonschema:"Only Gateways of this namespace."`
}

type gatewaysOutput struct {
	Gateways []topology.Gateway `json:"gateways" jsonschema:"Gateways by namespace and name."`
	Omitted  int                `json:"omitted,omitempty" jsonschema:"How many more there are than one answer holds: narrow the question."`
	Unseen   []topology.Unseen  `json:"unseen,omitempty" jsonschema:"Kinds that could not be read, so that something may be missing here."`
}

func listGateways() Tool {
	return tool(definition{
		name:  "list_gateways",
		title: "List Gateways",
		description: "Lists the Gateways of the cluster: class and controller, addresses, listeners with hostnames and TLS, how many routes are attached, and what is wrong. " +
			"Use it to learn by which ways traffic can come in. For one Service get_exposure answers more directly.",
		effect: reads,
		tune:   func(p map[string]*jsonschema.Schema) { objectName(p["namespace"]) },
	}, func(ctx context.Context, c *call, in gatewaysInput) (*mcp.CallToolResult, gatewaysOutput, error) {
		snapshot, err := c.snapshot(ctx, topology.Options{})
		if err != nil {
			return nil, gatewaysOutput{}, err
		}
		gateways := slices.DeleteFunc(snapshot.Gateways(), func(g topology.Gateway) bool {
			return in.Namespace != "" && g.Namespace != in.Namespace
		})
		out := gatewaysOutput{Unseen: snapshot.Unseen}
		out.Gateways, out.Omitted = fitting(gateways)
		return nil, out, nil
	})
}

// snapshot reads what leads into the cluster, a few times at once at most: it may
// be much.
func (c *call) snapshot(ctx context.Context, o topology.Options) (*topology.Snapshot, error) {
	live, err := c.cluster()
	if err != nil {
		return nil, err
	}
	release, err := c.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	snapshot, err := live.Snapshot(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("cannot read the cluster: %w", err)
	}
	return snapshot, nil
}
