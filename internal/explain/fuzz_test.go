package explain_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/explain"
)

// FuzzExplain asks anything about the shop: an answer is bounded in what it says and never
// tells a header's value, and everything else is refused as wrong input.
func FuzzExplain(f *testing.F) {
	f.Add("route/web", "shop.example.com", "/mcp?a=1&a=2", "GET", "X-Beta=yes")
	f.Add("ingress/old", "", "?", "", "=")
	f.Add("route/rest", "*.example.com", "//", "POST", "Authorization: Bearer x")
	f.Add("grpcroute/stock", "STOCK.example.com.", "\x00\n", "\xff", "a=b\rc")
	s, findings := looked(f, shop)
	f.Fuzz(func(t *testing.T, target, host, path, method, header string) {
		at, err := explain.ParseTarget(target, "")
		if err != nil {
			refusedAsInput(t, err)
			return
		}
		headers, err := explain.ParseHeaders([]string{header + "=PRIVATE"})
		if err != nil {
			refusedAsInput(t, err)
			return
		}
		e, err := explain.Explain(s, findings, at, explain.Options{Host: host, Path: path, Method: method, Headers: headers})
		if err != nil {
			refusedAsInput(t, err)
			return
		}
		var text, json bytes.Buffer
		if err := errors.Join(e.Text(&text), e.JSON(&json)); err != nil {
			t.Fatal(err)
		}
		if given := target + host + path + method + header; !strings.Contains(given, "PRIVATE") && strings.Contains(text.String()+json.String(), "PRIVATE") {
			t.Errorf("the value of header %q is told:\n%s", header, text.String())
		}
		if e.Outcome == "" || e.Summary == "" || e.Outcome == explain.Stops && e.Stop == nil {
			t.Errorf("want an outcome that says where it stops, got %+v", e)
		}
	})
}

func refusedAsInput(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, explain.ErrInput) {
		t.Errorf("want it to be refused as wrong input, got %v", err)
	}
}
