package mcpserver

import (
	"context"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type routesInput struct {
	Namespace string `json:"namespace,omitempty" jsonschema:"Only routes of this namespace."`
	Hostname  string `json:"hostname,omitempty" jsonschema:"Only routes that answer to this hostname, wildcards considered. A route without hostnames answers to all of its listeners."`
	Gateway   string `json:"gateway,omitempty" jsonschema:"Only routes that name this Gateway, as name or namespace/name."`
}

type routesOutput struct {
	Routes  []topology.Route  `json:"routes" jsonschema:"Routes by namespace, kind and name."`
	Omitted int               `json:"omitted,omitempty" jsonschema:"How many more there are than one answer holds: narrow the question."`
	Unseen  []topology.Unseen `json:"unseen,omitempty" jsonschema:"Kinds that could not be read, so that something may be missing here."`
}

func listRoutes() Tool {
	return tool(definition{
		name:  "list_routes",
		title: "List routes",
		description: "Lists the HTTPRoutes and GRPCRoutes of the cluster: hostnames, Gateways with whether they accepted the route, " +
			"rules with matches, timeouts and backends with their ready endpoints, and what is wrong. " +
			"Use it to find which route serves a hostname, or why a route does not work.",
		effect: reads,
		tune: func(p map[string]*jsonschema.Schema) {
			objectName(p["namespace"], p["hostname"])
			p["gateway"].MaxLength = new(2*253 + 1)
		},
	}, func(ctx context.Context, c *call, in routesInput) (*mcp.CallToolResult, routesOutput, error) {
		snapshot, err := c.snapshot(ctx, topology.Options{})
		if err != nil {
			return nil, routesOutput{}, err
		}
		routes := slices.DeleteFunc(snapshot.Routes(), func(r topology.Route) bool { return !in.wants(r) })
		out := routesOutput{Unseen: snapshot.Unseen}
		out.Routes, out.Omitted = fitting(routes)
		return nil, out, nil
	})
}

func (in routesInput) wants(r topology.Route) bool {
	if in.Namespace != "" && r.Namespace != in.Namespace {
		return false
	}
	if in.Hostname != "" && !answersTo(r.Hostnames, in.Hostname) {
		return false
	}
	return in.Gateway == "" || slices.ContainsFunc(r.Parents, func(p topology.Parent) bool {
		return p.Gateway == in.Gateway || strings.HasSuffix(p.Gateway, "/"+in.Gateway)
	})
}

// answersTo says whether one of the hostnames of a route stands for a hostname.
// "*.example.com" stands for any number of labels in front of ".example.com".
// https://gateway-api.sigs.k8s.io/reference/spec/#hostname
func answersTo(hostnames []string, hostname string) bool {
	if len(hostnames) == 0 {
		return true
	}
	hostname = strings.ToLower(hostname)
	return slices.ContainsFunc(hostnames, func(pattern string) bool {
		suffix, wild := strings.CutPrefix(strings.ToLower(pattern), "*")
		if !wild || pattern == hostname {
			return strings.EqualFold(pattern, hostname)
		}
		return strings.HasSuffix(hostname, suffix) && len(hostname) > len(suffix)
	})
}
