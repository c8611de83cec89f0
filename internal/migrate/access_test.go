package migrate_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/migrate"
)

// anAnnotated is an Ingress of ingress-nginx with annotations of it.
func anAnnotated(t *testing.T, annotations map[string]string, more string) migrate.Input {
	t.Helper()
	in := inputOf(t, anIngress+more)
	in.Ingresses[0].Annotations = map[string]string{}
	for key, value := range annotations {
		in.Ingresses[0].Annotations["nginx.ingress.kubernetes.io/"+key] = value
	}
	return in
}

// guards are annotations that keep callers out.
func guards() map[string]map[string]string {
	return map[string]map[string]string{
		"whitelist-source-range": {"whitelist-source-range": "10.0.0.0/8"},
		"allowlist-source-range": {"allowlist-source-range": "10.0.0.0/8"},
		"denylist-source-range":  {"denylist-source-range": "10.0.0.0/8"},
		"auth-type":              {"auth-type": "basic", "auth-secret": "users"},
		"auth-url":               {"auth-url": "http://auth.shop.svc/check"},
		"auth-tls-secret":        {"auth-tls-secret": "shop/ca"},
		"configuration-snippet":  {"configuration-snippet": "deny all;"},
	}
}

// TestNobodyGetsInUnnoticed: whoever was kept out is kept out, by something that every
// route to a Service has, or the report says that everybody gets in.
func TestNobodyGetsInUnnoticed(t *testing.T) {
	controllers, err := catalog.LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	const certificate = "  tls: [{hosts: [shop.example.com], secretName: shop-tls}]\n"
	kept := 0
	for _, controller := range migrate.Controllers(controllers) {
		for key, annotations := range guards() {
			result, err := migrate.Run(anAnnotated(t, annotations, certificate), migrate.Options{Controller: controller})
			if err != nil {
				t.Fatal(err)
			}
			e := entryOf(t, result.Report, "nginx.ingress.kubernetes.io/"+key)
			switch {
			case len(e.To) > 0:
				kept++
				everyRouteIsGuarded(t, controller+", "+key, result)
			case e.Outcome != migrate.Lost || !strings.Contains(e.Why, "after the move"):
				t.Errorf("%s: %s keeps nobody out any more, and the report does not say so: %+v", controller, key, e)
			}
		}
	}
	if kept < 10 { // all six of Envoy Gateway, and of Traefik those that it knows
		t.Errorf("only %d guards are in a result", kept)
	}
}

func entryOf(t *testing.T, r migrate.Report, field string) migrate.Entry {
	t.Helper()
	i := slices.IndexFunc(r.Entries, func(e migrate.Entry) bool { return e.Field == field })
	if i < 0 {
		t.Fatalf("the report says nothing of %s: %+v", field, r.Entries)
	}
	return r.Entries[i]
}

// everyRouteIsGuarded looks at the rules that lead to a Service: Traefik has the guard as
// a filter, Envoy Gateway as a policy of the route, or of the listener.
func everyRouteIsGuarded(t *testing.T, name string, result *migrate.Result) {
	t.Helper()
	routes := 0
	for _, route := range result.Objects {
		rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
		for _, each := range rules {
			rule, _ := each.(map[string]any)
			if refs, _ := rule["backendRefs"].([]any); route.GetKind() != "HTTPRoute" || len(refs) == 0 {
				continue
			}
			routes++
			text, err := json.Marshal(rule["filters"])
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), `"kind":"Middleware"`) && !slices.ContainsFunc(result.Objects, func(u *unstructured.Unstructured) bool { return guardsRoute(u, route) }) {
				t.Errorf("%s: a rule of %s %s leads to a Service without a guard", name, route.GetKind(), route.GetName())
			}
		}
	}
	if routes == 0 {
		t.Errorf("%s: no rule leads to a Service", name)
	}
}

