package mcpserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

const newest = "2026-07-28"

// post makes a request of a revision, the way its specification says, without the
// SDK: params and meta are the fields of those objects.
func post(url, revision, method, params, meta string) *http.Request {
	if revision >= "2026-07-28" {
		const prefix = "io.modelcontextprotocol/"
		meta += fmt.Sprintf(`,"%sprotocolVersion":%q,"%sclientInfo":{"name":"raw","version":"1"},"%sclientCapabilities":{}`, prefix, revision, prefix, prefix)
		meta = strings.TrimPrefix(meta, ",")
	}
	fields := strings.TrimPrefix(params+`,"_meta":{`+meta+`}`, ",")
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, method, fields)
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		panic(err) // the URL is that of a test server
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if method != "initialize" && revision >= "2025-06-18" {
		req.Header.Set("Mcp-Protocol-Version", revision)
	}
	if revision >= "2026-07-28" {
		req.Header.Set("Mcp-Method", method)
		var p map[string]any
		_ = json.Unmarshal([]byte("{"+fields+"}"), &p)
		for _, name := range []string{"name", "uri"} {
			if value, ok := p[name].(string); ok {
				req.Header.Set("Mcp-Name", value)
			}
		}
	}
	return req
}

// answer sends a request and returns the status and the JSON-RPC message, whether it
// came as JSON or as the only event of a stream.
func answer(t *testing.T, req *http.Request) (status int, message map[string]any, text string) {
	t.Helper()
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rsp.Body.Close() }()
	raw, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	data := raw
	for line := range bytes.Lines(raw) {
		if found, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = found
		}
	}
	_ = json.Unmarshal(data, &message)
	return rsp.StatusCode, message, string(raw)
}

func result(t *testing.T, message map[string]any, text string) map[string]any {
	t.Helper()
	out, ok := message["result"].(map[string]any)
	if !ok {
		t.Fatalf("want a result, got %s", text)
	}
	return out
}

func TestRevisions(t *testing.T) {
	url := serve(t, mcpserver.Options{Version: "1.2.3"}).URL
	for _, revision := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", newest} {
		t.Run(revision, func(t *testing.T) {
			greet(t, url, revision)

			status, message, text := answer(t, post(url, revision, "tools/list", "", ""))
			tools, _ := result(t, message, text)["tools"].([]any)
			if status != http.StatusOK || len(tools) != len(mcpserver.All())-1 {
				t.Errorf("tools/list: want all tools that only read, got %d: %s", status, text)
			}

			call := fmt.Sprintf(`"name":"validate_cluster","arguments":{"cluster":%q}`, aCluster(twoApps))
			status, message, text = answer(t, post(url, revision, "tools/call", call, ""))
			out, _ := result(t, message, text)["structuredContent"].(map[string]any)
			if status != http.StatusOK || out["valid"] != true {
				t.Errorf("tools/call: want a valid Cluster, got %d: %s", status, text)
			}

			status, message, text = answer(t, post(url, revision, "resources/read", `"uri":"gatehouse://reference/cluster-api"`, ""))
			contents, _ := result(t, message, text)["contents"].([]any)
			if status != http.StatusOK || len(contents) != 1 || !strings.Contains(contents[0].(map[string]any)["text"].(string), "# Cluster: the API") {
				t.Errorf("resources/read: want the reference, got %d: %.200s", status, text)
			}

			_, message, text = answer(t, post(url, revision, "tools/call", `"name":"no_such_tool","arguments":{}`, ""))
			if message["error"] == nil {
				t.Errorf("tools/call: want an error for an unknown tool, got %s", text)
			}
			for _, method := range []string{http.MethodGet, http.MethodDelete} {
				req := post(url, revision, "tools/list", "", "")
				req.Method, req.Body, req.ContentLength = method, nil, 0
				if status, _, text := answer(t, req); status != http.StatusMethodNotAllowed {
					t.Errorf("%s: want 405, there are no sessions, got %d: %s", method, status, text)
				}
			}
		})
	}
}

// greet does what a client of the revision does first.
func greet(t *testing.T, url, revision string) {
	t.Helper()
	if revision == newest {
		status, message, text := answer(t, post(url, revision, "server/discover", "", ""))
		out := result(t, message, text)
		versions, _ := out["supportedVersions"].([]any)
		if status != http.StatusOK || len(versions) != 5 || !strings.Contains(out["instructions"].(string), "validate_cluster") {
			t.Errorf("server/discover: want five revisions and instructions, got %d: %s", status, text)
		}
		return
	}
	status, message, text := answer(t, post(url, revision, "initialize", fmt.Sprintf(`"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"raw","version":"1"}`, revision), ""))
	out := result(t, message, text)
	info, _ := out["serverInfo"].(map[string]any)
	if status != http.StatusOK || out["protocolVersion"] != revision || info["version"] != "1.2.3" {
		t.Errorf("initialize: want revision %s of server 1.2.3, got %d: %s", revision, status, text)
	}
	req := post(url, revision, "notifications/initialized", "", "")
	req.Body = io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","method":"notifications/initialized"}`))
	req.ContentLength = -1
	if status, _, text := answer(t, req); status != http.StatusAccepted {
		t.Errorf("initialized: want 202, got %d: %s", status, text)
	}
}

func TestNewestRevisionRefuses(t *testing.T) {
	url := serve(t, mcpserver.Options{}).URL
	call := fmt.Sprintf(`"name":"validate_cluster","arguments":{"cluster":%q}`, aCluster(twoApps))
	cases := map[string]struct {
		reason string
		change func(*http.Request)
		status int
		code   float64
	}{
		"OtherMethod":      {"A gateway routes by the header, so it must be true.", func(r *http.Request) { r.Header.Set("Mcp-Method", "tools/list") }, http.StatusBadRequest, -32020},
		"OtherName":        {"The same for the name.", func(r *http.Request) { r.Header.Set("Mcp-Name", "list_apps") }, http.StatusBadRequest, -32020},
		"NoMethod":         {"The header is required.", func(r *http.Request) { r.Header.Del("Mcp-Method") }, http.StatusBadRequest, -32020},
		"NoName":           {"This one too.", func(r *http.Request) { r.Header.Del("Mcp-Name") }, http.StatusBadRequest, -32020},
		"OtherRevision":    {"The header must be that of the body.", func(r *http.Request) { r.Header.Set("Mcp-Protocol-Version", "2025-11-25") }, http.StatusBadRequest, -32020},
		"FutureRevision":   {"What is not known yet is refused with what is.", future, http.StatusBadRequest, -32022},
		"NoJSON":           {"Only JSON.", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, http.StatusUnsupportedMediaType, 0},
		"NoStreamAccepted": {"The answer may be a stream.", func(r *http.Request) { r.Header.Set("Accept", "application/json") }, http.StatusBadRequest, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			req := post(url, newest, "tools/call", call, "")
			tc.change(req)
			status, message, text := answer(t, req)
			failure, _ := message["error"].(map[string]any)
			if tc.code != 0 && failure["code"] != tc.code {
				t.Errorf("%s: want code %v, got %s", tc.reason, tc.code, text)
			}
			if status != tc.status {
				t.Errorf("%s: want %d, got %d: %s", tc.reason, tc.status, status, text)
			}
		})
	}
}

// future turns a request into one of a revision that nobody knows.
func future(r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err) // a string
	}
	body := strings.ReplaceAll(string(raw), newest, "2099-01-01")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.Header.Set("Mcp-Protocol-Version", "2099-01-01")
}
