package explain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/internal/explain"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func TestRefusals(t *testing.T) {
	s, findings := looked(t, shop)
	cases := map[string]struct {
		reason  string
		target  explain.Target
		options explain.Options
		want    string
	}{
		"Unknown":       {"What is not there.", explain.Target{Name: "wbe"}, explain.Options{}, `cannot find route "wbe"`},
		"Elsewhere":     {"It is in another namespace.", explain.Target{Namespace: "blog", Name: "web"}, explain.Options{}, `there is HTTPRoute "blog/rest", HTTPRoute "shop/web"`},
		"WrongKind":     {"It is of another kind.", explain.Target{Kind: "GRPCRoute", Name: "web"}, explain.Options{}, `cannot find GRPCRoute "web"`},
		"NoGateway":     {"The route does not name it.", explain.Target{Name: "web"}, explain.Options{Gateway: "other"}, "cannot find a listener"},
		"NoPort":        {"Nothing listens there.", explain.Target{Name: "web"}, explain.Options{Port: 81}, "cannot find a listener"},
		"IngressOfPort": {"An Ingress has none to choose.", explain.Target{Kind: "Ingress", Name: "old"}, explain.Options{Port: 80}, "no Gateway and no port"},
		"NoIngress":     {"There is none of that name.", explain.Target{Kind: "Ingress", Name: "web"}, explain.Options{}, `cannot find Ingress "web"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := explain.Explain(s, findings, tc.target, tc.options)
			if !errors.Is(err, explain.ErrInput) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s\nwant %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}

const twice = `
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: a}, spec: {rules: [{matches: [{path: {type: RegularExpression, value: "/[a-z]+x{3}"}}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: b}, spec: {}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: web, namespace: b}, spec: {}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: mesh, namespace: c}, spec: {parentRefs: [{group: "", kind: Service, name: web}]}}
`

func TestAmbiguous(t *testing.T) {
	findings, s := looktest.Diagnosed(t, []topology.File{{Name: "twice.yaml", Data: []byte(twice)}})
	for target, want := range map[explain.Target]string{
		{Name: "web"}:                                      `route "web" is more than one: GRPCRoute "b/web", HTTPRoute "a/web", HTTPRoute "b/web"`,
		{Name: "web", Namespace: "b"}:                      `route "web" in namespace "b" is more than one`,
		{Name: "web", Namespace: "a"}:                      "give --path",
		{Name: "web", Kind: "HTTPRoute"}:                   "is more than one",
		{Name: "web", Kind: "GRPCRoute", Namespace: "a"}:   `there is GRPCRoute "b/web"`,
		{Name: "web", Kind: "GRPCRoute", Namespace: "b"}:   "",
		{Name: "mesh"}:                                     `its parent is Service "c/web"`,
		{Name: "other", Kind: "GRPCRoute", Namespace: "c"}: `cannot find GRPCRoute "other" in namespace "c"`,
	} {
		_, err := explain.Explain(s, findings, target, explain.Options{})
		if want == "" && err != nil || want != "" && (!errors.Is(err, explain.ErrInput) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: want %q, got %v", target, want, err)
		}
	}
}

func TestParse(t *testing.T) {
	for s, want := range map[string]explain.Target{
		"route/web": {Name: "web"}, "HTTPRoute/web": {Kind: "HTTPRoute", Name: "web"}, "ingress/web": {Kind: "Ingress", Name: "web"},
	} {
		if got, err := explain.ParseTarget(s, ""); err != nil || got != want {
			t.Errorf("%s: want %+v, got %+v %v", s, want, got, err)
		}
	}
	for _, s := range []string{"", "web", "route/", "/web", "tcproute/web", "route/a/b"} {
		if got, err := explain.ParseTarget(s, ""); !errors.Is(err, explain.ErrInput) {
			t.Errorf("%q: want it to be refused, got %+v", s, got)
		}
	}
	got, err := explain.ParseHeaders([]string{"X-A=b=c", "Empty="})
	if diff := cmp.Diff(map[string]string{"x-a": "b=c", "empty": ""}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, s := range []string{"Authorization: Bearer PRIVATE", "Authorization: Basic PRIVATE==", "=PRIVATE", "a b=PRIVATE", "A=x\nPRIVATE"} {
		if _, err := explain.ParseHeaders([]string{s}); !errors.Is(err, explain.ErrInput) || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%q: want it to be refused without its value, got %v", s, err)
		}
	}
}