func guardsRoute(u, route *unstructured.Unstructured) bool {
	if !slices.Contains([]string{"SecurityPolicy", "ClientTrafficPolicy"}, u.GetKind()) {
		return false
	}
	targets, _, _ := unstructured.NestedSlice(u.Object, "spec", "targetRefs")
	parents, _, _ := unstructured.NestedSlice(route.Object, "spec", "parentRefs")
	return slices.ContainsFunc(targets, func(each any) bool {
		target, _ := each.(map[string]any)
		if target["kind"] == "HTTPRoute" {
			return target["name"] == route.GetName()
		}
		return !slices.ContainsFunc(parents, func(p any) bool { return p.(map[string]any)["sectionName"] != target["sectionName"] })
	})
}

// TestAddresses: who is kept out stays out, also when somebody else is let in.
func TestAddresses(t *testing.T) {
	rule := func(action string, ranges ...any) map[string]any {
		return map[string]any{"action": action, "principal": map[string]any{"clientCIDRs": ranges}}
	}
	cases := map[string]struct {
		reason      string
		annotations map[string]string
		want        map[string]any
	}{
		"Allowed": {
			reason:      "Only these.",
			annotations: map[string]string{"allowlist-source-range": "10.0.0.0/8"},
			want:        map[string]any{"defaultAction": "Deny", "rules": []any{rule("Allow", "10.0.0.0/8")}},
		},
		"Denied": {
			reason:      "All but these.",
			annotations: map[string]string{"denylist-source-range": "192.0.2.1"},
			want:        map[string]any{"defaultAction": "Allow", "rules": []any{rule("Deny", "192.0.2.1/32")}},
		},
		"Both": {
			reason:      "Of those who are let in some are not, and nobody else is.",
			annotations: map[string]string{"allowlist-source-range": "10.0.0.0/8", "denylist-source-range": "10.1.0.0/16"},
			want:        map[string]any{"defaultAction": "Deny", "rules": []any{rule("Deny", "10.1.0.0/16"), rule("Allow", "10.0.0.0/8")}},
		},
		"OldName": {
			reason:      "The new name of an annotation wins, whichever comes first.",
			annotations: map[string]string{"allowlist-source-range": "10.0.0.0/8", "whitelist-source-range": "0.0.0.0/0", "denylist-source-range": "10.1.0.0/16"},
			want:        map[string]any{"defaultAction": "Deny", "rules": []any{rule("Deny", "10.1.0.0/16"), rule("Allow", "10.0.0.0/8")}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			result, err := migrate.Run(anAnnotated(t, tc.annotations, ""), migrate.Options{Controller: "envoy-gateway"})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]any{}
			for _, u := range result.Objects {
				if u.GetKind() == "SecurityPolicy" {
					got, _, _ = unstructured.NestedMap(u.Object, "spec", "authorization")
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want, +got:\n%s", tc.reason, diff)
			}
			if result.Report.Summary.Lost > 0 {
				t.Errorf("%s: something is reported as lost: %s", tc.reason, reportOf(t, result))
			}
		})
	}
}

// TestPasswordFile: what Traefik takes for the same users is translated, everything else
// has to be looked at.
func TestPasswordFile(t *testing.T) {
	const hash = "ann:$apr1$x$7mTXmTnoNsAG2sE0Xq5fG/"
	cases := map[string]struct{ reason, secret, want string }{
		"NotGiven":  {reason: "Nobody knows what is in it.", want: "lost"},
		"Fits":      {reason: "Both read it.", secret: `{stringData: {auth: "` + hash + `\n"}}`, want: "translated"},
		"TwoKeys":   {reason: "Traefik refuses it.", secret: `{stringData: {auth: "` + hash + `", more: x}}`, want: "lost"},
		"OtherKey":  {reason: "It is no such file to ingress-nginx.", secret: `{stringData: {users: "` + hash + `"}}`, want: "lost"},
		"OtherHash": {reason: "Traefik does not know SHA512.", secret: `{stringData: {auth: "ann:$6$x$y"}}`, want: "lost"},
		"Comment":   {reason: "Whoever is commented out could call as #ann.", secret: `{stringData: {auth: "#` + hash + `"}}`, want: "lost"},
		"Nobody":    {reason: "It has no user.", secret: `{stringData: {auth: ""}}`, want: "lost"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			secret := ""
			if tc.secret != "" {
				secret = "---\n" + strings.Replace(tc.secret, "{", "{apiVersion: v1, kind: Secret, metadata: {name: users, namespace: shop}, ", 1) + "\n"
			}
			in := anAnnotated(t, map[string]string{"auth-type": "basic", "auth-secret": "users"}, secret)
			result, err := migrate.Run(in, migrate.Options{Controller: "traefik"})
			if err != nil {
				t.Fatal(err)
			}
			e := entryOf(t, result.Report, "nginx.ingress.kubernetes.io/auth-type")
			if string(e.Outcome) != tc.want || len(e.To) == 0 {
				t.Errorf("%s\nwant %s, and a Middleware, got %+v", tc.reason, tc.want, e)
			}
			for _, text := range []string{reportOf(t, result), objectsOf(t, result)} {
				if strings.Contains(text, "apr1$x") || strings.Contains(text, "$6$x") {
					t.Errorf("a password of the Secret is repeated:\n%s", text)
				}
			}
		})
	}
}

