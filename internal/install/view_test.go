package install

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestView(t *testing.T) {
	v := NewView("Cluster platform/door on https://127.0.0.1:6443")
	for _, e := range []Event{
		{"dev", "namespaces", "Namespace dev", Held, ""},
		{"eg", "envoyGateway", "chart gateway-helm 1.7.0 → envoy-gateway-system", Held, ""},
		{"gw", "envoyGateway", "Gateway eg", Held, "waits for gateway-helm"},
		{"keda", "keda", "chart keda 2.19.0 → keda", Held, ""},
		{"traefik", "traefik", "chart traefik 39.0.0 → traefik", Held, ""},
		{"of", "openfunction", "chart openfunction https://example.org/charts/openfunction-v1.2.0-v0.7.0.tgz → openfunction", Working, "installing"},
		{"grant", "wiring", "ReferenceGrant keda/a", Held, "waits for gateway-helm, keda"},
		{"dev", "namespaces", "Namespace dev", Done, "created"},
		{"eg", "envoyGateway", "chart gateway-helm 1.7.0 → envoy-gateway-system", Settling, "Deployment envoy-gateway-system/envoy-gateway: Available: 0/1"},
		{"keda", "keda", "chart keda 2.19.0 → keda", Failed, "cannot deploy chart keda 2.19.0 → keda: cannot fetch\n- and more"},
		{"traefik", "traefik", "chart traefik 39.0.0 → traefik", Failed, "chart traefik 39.0.0 → traefik is not ready after 10m0s: Deployment traefik/traefik: Available: 0/1"},
	} {
		v.Take(e)
	}
	want := []string{
		"Cluster platform/door on https://127.0.0.1:6443",
		"├─ ✓ namespaces     1 of 1",
		"├─ ⠙ envoyGateway   0 of 2   Deployment envoy-gateway-…y-gateway: Available: 0/1",
		"├─ ✗ keda           0 of 1   chart keda 2.19.0: cannot fetch",
		"├─ ✗ traefik        0 of 1   chart traefik 39.0.0 is not ready after 10m0s: Dep…",
		"├─ ⠙ openfunction   0 of 1   chart openfunction: installing",
		"└─ · wiring         0 of 1   waits for gateway-helm, keda",
		"   1 of 7 done  42s",
	}
	got := v.Lines(Look{Width: 80, Frame: 1, Elapsed: "42s"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the picture (-want +got):\n%s", diff)
	}
	for _, line := range got {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("wraps on the screen: %q", line)
		}
	}
	if colored := v.Lines(Look{Color: true}); !strings.HasPrefix(colored[3], "\x1b[31m") || !strings.HasSuffix(colored[3], "\x1b[0m") {
		t.Errorf("what failed is not red: %q", colored[3])
	}
}

// A failure is told once, and begins with what failed: lines are short.
func TestFailedWords(t *testing.T) {
	const chart, gateway = "chart keda 2.19.0 → keda", "Gateway infra/eg [HTTP:80]"
	for name, tc := range map[string]struct{ text, detail, want string }{
		"Chart":    {chart, "cannot deploy " + chart + ": cannot fetch\n- and more", "chart keda 2.19.0: cannot fetch"},
		"NotReady": {chart, chart + " is not ready after 10m0s: Deployment keda/a: none", "chart keda 2.19.0 is not ready after 10m0s: Deployment keda/a: none"},
		"Conflict": {gateway, "cannot apply Gateway infra/eg: others own what would change\n- spec", "Gateway infra/eg: others own what would change"},
		"NotGone":  {gateway, "Gateway infra/eg is not gone after 5s: its finalizers", "Gateway infra/eg is not gone after 5s: its finalizers"},
		"Other":    {gateway, "no answer", "Gateway infra/eg [HTTP:80]: no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Event{Text: tc.text, State: Failed, Detail: tc.detail}).words(); got != tc.want {
				t.Errorf("want %q, got %q", tc.want, got)
			}
		})
	}
}

func TestLine(t *testing.T) {
	if got := Line(Event{State: Held, Detail: "waits"}); got != "" {
		t.Errorf("a log has no use for what waits: %q", got)
	}
	got := Line(Event{Group: "keda", Text: "chart keda", State: Failed, Detail: "a\nb"})
	if diff := cmp.Diff("keda: chart keda: a\n  b", got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
