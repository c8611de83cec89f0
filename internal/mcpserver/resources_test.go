package mcpserver_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

func readResource(t *testing.T, session *mcp.ClientSession, uri string) (*mcp.ResourceContents, *mcp.ReadResourceResult) {
	t.Helper()
	result, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
	if err != nil {
		t.Fatalf("%s: %v", uri, err)
	}
	if len(result.Contents) != 1 || result.Contents[0].URI != uri {
		t.Fatalf("%s: want one text of that name, got %+v", uri, result.Contents)
	}
	return result.Contents[0], result
}

func TestResources(t *testing.T) {
	session := client(t, mcpserver.Options{}, nil)
	cases := map[string]struct {
		reason string
		uri    string
		mime   string
		want   []string
	}{
		"API":             {"The reference that docs/api.md is.", "gatehouse://reference/cluster-api", "text/markdown", []string{"# Cluster: the API", "`nodeSize`"}},
		"Catalog":         {"As gatehouse apps prints it.", "gatehouse://reference/catalog", "text/plain", []string{"APP ", "envoyGateway "}},
		"CatalogJSON":     {"For programs.", "gatehouse://reference/catalog.json", "application/json", []string{`"gateway-helm"`}},
		"Controllers":     {"What limits a stream, for people.", "gatehouse://reference/controllers", "text/markdown", []string{"| `envoy-gateway` |", "| `ingress-nginx` |"}},
		"ControllersJSON": {"And for programs.", "gatehouse://reference/controllers.json", "application/json", []string{`"gatewayClassControllers"`, `"source"`}},
		"App":             {"One app, charts and images.", "gatehouse://catalog/keda", "application/json", []string{`"keda-add-ons-http"`}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			contents, result := readResource(t, session, tc.uri)
			if contents.MIMEType != tc.mime || result.TTLMs == 0 || result.CacheScope != "private" {
				t.Errorf("%s: want %s that clients may keep, got %s for %d ms %q", tc.reason, tc.mime, contents.MIMEType, result.TTLMs, result.CacheScope)
			}
			for _, want := range tc.want {
				if !strings.Contains(contents.Text, want) {
					t.Errorf("%s: want %q in:\n%s", tc.reason, want, contents.Text)
				}
			}
			if tc.mime == "application/json" && !json.Valid([]byte(contents.Text)) {
				t.Errorf("%s: want JSON", tc.reason)
			}
		})
	}
	listed, err := session.ListResources(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range listed.Resources {
		contents, _ := readResource(t, session, r.URI)
		if int(r.Size) != len(contents.Text) || r.Title == "" || r.Description == "" || r.MIMEType != contents.MIMEType {
			t.Errorf("%s: want what is listed to be what is read, got %+v", r.URI, r)
		}
	}
	for _, uri := range []string{"gatehouse://reference/nothing", "gatehouse://catalog/nothing", "file:///etc/passwd"} {
		_, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
		if failure := new(jsonrpc.Error); !errors.As(err, &failure) {
			t.Errorf("%s: want an error, got %v", uri, err)
		}
	}
}

// Every controller stands in the table that people read.
func TestControllersAreComplete(t *testing.T) {
	table, err := catalog.LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	contents, _ := readResource(t, client(t, mcpserver.Options{}, nil), "gatehouse://reference/controllers")
	gateway, ingress, _ := strings.Cut(contents.Text, "## Ingress")
	for _, row := range table.Gateway {
		if !strings.Contains(gateway, "| `"+row.Name+"` | "+row.Title) {
			t.Errorf("want a row for the gateway controller %s", row.Name)
		}
	}
	for _, row := range table.Ingress {
		if !strings.Contains(ingress, "| `"+row.Name+"` | "+row.Title) {
			t.Errorf("want a row for the ingress controller %s", row.Name)
		}
	}
	for line := range strings.Lines(contents.Text) {
		if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 7 {
			t.Errorf("want six columns, got %q", line)
		}
	}
}

func TestCompletion(t *testing.T) {
	session := client(t, mcpserver.Options{}, nil)
	complete := func(uri, argument, value string) []string {
		result, err := session.Complete(t.Context(), &mcp.CompleteParams{
			Ref:      &mcp.CompleteReference{Type: "ref/resource", URI: uri},
			Argument: mcp.CompleteParamsArgument{Name: argument, Value: value},
		})
		if err != nil {
			t.Fatal(err)
		}
		return result.Completion.Values
	}
	if diff := cmp.Diff([]string{"externalDNS", "externalSecrets"}, complete("gatehouse://catalog/{app}", "app", "EXT")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all := complete("gatehouse://catalog/{app}", "app", ""); !slices.Contains(all, "vllm") || !slices.IsSorted(all) {
		t.Errorf("want all apps in order, got %v", all)
	}
	if none := complete("gatehouse://other/{app}", "app", ""); len(none) != 0 {
		t.Errorf("want nothing to be made up, got %v", none)
	}
}
