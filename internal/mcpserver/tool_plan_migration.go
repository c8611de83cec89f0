package mcpserver

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/migrate"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type migrationInput struct {
	Ingresses    string `json:"ingresses,omitempty" jsonschema:"YAML with Ingresses (networking.k8s.io/v1), and with what they need: Services with named ports, IngressClasses, Middlewares, BackendConfigs. Absent: the Ingresses of the cluster."` //nolint:lll // a tag cannot be broken into lines
	Namespace    string `json:"namespace,omitempty" jsonschema:"Without ingresses: only those of this namespace of the cluster."`
	Name         string `json:"name,omitempty" jsonschema:"Without ingresses: only the Ingress of this name."`
	Controller   string `json:"controller,omitempty" jsonschema:"Controller of the Gateway; auto for what the standard promises, without policies."`
	GatewayClass string `json:"gatewayClass,omitempty" jsonschema:"GatewayClass of the Gateways. Absent: the controller's usual one, or else the name of the Ingress's class."`
	Gateway      string `json:"gateway,omitempty" jsonschema:"Gateway that is there already, as namespace/name: the routes attach to it, and none is made."`
}

type migrationOutput struct {
	Manifests string         `json:"manifests" jsonschema:"YAML of Gateways, HTTPRoutes and policies, to apply after reading."`
	Report    migrate.Report `json:"report" jsonschema:"What became of every annotation and field."`
	Omitted   int            `json:"omitted,omitempty" jsonschema:"How many entries of the report are left out because one answer does not hold them; what is lost comes first for each source."`
}

func planMigration() Tool {
	return tool(definition{
		name:  "plan_migration",
		title: "Plan the move from Ingress to the Gateway API",
		description: "Turns Ingresses into a Gateway and HTTPRoutes that behave alike, with the policies of the Gateway's controller, " +
			"and reports of every annotation whether it is translated, not needed, or lost and what to do then. " +
			"Use it before anything is moved, and show what is lost to whoever decides. Changes nothing.",
		effect: reads,
		tune: func(p map[string]*jsonschema.Schema) {
			yamlText(p["ingresses"], mostObserved)
			objectName(p["namespace"], p["name"], p["gatewayClass"])
			p["gateway"].MaxLength = new(2*253 + 1)
			controllers, err := catalog.LoadControllers()
			if err != nil {
				panic(fmt.Sprintf("mcpserver: %v", err)) // a mistake in this repository: every test finds it
			}
			oneOf(p["controller"], migrate.Controllers(controllers)...)
		},
	}, func(ctx context.Context, c *call, in migrationInput) (*mcp.CallToolResult, migrationOutput, error) {
		options := migrate.Options{Controller: in.Controller, GatewayClass: in.GatewayClass}
		if in.Gateway != "" {
			gateway, err := migrate.ParseName(in.Gateway)
			if err != nil {
				return nil, migrationOutput{}, err
			}
			options.Gateway = &gateway
		}
		source, err := in.source(ctx, c)
		if err != nil {
			return nil, migrationOutput{}, err
		}
		release, err := c.slot(ctx)
		if err != nil {
			return nil, migrationOutput{}, err
		}
		defer release()
		result, err := migrate.Run(source, options)
		if err != nil {
			return nil, migrationOutput{}, err
		}
		return migrationAnswer(result)
	})
}

// source is what is migrated: of the text, or of the cluster.
func (in migrationInput) source(ctx context.Context, c *call) (migrate.Input, error) {
	if in.Ingresses != "" {
		documents, err := observedText("ingresses", in.Ingresses).documents()
		if err != nil {
			return migrate.Input{}, err
		}
		var objects []map[string]any
		for _, d := range documents {
			objects = append(objects, d.Object)
		}
		return migrate.Read(objects)
	}
	snapshot, err := c.snapshot(ctx, topology.Options{})
	if err != nil {
		return migrate.Input{}, err
	}
	out := migrate.Input{
		Services: snapshot.Objects.Services.All(), Classes: snapshot.Objects.IngressClasses.All(), Others: snapshot.Objects.Other("BackendConfig"),
	}
	for _, i := range snapshot.Objects.Ingresses.All() {
		if (in.Namespace == "" || i.Namespace == in.Namespace) && (in.Name == "" || i.Name == in.Name) {
			out.Ingresses = append(out.Ingresses, i)
		}
	}
	return out, nil
}

func migrationAnswer(result *migrate.Result) (*mcp.CallToolResult, migrationOutput, error) {
	var manifests bounded
	if err := result.YAML(&manifests); err != nil {
		return nil, migrationOutput{}, fmt.Errorf("cannot show the manifests: they have more than %d bytes; name one namespace or one Ingress", mostOutput)
	}
	out := migrationOutput{Manifests: manifests.String(), Report: result.Report}
	out.Report.Entries, out.Omitted = fitting(result.Report.Entries)
	var text strings.Builder
	if err := result.Report.Text(&text); err != nil {
		return nil, migrationOutput{}, err
	}
	return plainText(text.String() + "\n" + manifests.String()), out, nil
}
