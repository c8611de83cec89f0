package mcpserver_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

func tools(t *testing.T, o mcpserver.Options) []*mcp.Tool {
	t.Helper()
	result, err := client(t, o, nil).ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return result.Tools
}

// What clients see of the tools is a contract: a change of it is read.
func TestToolList(t *testing.T) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tools(t, mcpserver.Options{AllowWrites: true})); err != nil {
		t.Fatal(err)
	}
	golden(t, "tools.json", b.Bytes())
}

func TestToolsAreDescribed(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, tool := range tools(t, mcpserver.Options{AllowWrites: true}) {
		if !snake.MatchString(tool.Name) {
			t.Errorf("%s: want a name in snake_case", tool.Name)
		}
		if tool.Title == "" || len(tool.Description) < 80 {
			t.Errorf("%s: want a title, and a description that says when to use it and what it returns", tool.Name)
		}
		a := tool.Annotations
		if a == nil || a.Title == "" || a.DestructiveHint == nil || a.OpenWorldHint == nil {
			t.Errorf("%s: want all annotations, got %+v", tool.Name, a)
			continue
		}
		if a.ReadOnlyHint && *a.DestructiveHint {
			t.Errorf("%s: what only reads destroys nothing", tool.Name)
		}
		checkInput(t, tool)
		if schema, ok := tool.OutputSchema.(map[string]any); !ok || schema["type"] != "object" {
			t.Errorf("%s: want the schema of an object as output, got %v", tool.Name, tool.OutputSchema)
		}
	}
}

// checkInput holds what clients cope with: an object, one type for each field.
func checkInput(t *testing.T, tool *mcp.Tool) {
	t.Helper()
	schema, ok := tool.InputSchema.(map[string]any)
	if !ok || schema["type"] != "object" {
		t.Fatalf("%s: want the schema of an object as input, got %v", tool.Name, tool.InputSchema)
	}
	for _, word := range []string{"anyOf", "oneOf", "allOf", "$ref"} {
		if schema[word] != nil {
			t.Errorf("%s: clients refuse %s at the top of an input", tool.Name, word)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, raw := range properties {
		property, _ := raw.(map[string]any)
		description, _ := property["description"].(string)
		if len(description) < 10 {
			t.Errorf("%s: want a description of %q", tool.Name, name)
		}
		kind, _ := property["type"].(string)
		if kind == "" {
			t.Errorf("%s: want one type for %q, got %v", tool.Name, name, property["type"])
		}
		if kind == "string" && property["maxLength"] == nil && property["enum"] == nil && !strings.Contains(description, "At most ") {
			t.Errorf("%s: want %q to be bounded", tool.Name, name)
		}
	}
}

func TestOnlyReadOnlyToolsWithoutWrites(t *testing.T) {
	names := func(o mcpserver.Options) (out []string) {
		for _, tool := range tools(t, o) {
			if !o.AllowWrites && !tool.Annotations.ReadOnlyHint {
				t.Errorf("%s: writes, although writes are not allowed", tool.Name)
			}
			out = append(out, tool.Name)
		}
		return out
	}
	var all, readOnly []string
	for _, tool := range mcpserver.All() {
		all = append(all, tool.Name)
		if tool.ReadOnly {
			readOnly = append(readOnly, tool.Name)
		}
	}
	if !slices.IsSorted(all) {
		t.Errorf("want the list in the order of names, got %v", all)
	}
	if diff := cmp.Diff(all, names(mcpserver.Options{AllowWrites: true})); diff != "" {
		t.Errorf("with writes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(readOnly, names(mcpserver.Options{})); diff != "" {
		t.Errorf("without writes (-want +got):\n%s", diff)
	}
	result, err := client(t, mcpserver.Options{Cluster: newFake(t)}, nil).CallTool(t.Context(), &mcp.CallToolParams{Name: "set_app"})
	if err == nil {
		t.Errorf("want a tool that is not listed not to be there either, got %v", textOf(result))
	}
}

func TestServerSaysWhatItIs(t *testing.T) {
	session := client(t, mcpserver.Options{Version: "1.2.3"}, nil)
	is := session.InitializeResult()
	if is.ServerInfo == nil || is.ServerInfo.Name != mcpserver.Name || is.ServerInfo.Version != "1.2.3" || is.ServerInfo.Title == "" {
		t.Errorf("want name, title and version, got %+v", is.ServerInfo)
	}
	for _, tool := range tools(t, mcpserver.Options{}) {
		if !strings.Contains(is.Instructions, tool.Name) {
			t.Errorf("want the instructions to name %s", tool.Name)
		}
	}
}
