package topology_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// printed is a list of two objects, as kubectl prints it, with something behind.
const printed = "apiVersion: v1\nitems:\n%s%skind: List\nmetadata:\n  resourceVersion: \"\"\n%s"

// block is an entry of it.
func block(name, more string) string {
	return "- apiVersion: gateway.networking.k8s.io/v1\n  kind: ReferenceGrant\n  metadata:\n    annotations:\n      a: b\n" +
		strings.Repeat("      ", min(1, len(more))) + more + "    name: " + name + "\n"
}

func TestFromFiles(t *testing.T) {
	const grantOf = "{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: %s}, spec: {from: [], to: []}}"
	const jsonList = `{"kind": "List", "items": [{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "ReferenceGrant", "metadata": {"name": "a", "namespace": "n"}}]}`
	yamlList := "apiVersion: v1\nkind: List\nitems:\n- " + fmt.Sprintf(grantOf, "a") + "\n- " + fmt.Sprintf(grantOf, "b")
	cases := map[string]struct {
		reason string
		text   string
		want   []string
		err    string
	}{
		"Documents": {"Each is an object.", fmt.Sprintf(grantOf, "a") + "\n---\n" + fmt.Sprintf(grantOf, "b"), []string{"default/a", "default/b"}, ""},
		"YAMLList":  {"As kubectl get -o yaml prints it.", yamlList, []string{"default/a", "default/b"}, ""},
		"Printed": {
			"As kubectl get -o yaml prints it, entries at the column of their key.",
			fmt.Sprintf(printed, block("a", "text: |\n        - no entry\n"), block("b", ""), ""),
			[]string{"default/a", "default/b"},
			"",
		},
		"Indented": {
			"Entries may stand deeper, with comments and empty lines between.",
			"apiVersion: v1\nkind: List\nitems:\n\n  # first\n  - " + fmt.Sprintf(grantOf, "a") + "\n\n  - " + fmt.Sprintf(grantOf, "b") + "\n",
			[]string{"default/a", "default/b"},
			"",
		},
		"Anchors":     {"What an entry takes from another one is found.", fmt.Sprintf(printed, block("a", "x: &x z\n"), block("b", "x: *x\n"), ""), []string{"default/a", "default/b"}, ""},
		"TwiceInList": {"The line is that of the document, not of the entry.", fmt.Sprintf(printed, block("a", ""), block("b", "x: y\n      x: y\n"), ""), nil, "line 15"},
		"BehindList":  {"What stands behind the entries is read, too.", fmt.Sprintf(printed, block("a", ""), block("b", ""), "kind: List\n"), nil, "line 18"},
		"JSONList":    {"As kubectl get -o json prints it.", jsonList, []string{"n/a"}, ""},
		"Flow":        {"YAML that looks like JSON.", fmt.Sprintf(grantOf, "a"), []string{"default/a"}, ""},
		"Later":       {"Of two the later counts, as with kubectl apply.", fmt.Sprintf(grantOf, "a") + "\n---\n" + fmt.Sprintf(grantOf, "a"), []string{"default/a"}, ""},
		"NoObject":    {"Values of a chart are no object.", "replicas: 3\n---\n- 1\n- 2\n---\njust text\n---\n", nil, ""},
		"Unknown":     {"Kinds that nobody looks at are passed over.", "{apiVersion: example.org/v1, kind: ReferenceGrant, metadata: {name: a}}", nil, ""},
		"Broken":      {"A file that is no YAML is told with its document.", fmt.Sprintf(grantOf, "a") + "\n---\na: {{ .Values.b }}\n", nil, `"f" (document 2)`},
		"Template":    {"What to do with a template of a chart is told.", "a: {{ .Values.b }}\n", nil, "helm template"},
		"Twice":       {"A key that stands twice is a mistake.", "a: 1\na: 2\n", nil, `"a"`},
		"WrongType":   {"An object of the wrong shape is told.", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: 80}}", nil, "Service"},
		"NoSeparator": {"A long document without end.", "# " + strings.Repeat("x", 1<<17) + "\n" + fmt.Sprintf(grantOf, "a"), []string{"default/a"}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := topology.FromFiles([]topology.File{{Name: "f", Data: []byte(tc.text)}})
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("%s: want an error with %q, got %v", tc.reason, tc.err, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			var got []string
			for _, g := range s.Objects.ReferenceGrants.All() {
				got = append(got, topology.Key{Namespace: g.Namespace, Name: g.Name}.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// What files hold nothing of may be elsewhere.
func TestFilesSee(t *testing.T) {
	s, err := topology.FromFiles([]topology.File{{Name: "f", Data: []byte("{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}}")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		kind, namespace string
		want            bool
	}{{"Service", "shop", true}, {"Service", "m", false}, {"Service", "", true}, {"Gateway", "shop", false}, {"GatewayClass", "", false}} {
		if got := s.Sees(tc.kind, tc.namespace); got != tc.want {
			t.Errorf("%s in %q: want %t, got %t", tc.kind, tc.namespace, tc.want, got)
		}
	}
	if got := s.Ready(topology.Key{Namespace: "shop", Name: "a"}); got != nil {
		t.Errorf("want endpoints not to be known, got %d", *got)
	}
}

// Nothing of a Secret is kept but its name, its type and its certificate.
func TestSecretsAreNotKept(t *testing.T) {
	const text = `apiVersion: v1
kind: Secret
metadata:
  name: s
  namespace: shop
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"data":{"tls.key":"c2VjcmV0"}}'}
type: kubernetes.io/tls
data: {tls.crt: Y2VydA==, tls.key: c2VjcmV0}
stringData: {more: secret}
---
{apiVersion: v1, kind: Secret, metadata: {name: o, namespace: shop}, data: {tls.crt: c2VjcmV0}}
`
	s, err := topology.FromFiles([]topology.File{{Name: "f", Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(s.Objects.Secrets.All()) //nolint:musttag // any form that shows all fields will do
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"c2VjcmV0", "secret"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("want nothing secret to be kept, got %s", raw)
		}
	}
	got := s.Objects.Secrets.Get("shop", "s")
	if got == nil || got.Type != "kubernetes.io/tls" || string(got.Certificate) != "cert" || s.Objects.Secrets.Get("shop", "o").Certificate != nil {
		t.Errorf("want type and certificate of what is for TLS, got %s", raw)
	}
}

// The API server gives every namespace a label with its name; manifests do not have it.
func TestNamespacesHaveTheirName(t *testing.T) {
	gateway := strings.NewReplacer(`matchLabels: {public: "yes"}`, `matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [team]}]`, "from: All", "from: Same").Replace(platform)
	s := of(t, gateway, unanswered())
	if diff := cmp.Diff([]string{"https"}, s.Routes()[0].Parents[0].Listeners); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
}

const listenerSet = `
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: own, namespace: team, generation: 1}
spec:
  parentRef: {name: eg, namespace: gateways}
  listeners: [{name: own, port: 8080, protocol: HTTP}, {name: other, port: 8081, protocol: HTTP, hostname: a.example.org}]
status: {listeners: [{name: own, attachedRoutes: 0, conditions: [{type: Programmed, status: "False", reason: Invalid, message: broken, lastTransitionTime: "2026-01-01T00:00:00Z"}]}]}
`

// A route attaches to the listeners of a ListenerSet, which are at home in its namespace.
func TestListenerSet(t *testing.T) {
	s := of(t, platform, listenerSet, route("{name: eg, namespace: gateways}", "{kind: ListenerSet, name: own}"))
	if diff := cmp.Diff([]string{"own"}, s.Routes()[0].Parents[0].Listeners); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
	entries := s.Exposure("team", "mcp").Entries
	if len(entries) != 1 || entries[0].Controller != "envoy-gateway" || len(entries[0].Why) != 1 || !strings.Contains(entries[0].Why[0], "broken") {
		t.Errorf("want the way in by the Gateway of the set, and what its status says, got %+v", entries)
	}
	s = of(t, platform, route("{name: eg, namespace: gateways}", "{kind: ListenerSet, name: none}"))
	if got := s.Facts()[0].Attachments[0]; got.Set != nil || got.Gateway != nil || len(got.Candidates) != 0 {
		t.Errorf("want no parent, got %+v", got)
	}
}

func TestCandidates(t *testing.T) {
	cases := map[string]struct {
		reason string
		ref    string
		want   []topology.Against
	}{
		"All":     {"Nothing speaks against either.", "{name: eg, namespace: gateways}", []topology.Against{"", ""}},
		"Section": {"Only one has the name.", "{name: eg, namespace: gateways, sectionName: https}", []topology.Against{topology.AgainstSection, ""}},
		"Port":    {"Only one has the port.", "{name: eg, namespace: gateways, port: 80}", []topology.Against{"", topology.AgainstPort}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []topology.Against
			for _, c := range of(t, platform, unanswered("{name: eg, namespace: gateways}", tc.ref)).Facts()[0].Attachments[0].Candidates {
				got = append(got, c.Against)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// Any bytes give a snapshot or an error, and the same again as JSON.
func FuzzFromFiles(f *testing.F) {
	f.Add([]byte(platform))
	f.Add([]byte(listenerSet))
	f.Add([]byte(`{"kind":"List","items":[{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}},null,1]}`))
	f.Add([]byte("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/tls\ndata: {tls.crt: YQ==}\n"))
	f.Add([]byte("a: &x [*x]\n---\n--- a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := topology.FromFiles([]topology.File{{Name: "f", Data: data}})
		if err != nil {
			return
		}
		s.Routes()
		s.Gateways()
		s.Facts()
		raw, err := yaml.YAMLToJSONStrict(data)
		if err != nil || strings.Contains("\n"+string(data), "\n---") {
			return // several documents
		}
		same, err := topology.FromFiles([]topology.File{{Name: "f", Data: raw}})
		if err != nil {
			t.Fatalf("want the same as JSON, got %v", err)
		}
		if diff := cmp.Diff(names(same), names(s)); diff != "" {
			t.Errorf("want the same objects as of JSON (-JSON +YAML):\n%s", diff)
		}
	})
}

// names of the objects of some kinds.
func names(s *topology.Snapshot) []string {
	var out []string
	for _, obj := range s.Objects.Services.All() {
		out = append(out, "Service "+obj.Namespace+"/"+obj.Name)
	}
	for _, obj := range s.Objects.HTTPRoutes.All() {
		out = append(out, "HTTPRoute "+obj.Namespace+"/"+obj.Name)
	}
	for _, obj := range s.Objects.Secrets.All() {
		out = append(out, "Secret "+obj.Namespace+"/"+obj.Name+" "+string(obj.Certificate))
	}
	return out
}
