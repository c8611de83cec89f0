package mcpserver

import (
	"context"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/explain"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type explainInput struct {
	Namespace string            `json:"namespace,omitempty" jsonschema:"Namespace of the route or Ingress. Absent: wherever it is, if there is one of that name."`
	Name      string            `json:"name" jsonschema:"Name of the route or Ingress that the request is meant for."`
	Kind      string            `json:"kind,omitempty" jsonschema:"Kind of it; Route is an HTTPRoute or a GRPCRoute."`
	Host      string            `json:"host,omitempty" jsonschema:"Host of the request. Absent: the first one of the route."`
	Path      string            `json:"path,omitempty" jsonschema:"Path of the request, with its query. Absent: that of the first match."`
	Method    string            `json:"method,omitempty" jsonschema:"Method of the request. Absent: that of the first match, or else GET."`
	Headers   map[string]string `json:"headers,omitempty" jsonschema:"Headers of the request, by name. Their values are not repeated in the answer."`
	Gateway   string            `json:"gateway,omitempty" jsonschema:"Gateway to which the request comes, of those that the route names, as name or namespace/name. Absent: the first one."`
	Port      int32             `json:"port,omitempty" jsonschema:"Port to which the request comes. Absent: one with TLS, if there is one."`
}

func explainRoute() Tool {
	return tool(definition{
		name:  "explain_route",
		title: "Explain the way of a request",
		description: "Follows one request through the cluster, hop by hop: Gateway, listener (and why not the others), route and rule (which of several wins, and why), filters, " +
			"the clocks that would cut a stream and after how long, backends with their weights, Services and ready endpoints; and says where it stops, with the finding of diagnose and its fix. " +
			"Use it when a request to a known route, host or path does not do what it should. What of the request is absent is taken from the route. It changes nothing, and reads no Secrets.",
		effect: reads,
		tune: func(p map[string]*jsonschema.Schema) {
			requiredName(p["name"])
			objectName(p["namespace"], p["host"])
			oneOf(p["kind"], "Route", "HTTPRoute", "GRPCRoute", "Ingress")
			p["path"].MaxLength, p["method"].MaxLength, p["gateway"].MaxLength = new(2048), new(32), new(2*253+1)
			p["headers"].MaxProperties = new(64)
			p["headers"].AdditionalProperties.MaxLength = new(4096)
			p["port"].Minimum, p["port"].Maximum = new(0.0), new(65535.0)
		},
	}, func(ctx context.Context, c *call, in explainInput) (*mcp.CallToolResult, *explain.Explanation, error) {
		target, err := explain.ParseTarget(strings.ToLower(in.kind())+"/"+in.Name, in.Namespace)
		if err != nil {
			return nil, nil, err
		}
		headers, err := explain.CheckHeaders(in.Headers)
		if err != nil {
			return nil, nil, err
		}
		snapshot, err := c.snapshot(ctx, topology.Options{Deep: true})
		if err != nil {
			return nil, nil, err
		}
		running, _ := c.live.Version(ctx) // without it the checks that need it are silent
		findings, err := diagnose.Diagnose(snapshot, diagnose.Options{Now: metav1.Now(), Kubernetes: running})
		if err != nil {
			return nil, nil, err
		}
		out, err := explain.Explain(snapshot, findings, target, explain.Options{
			Host: in.Host, Path: in.Path, Method: in.Method, Headers: headers, Gateway: in.Gateway, Port: in.Port,
		})
		if err != nil {
			return nil, nil, err
		}
		var text strings.Builder
		if err := out.Text(&text); err != nil {
			return nil, nil, err
		}
		return plainText(text.String()), out, nil
	})
}

func (in explainInput) kind() string {
	if in.Kind == "" {
		return "Route"
	}
	return in.Kind
}