func reportOf(t *testing.T, r *migrate.Result) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.Report.Text(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func objectsOf(t *testing.T, r *migrate.Result) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.YAML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestOrderOfGuards: a preflight request has no password, so it is answered before one is
// asked for; what the caller says of the request is taken out before the server is asked.
func TestOrderOfGuards(t *testing.T) {
	result, err := migrate.Run(anAnnotated(t, map[string]string{
		"enable-cors": "true", "auth-type": "basic", "auth-secret": "users", "auth-url": "http://auth.shop.svc/check",
		"allowlist-source-range": "10.0.0.0/8", "limit-rps": "1", "limit-connections": "1", "x-forwarded-prefix": "/shop", "rewrite-target": "/",
	}, ""), migrate.Options{Controller: "traefik"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range result.Objects {
		rules, _, _ := unstructured.NestedSlice(u.Object, "spec", "rules")
		if u.GetKind() != "HTTPRoute" || len(rules) == 0 {
			continue
		}
		filters, _, _ := unstructured.NestedSlice(rules[0].(map[string]any), "filters")
		for _, f := range filters {
			name, _, _ := unstructured.NestedString(f.(map[string]any), "extensionRef", "name")
			got = append(got, strings.TrimPrefix(name, "web-"))
		}
	}
	want := []string{"cors", "rate", "connections", "allow", "untold", "ask", "users", "", "rewrite-0-0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
}

// TestValuesHaveNoPolicies: the chart has no values for who may call, and the report of a
// values file says what that means.
func TestValuesHaveNoPolicies(t *testing.T) {
	for key, annotations := range guards() {
		given := map[string]any{}
		for name, value := range annotations {
			given["nginx.ingress.kubernetes.io/"+name] = value
		}
		values := map[string]any{"ingress": map[string]any{
			"enabled": true, "host": "mcp.example.com", "annotations": given, "tls": map[string]any{"enabled": true},
		}}
		result, err := migrate.Values(values, "values.yaml", migrate.Options{Controller: "envoy-gateway"})
		if err != nil {
			t.Fatal(err)
		}
		e := entryOf(t, result.Report, "ingress.annotations: nginx.ingress.kubernetes.io/"+key)
		if e.Outcome != migrate.Lost || len(e.To) > 0 || !strings.Contains(e.Why, "everybody gets in") {
			t.Errorf("%s: want it lost, and everybody in, got %+v", key, e)
		}
	}
}

// TestCheckedBackend: a policy holds for a Service, so it is written only where every
// Ingress speaks to the Service alike.
func TestCheckedBackend(t *testing.T) {
	other := "---" + strings.Replace(anIngress, "name: web,", "name: other,", 1)
	cases := map[string]struct {
		reason, more string
		without      string
		want         bool
	}{
		"Checked":   {reason: "The authority and the name are there.", want: true},
		"Unchecked": {reason: "A gateway always checks, and against nothing.", without: "proxy-ssl-verify"},
		"NoName":    {reason: "NGINX would check for upstream_balancer, which no certificate has.", without: "proxy-ssl-name"},
		"Shared":    {reason: "Another Ingress speaks HTTP to the Service.", more: other},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			annotations := map[string]string{"backend-protocol": "HTTPS", "proxy-ssl-secret": "shop/authority", "proxy-ssl-name": "web.shop.svc", "proxy-ssl-verify": "on"}
			delete(annotations, tc.without)
			result, err := migrate.Run(anAnnotated(t, annotations, tc.more), migrate.Options{Controller: "envoy-gateway"})
			if err != nil {
				t.Fatal(err)
			}
			got := slices.ContainsFunc(result.Objects, func(u *unstructured.Unstructured) bool { return u.GetKind() == "BackendTLSPolicy" })
			if e := entryOf(t, result.Report, "nginx.ingress.kubernetes.io/backend-protocol"); got != tc.want || (e.Outcome == migrate.Translated) != tc.want {
				t.Errorf("%s\nwant a policy: %t, got %t, %+v", tc.reason, tc.want, got, e)
			}
		})
	}
}

// TestPathsOfGuards: a path that keeps callers out matches what it matched, or another
// Ingress would lead to the same Service without asking.
func TestPathsOfGuards(t *testing.T) {
	type matches map[string]string
	cases := map[string]struct {
		reason, pathType, path string
		annotations            map[string]string
		want                   map[string][]matches
	}{
		"Beginning": {
			reason: "/administrator is behind the password, too.", pathType: "ImplementationSpecific", path: "/admin", annotations: map[string]string{"auth-type": "basic", "auth-secret": "users"},
			want: map[string][]matches{
				"traefik":       {{"type": "PathPrefix", "value": "/admin"}, {"type": "RegularExpression", "value": "^/admin[^/].*$"}},
				"envoy-gateway": {{"type": "PathPrefix", "value": "/admin"}, {"type": "RegularExpression", "value": "/admin[^/].*"}},
				"istio":         {{"type": "PathPrefix", "value": "/admin"}},
			},
		},
		"Prefix": {
			reason: "It never was.", pathType: "Prefix", path: "/admin", annotations: map[string]string{"auth-type": "basic", "auth-secret": "users"},
			want: map[string][]matches{"traefik": {{"type": "PathPrefix", "value": "/admin"}}, "envoy-gateway": {{"type": "PathPrefix", "value": "/admin"}}},
		},
		"Expression": {
			reason: "/ADMIN is behind the password, too.", pathType: "Prefix", path: "/admin", annotations: map[string]string{"auth-type": "basic", "auth-secret": "users", "use-regex": "true"},
			want: map[string][]matches{
				"traefik":       {{"type": "RegularExpression", "value": "(?i)^/admin.*$"}},
				"envoy-gateway": {{"type": "RegularExpression", "value": "(?i)/admin.*"}},
			},
		},
		"Nobody": {
			reason: "Without a guard elements are what people mean.", pathType: "ImplementationSpecific", path: "/admin",
			want: map[string][]matches{"traefik": {{"type": "PathPrefix", "value": "/admin"}}},
		},
	}
	for name, tc := range cases {
		for controller, want := range tc.want {
			t.Run(name+"/"+controller, func(t *testing.T) {
				in := anAnnotated(t, tc.annotations, "")
				path := &in.Ingresses[0].Spec.Rules[0].HTTP.Paths[0]
				path.Path, path.PathType = tc.path, new(networkingv1.PathType(tc.pathType))
				result, err := migrate.Run(in, migrate.Options{Controller: controller})
				if err != nil {
					t.Fatal(err)
				}
				var got []matches
				for _, u := range result.Objects {
					rules, _, _ := unstructured.NestedSlice(u.Object, "spec", "rules")
					for _, rule := range rules {
						all, _, _ := unstructured.NestedSlice(rule.(map[string]any), "matches")
						for _, m := range all {
							path, _, _ := unstructured.NestedStringMap(m.(map[string]any), "path")
							got = append(got, path)
						}
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: -want, +got:\n%s", tc.reason, diff)
				}
			})
		}
	}
}
