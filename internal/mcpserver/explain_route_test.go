package mcpserver_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/mcpserver"
)

func TestExplainRoute(t *testing.T) {
	ingress := strings.NewReplacer("ingressClassName: nginx", "ingressClassName: none").Replace(oldIngress)
	other := strings.ReplaceAll(frontDoor[2], "namespace: shop", "namespace: blog")
	session := client(t, mcpserver.Options{Cluster: withSnapshot(t, append(frontDoor, other, ingress)...)}, nil)
	cases := map[string]struct {
		reason  string
		args    arguments
		refused bool
		outcome string
		// want and absent are in the text or not.
		want, absent string
	}{
		"Stops": {
			reason: "Its Service does not exist.", args: arguments{"name": "web", "namespace": "blog", "host": "web.example.com"}, outcome: "stops",
			want: `HTTPRoute "blog/web"`,
		},
		"Defaults": {
			reason: "What is left out is taken from the route.", args: arguments{"name": "web", "namespace": "shop", "kind": "HTTPRoute"}, outcome: "elsewhere",
			want: `Taken from HTTPRoute "shop/web": host and path.`,
		},
		"Headers": {
			reason: "Values of headers are not repeated.", args: arguments{"name": "web", "namespace": "shop", "headers": map[string]any{"Authorization": "Bearer PRIVATE"}},
			outcome: "elsewhere", want: "With the header authorization.", absent: "PRIVATE",
		},
		"Ingress":   {reason: "An Ingress, too.", args: arguments{"name": "web", "kind": "Ingress"}, outcome: "stops", want: "ingress-class"},
		"Ambiguous": {reason: "Which one is meant has to be said.", args: arguments{"name": "web"}, refused: true, want: "more than one"},
		"Unknown":   {reason: "What is not there is said.", args: arguments{"name": "none"}, refused: true, want: `cannot find route "none"`},
		"BadHeader": {
			reason: "Neither are they in a refusal.", args: arguments{"name": "web", "headers": map[string]any{"Authorization: Bearer PRIVATE": ""}}, refused: true,
			want: `"Authorization"`, absent: "PRIVATE",
		},
		"BadKind": {reason: "The schema lists the kinds.", args: arguments{"name": "web", "kind": "TCPRoute"}, refused: true, want: "TCPRoute"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			result, text := callTool(t, session, "explain_route", tc.args)
			if result.IsError != tc.refused || !strings.Contains(text, tc.want) || tc.absent != "" && strings.Contains(text, tc.absent) {
				t.Errorf("%s\nrefused: %t, want %t with %q and without %q:\n%s", tc.reason, result.IsError, tc.refused, tc.want, tc.absent, text)
			}
			if tc.refused {
				return
			}
			out, _ := result.StructuredContent.(map[string]any)
			if diff := cmp.Diff([]any{"explain.devopstoolkit.ai/v1", tc.outcome}, []any{out["apiVersion"], out["outcome"]}); diff != "" {
				t.Errorf("%s (-want +got):\n%s\n%s", tc.reason, diff, text)
			}
		})
	}
}
