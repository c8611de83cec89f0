package edge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

func TestOrigin(t *testing.T) {
	s := start(t, func(o *edge.Options) {
		o.AllowedOrigins = []string{"https://app.example.com", "http://Localhost:6274/"}
		o.ExternalURL = external
	})
	cases := map[string]struct {
		reason  string
		host    string
		origins []string
		want    int
	}{
		"None":          {"Most clients are no browsers", "", nil, 200},
		"Own":           {"A page of the server itself", "mcp.example.com", []string{"https://mcp.example.com"}, 200},
		"OwnLoopback":   {"Also on loopback", "127.0.0.1:3456", []string{"http://127.0.0.1:3456"}, 200},
		"OtherPort":     {"Another port is another origin", "127.0.0.1:3456", []string{"http://127.0.0.1:8080"}, 403},
		"Allowed":       {"As the operator says", "", []string{"https://app.example.com"}, 200},
		"AllowedCase":   {"Names have no case", "", []string{"http://LOCALHOST:6274"}, 200},
		"External":      {"A page of the server, seen through a gateway that changes the Host", "", []string{external}, 200},
		"Stranger":      {"Any other page", "", []string{"https://evil.example.com"}, 403},
		"Suffix":        {"A name that ends alike is another name", "", []string{"https://evil-app.example.com"}, 403},
		"OtherScheme":   {"http is not https", "", []string{"http://app.example.com"}, 403},
		"Null":          {"Pages without an origin, as from a file", "", []string{"null"}, 403},
		"Garbage":       {"What is no origin", "", []string{"%%%"}, 403},
		"Empty":         {"Nor is nothing", "", []string{""}, 403},
		"TwoOfThem":     {"Nobody honest sends two", "", []string{"https://app.example.com", "https://evil.example.com"}, 403},
		"WithPath":      {"An origin has no path", "", []string{"https://app.example.com/x"}, 403},
		"AttackByUser":  {"What stands before @ is no host", "mcp.example.com", []string{"https://mcp.example.com@evil.example.com"}, 403},
		"RebindingName": {"A page whose name was made to mean this machine", "evil.example.com", []string{"http://evil.example.com"}, 421},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRequest(s.Listen, newest, "echo", map[string]any{})
			if tc.host != "" {
				r.Host = tc.host
			}
			r.Header["Origin"] = tc.origins
			before := s.called.Load()
			rsp, body := do(t, r)
			if rsp.StatusCode != tc.want {
				t.Errorf("%s: want %d, got %d %s", tc.reason, tc.want, rsp.StatusCode, body)
			}
			if called := s.called.Load() != before; called != (tc.want == 200) {
				t.Errorf("called: %v", called)
			}
		})
	}
}

// A browser asks first whether a page may call; it is told without a token.
func TestPreflight(t *testing.T) {
	s := start(t, func(o *edge.Options) {
		o.AllowedOrigins = []string{"https://app.example.com"}
		o.TokenFile = writeTokens(t, token)
	})
	ask := func(origin string) answer {
		r, _ := http.NewRequest(http.MethodOptions, "http://"+s.Listen+edge.Path, nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "authorization,mcp-protocol-version")
		rsp, _ := do(t, r)
		return rsp
	}
	rsp := ask("https://app.example.com")
	if rsp.StatusCode != http.StatusNoContent || rsp.Header.Get("Access-Control-Allow-Origin") != "https://app.example.com" ||
		rsp.Header.Get("Access-Control-Allow-Headers") != "authorization,mcp-protocol-version" {
		t.Errorf("want the page to be allowed, got %d %v", rsp.StatusCode, rsp.Header)
	}
	rsp = ask("https://evil.example.com")
	if rsp.StatusCode != http.StatusForbidden || rsp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("want the page to be refused, got %d %v", rsp.StatusCode, rsp.Header)
	}
}

func TestHost(t *testing.T) {
	none := func(*edge.Options) {}
	named := func(o *edge.Options) {
		o.ExternalURL = "https://mcp.example.com:8443"
		o.AllowedHosts = []string{"mcp.team-a.svc", "Proxy:9000"}
	}
	cases := map[string]struct {
		reason string
		change func(o *edge.Options)
		host   string
		want   int
	}{
		"Loopback":          {"By its address", none, "127.0.0.1:3456", 200},
		"Localhost":         {"By its name", none, "localhost", 200},
		"IPv6":              {"By its other address", none, "[::1]:3456", 200},
		"Rebinding":         {"A foreign name that leads to loopback", none, "evil.example.com", 421},
		"LooksLikeLoopback": {"A name is not an address", none, "127.0.0.1.example.com", 421},
		"External":          {"The host of the external URL", named, "mcp.example.com:8443", 200},
		"ExternalOtherPort": {"With its port", named, "mcp.example.com", 421},
		"Allowed":           {"A name of the operator, with any port", named, "mcp.team-a.svc:3456", 200},
		"AllowedWithPort":   {"Or with one port", named, "proxy:9000", 200},
		"AllowedOtherPort":  {"And no other", named, "proxy:9001", 421},
		"StillLoopback":     {"kubectl port-forward comes from loopback", named, "localhost:3456", 200},
		"Stranger":          {"Any other name", named, "evil.example.com", 421},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := start(t, tc.change)
			r := newRequest(s.Listen, newest, "echo", map[string]any{})
			r.Host = tc.host
			rsp, body := do(t, r)
			if rsp.StatusCode != tc.want {
				t.Errorf("%s: want %d, got %d %s", tc.reason, tc.want, rsp.StatusCode, body)
			}
			if tc.want == 421 && !strings.Contains(body, "--allowed-hosts") {
				t.Errorf("want the flag to be named, got %s", body)
			}
		})
	}
}
