package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/docs"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

const (
	referenceURI = "gatehouse://reference/"
	appURI       = "gatehouse://catalog/"

	markdown  = "text/markdown"
	plain     = "text/plain"
	jsonMedia = "application/json"
)

// reference is a text that clients can read. Its URI never changes.
type reference struct {
	name, title, description string
	mimeType, text           string
}

// references are made once: they are the same as long as the server runs.
func references(all *catalog.Catalog) ([]reference, error) {
	controllers, err := catalog.LoadControllers()
	if err != nil {
		return nil, err
	}
	var table bytes.Buffer
	if err := render.Catalog(&table, all); err != nil {
		return nil, err
	}
	catalogJSON, errCatalog := indented(all)
	controllersJSON, errControllers := indented(controllers)
	for _, err := range []error{errCatalog, errControllers} {
		if err != nil {
			return nil, err
		}
	}
	return []reference{
		{"cluster-api", "The Cluster API", "Every field of a Cluster: type, default, constraints, meaning. Read it before writing a Cluster.", markdown, docs.API},
		{"catalog", "The catalog", "What Gatehouse installs: app, chart, version, namespace, source.", plain, table.String()},
		{"catalog.json", "The catalog, as JSON", "What Gatehouse installs, for programs.", jsonMedia, catalogJSON},
		{"controllers", "Gateway and ingress controllers", "What limits a stream on each controller, and what the mcp-server chart guarantees there.", markdown, controllerTables(controllers)},
		{"controllers.json", "Gateway and ingress controllers, as JSON", "The whole table of controllers with its sources, for programs.", jsonMedia, controllersJSON},
	}, nil
}

func indented(v any) (string, error) {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return "", fmt.Errorf("cannot write a reference: %w", err)
	}
	return string(raw), nil
}

func controllerTables(c *catalog.Controllers) string {
	var b strings.Builder
	b.WriteString("# Controllers: how long a stream may last\n\n" +
		"Total is how long a response may last, busy or not; idle is how long it may be silent; both when nothing sets a timeout. " +
		"A server that sends a comment every 15 seconds is never idle.\n\n## Gateway API\n\n" + tableHead)
	for _, row := range c.Gateway {
		writeController(&b, row.ControllerFacts)
	}
	b.WriteString("\n## Ingress\n\n" + tableHead)
	for _, row := range c.Ingress {
		writeController(&b, row.ControllerFacts)
	}
	return b.String()
}

const tableHead = "| name | controller | total | idle | what the chart mcp-server guarantees | what nobody can promise |\n|---|---|---|---|---|---|\n"

func writeController(b *strings.Builder, f catalog.ControllerFacts) {
	fmt.Fprintf(b, "| `%s` | %s %s | %s | %s | %s | %s |\n", f.Name, f.Title, f.Versions, f.Clocks.Total, f.Clocks.Idle, f.Guaranteed, f.Cannot)
}

// addResources makes everything that clients can read.
func addResources(server *mcp.Server, all *catalog.Catalog) error {
	list, err := references(all)
	if err != nil {
		return err
	}
	for _, r := range list {
		uri := referenceURI + r.name
		contents := []*mcp.ResourceContents{{URI: uri, MIMEType: r.mimeType, Text: r.text}}
		server.AddResource(&mcp.Resource{
			URI:         uri,
			Name:        r.name,
			Title:       r.title,
			Description: r.description,
			MIMEType:    r.mimeType,
			Size:        int64(len(r.text)),
		}, func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			return &mcp.ReadResourceResult{Contents: contents}, nil
		})
	}
	server.AddResourceTemplate(&mcp.ResourceTemplate{
		URITemplate: appURI + "{app}",
		Name:        "app",
		Title:       "An app of the catalog",
		Description: "What one app installs: charts and images with versions and namespaces.",
		MIMEType:    jsonMedia,
	}, func(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return readApp(all, req.Params.URI)
	})
	return nil
}

func readApp(all *catalog.Catalog, uri string) (*mcp.ReadResourceResult, error) {
	name := strings.TrimPrefix(uri, appURI)
	apps := slices.DeleteFunc(appsOf(all), func(a app) bool { return a.App != name })
	if name == "" || len(apps) == 0 {
		return nil, mcp.ResourceNotFoundError(uri) //nolint:wrapcheck // the protocol says what this error is
	}
	text, err := indented(apps)
	if err != nil {
		return nil, err
	}
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: uri, MIMEType: jsonMedia, Text: text}}}, nil
}

// complete offers the names of apps, where a client types one.
func complete(all *catalog.Catalog) func(context.Context, *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
	return func(_ context.Context, req *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
		values := []string{}
		if ref := req.Params.Ref; ref != nil && ref.URI == appURI+"{app}" && req.Params.Argument.Name == "app" {
			for _, name := range appNames(all) {
				if strings.HasPrefix(strings.ToLower(name), strings.ToLower(req.Params.Argument.Value)) {
					values = append(values, name)
				}
			}
		}
		return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: values, Total: len(values)}}, nil
	}
}
