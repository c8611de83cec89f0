package edge_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

// FuzzEdge sends anything: the server neither panics nor says that it failed, and nobody
// reaches a tool without the token.
func FuzzEdge(f *testing.F) {
	o := edge.Defaults()
	o.TokenFile = writeTokens(f, token)
	o.AllowedOrigins = []string{"https://app.example.com"}
	o.RateLimit, o.RateBurst = 1e9, 1e9
	o.MaxBodyBytes = 1 << 16
	o.Log = slog.New(slog.DiscardHandler)
	s := &tools{}
	h, err := edge.NewHandler(context.Background(), s.server(), o)
	if err != nil {
		f.Fatal(err)
	}
	for _, revision := range []string{newest, "2025-06-18", oldest, ""} {
		for _, authorization := range []string{"Bearer " + token, "Bearer x", ""} {
			f.Add("POST", "/mcp", authorization, "Mcp-Protocol-Version: "+revision+"\nMcp-Method: tools/call\nMcp-Name: echo", callBody(revision, "echo", map[string]any{"a": 1}))
		}
	}
	f.Add("POST", "/mcp", "Bearer "+token, "Mcp-Protocol-Version: 2025-03-26", []byte(`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"}]`))
	f.Add("POST", "/mcp", "bearer "+token, "Mcp-Protocol-Version: 2025-06-18\nLast-Event-ID: 1_2", []byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`))
	f.Add("OPTIONS", "/mcp", "", "Origin: https://app.example.com\nAccess-Control-Request-Method: POST", []byte(nil))
	f.Add("GET", "/.well-known/oauth-protected-resource", "", "Host: evil.example.com", []byte(nil))
	f.Add("GET", "/readyz", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, authorization, headers string, body []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1:3456/", bytes.NewReader(body))
		if err != nil {
			return // net/http does not let such a method in either
		}
		r.URL.Path = path
		r.RemoteAddr = "192.0.2.1:1234"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		for line := range strings.SplitSeq(headers, "\n") {
			if name, value, found := strings.Cut(line, ":"); found {
				r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
		r.Header.Set("Authorization", authorization)
		scheme, given, _ := strings.Cut(strings.Join(strings.Fields(authorization), " "), " ")
		fine := strings.EqualFold(scheme, "bearer") && given == token

		before := s.called.Load()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError {
			t.Errorf("want no failure of the server, got %s", w.Body)
		}
		if !fine && s.called.Load() != before {
			t.Error("a tool was called without the token")
		}
		if !fine && path == edge.Path && w.Code < 400 && method != http.MethodOptions {
			t.Errorf("want to be refused without the token, got %d %s", w.Code, w.Body)
		}
	})
}
