package edge_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/edge"
)

func TestValidate(t *testing.T) {
	reviewer := edge.ReviewerFunc(func(context.Context, string) (string, bool, error) { return "", false, nil })
	cases := map[string]struct {
		reason string
		change func(o *edge.Options)
		// want are the flags that are named, in order.
		want []string
	}{
		"Defaults":             {"On loopback everybody of this machine may come", func(*edge.Options) {}, nil},
		"Everywhere":           {"Nobody opens a server by accident", func(o *edge.Options) { o.Listen = "0.0.0.0:3456" }, []string{"--listen"}},
		"EveryInterface":       {"An empty host means the same", func(o *edge.Options) { o.Listen = ":3456" }, []string{"--listen"}},
		"Name":                 {"A name may lead anywhere", func(o *edge.Options) { o.Listen = "mcp.example.com:3456" }, []string{"--listen"}},
		"Localhost":            {"But localhost", func(o *edge.Options) { o.Listen = "localhost:3456" }, nil},
		"IPv6":                 {"Loopback has two families", func(o *edge.Options) { o.Listen = "[::1]:3456" }, nil},
		"EverywhereWithToken":  {"A token will do", func(o *edge.Options) { o.Listen, o.TokenFile = ":3456", "f" }, nil},
		"EverywhereKubernetes": {"So will the cluster", func(o *edge.Options) { o.Listen, o.Kubernetes = ":3456", reviewer }, nil},
		"EverywhereOpen":       {"Or the operator's word", func(o *edge.Options) { o.Listen, o.AllowUnauthenticated = ":3456", true }, nil},
		"OpenWithToken":        {"Both together contradict each other", func(o *edge.Options) { o.TokenFile, o.AllowUnauthenticated = "f", true }, []string{"--allow-unauthenticated"}},
		"NoPort":               {"A port is needed", func(o *edge.Options) { o.Listen, o.MetricsListen = "127.0.0.1", "x" }, []string{"--listen", "--metrics-listen"}},
		"MetricsEverywhere":    {"Metrics tell who calls what", func(o *edge.Options) { o.MetricsListen = ":9464" }, []string{"--metrics-listen"}},
		"MetricsWithToken":     {"A token will do", func(o *edge.Options) { o.MetricsListen, o.MetricsTokenFile = ":9464", "f" }, nil},
		"MetricsOpen":          {"Or the operator's word", func(o *edge.Options) { o.MetricsListen, o.AllowUnauthenticatedMetrics = ":9464", true }, nil},
		"NoMetrics":            {"Metrics can be left out", func(o *edge.Options) { o.MetricsListen = "" }, nil},
		"Names": {"Each bad name is told", func(o *edge.Options) {
			o.ExternalURL, o.AllowedOrigins, o.AllowedHosts = "mcp.example.com", []string{"*", "https://a.example.com/x"}, []string{"https://a", ""}
		}, []string{"--external-url", "--allowed-origins", "--allowed-origins", "--allowed-hosts", "--allowed-hosts"}},
		"OAuth":      {"Issuer and external URL", func(o *edge.Options) { o.OAuth.Issuer, o.ExternalURL = "https://issuer.example.com", external }, nil},
		"OAuthAlone": {"Without a URL there is no metadata", func(o *edge.Options) { o.OAuth.Issuer = "https://issuer.example.com" }, []string{"--external-url"}},
		"OAuthPlain": {"Keys have to come from who is meant", func(o *edge.Options) {
			o.OAuth.Issuer, o.OAuth.JWKSURL, o.ExternalURL = "http://issuer.example.com", "http://x", external
		}, []string{"--oauth-issuer", "--oauth-jwks-url"}},
		"OAuthNoIssuer":   {"Scopes alone let nobody in", func(o *edge.Options) { o.OAuth.Scopes = []string{"a"} }, []string{"--oauth-issuer"}},
		"OAuthOnLoopback": {"For development", func(o *edge.Options) { o.OAuth.Issuer, o.ExternalURL = "http://127.0.0.1:8080", external }, nil},
		"OAuthNoURLAtAll": {"A name is no URL", func(o *edge.Options) { o.OAuth.Issuer, o.ExternalURL = "issuer", external }, []string{"--oauth-issuer"}},
		"EverythingIsZero": {"All at once", func(o *edge.Options) { *o = edge.Options{Listen: "127.0.0.1:1", DrainDelay: -1} }, []string{
			"--rate-limit", "--rate-burst", "--max-streams", "--max-streams-per-caller", "--max-body-bytes", "--keepalive", "--grace", "--drain-delay",
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o := edge.Defaults()
			tc.change(&o)
			var got []string
			if err := o.Validate(); err != nil {
				for line := range strings.Lines(err.Error()) {
					flag, _, _ := strings.Cut(line, ":")
					got = append(got, flag)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	cases := map[string]struct {
		change func(o *edge.Options)
		want   string
	}{
		"Options":       {func(o *edge.Options) { o.Listen = ":0" }, "--listen"},
		"NoSuchAddress": {func(o *edge.Options) { o.Listen, o.AllowUnauthenticated = "256.0.0.1:1", true }, `cannot listen on "256.0.0.1:1"`},
		"NoSuchMetrics": {func(o *edge.Options) { o.MetricsListen, o.AllowUnauthenticatedMetrics = "256.0.0.1:2", true }, `cannot listen on "256.0.0.1:2"`},
		"MetricsToken":  {func(o *edge.Options) { o.MetricsTokenFile = "nope" }, "cannot read the tokens"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o := edge.Defaults()
			o.Listen, o.MetricsListen = "127.0.0.1:0", "127.0.0.1:0"
			tc.change(&o)
			s := &tools{}
			if err := edge.Run(t.Context(), s.server(), o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("want %q, got %v", tc.want, err)
			}
		})
	}
}
