package diagnosis

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/version"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// settled is a scenario with names of its own.
type settled struct {
	scenario

	name string
	// written are the objects as the files have them, with what a controller has written;
	// live are those that are applied.
	written, live []*unstructured.Unstructured
}

// What carries a name that other scenarios have, too.
var (
	hosts      = regexp.MustCompile(`([a-z*]+)\.(example|exmaple)\.(com|org)`)
	namespaces = regexp.MustCompile(`(namespace: |kind: Namespace\nmetadata: \{name: |values: \[)(infra|team|apps|blog|keda)\b`)
	gateways   = regexp.MustCompile(`(kind: Gateway\nmetadata: \{name: |parentRefs?: \[?\{name: )(\w+)`)
	routeName  = regexp.MustCompile(`kind: HTTPRoute\nmetadata: \{name: (\w+)`)
)

// own gives what is named in a text the name of the scenario.
func own(text, name string) string {
	text = hosts.ReplaceAllString(text, "$1."+name+".$2.$3")
	text = namespaces.ReplaceAllString(text, "$1$2-"+name)
	return gateways.ReplaceAllString(text, "$1$2-"+name)
}

// setup is what all scenarios of a controller get.
type setup struct {
	backend

	// prefix of their names, as what one controller judges is not for another one.
	prefix string
	// replace is pairs of texts in the files.
	replace []string
}

// ofTraefik has Traefik judge, whatever the class is called.
func ofTraefik(b backend) setup {
	return setup{backend: b, replace: []string{"gateway.envoyproxy.io/gatewayclass-controller", "traefik.io/gateway-controller"}}
}

// ofClass gives the class of the files another name.
func ofClass(name string) []string {
	return []string{"kind: GatewayClass\nmetadata: {name: eg", "kind: GatewayClass\nmetadata: {name: " + name, "gatewayClassName: eg", "gatewayClassName: " + name}
}

// settle reads the files of a scenario and makes it fit into a cluster that has others.
func settle(t *testing.T, name string, s scenario, from setup) *settled {
	t.Helper()
	folder := s.of
	if folder == "" {
		folder = name
		s.of = name
	}
	name = from.prefix + name
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "internal", "diagnose", "testdata", folder, "broken", "cluster.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	out := &settled{scenario: s, name: name}
	all := strings.NewReplacer(slices.Concat(s.replace, from.replace)...)
	for document := range strings.SplitSeq(string(raw)+s.more, "\n---\n") {
		document = all.Replace(document)
		if route := routeName.FindStringSubmatch(document); route != nil {
			document = strings.ReplaceAll(document, "ROUTE", route[1])
		}
		objects, err := plane.ParseObjects([]byte(own(document, name)))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, document)
		}
		out.add(t, from.backend, objects)
	}
	for _, secret := range slices.Sorted(maps.Keys(s.certificates)) {
		namespace, short, far := strings.Cut(secret, "/")
		if !far {
			namespace, short = "infra", secret
		}
		key := namespace + "-" + name + "/" + short
		if !slices.ContainsFunc(out.live, func(o *unstructured.Unstructured) bool {
			return o.GetKind() == "Secret" && o.GetNamespace()+"/"+o.GetName() == key
		}) {
			o := plane.Reference("v1", "Secret", namespace+"-"+name, short)
			o.Object["type"] = string(corev1.SecretTypeTLS)
			out.add(t, from.backend, []*unstructured.Unstructured{o})
		}
	}
	return out
}

// add takes objects of the files.
func (s *settled) add(t *testing.T, b backend, objects []*unstructured.Unstructured) {
	t.Helper()
	for _, o := range objects {
		short := strings.TrimSuffix(o.GetName(), "-"+s.name)
		if slices.Contains(s.without, o.GetKind()+"/"+short) || o.GetKind() == "Deployment" && !s.pods && !slices.Contains(s.made, "Deployment") {
			continue
		}
		if o.GetKind() == "Service" && !s.pods {
			unstructured.RemoveNestedField(o.Object, "spec", "selector")
		}
		if o.GetKind() == "Secret" {
			s.issue(t, b, o)
		}
		s.written = append(s.written, o)
		if o.GetKind() == "EndpointSlice" && s.pods || slices.Contains(s.made, o.GetKind()) {
			continue // a controller writes it
		}
		live := o.DeepCopy()
		for _, field := range [][]string{{"status"}, {"metadata", "generation"}, {"metadata", "creationTimestamp"}} {
			unstructured.RemoveNestedField(live.Object, field...)
		}
		switch o.GetKind() {
		case "EndpointSlice":
			live.Object["ports"] = []any{map[string]any{"name": "http", "port": b.port}}
			live.Object["endpoints"] = []any{map[string]any{"addresses": []any{b.address}, "conditions": map[string]any{"ready": true}}}
		case "Deployment":
			runServer(t, live)
		}
		s.live = append(s.live, live)
	}
}

// issue gives a Secret a certificate of the test.
func (s *settled) issue(t *testing.T, b backend, secret *unstructured.Unstructured) {
	t.Helper()
	if secret.GetName() == "authority" {
		b.authority.giveTo(t, secret)
		return
	}
	namespace := strings.TrimSuffix(secret.GetNamespace(), "-"+s.name)
	c, wanted := s.certificates[secret.GetName()]
	if !wanted {
		c, wanted = s.certificates[namespace+"/"+secret.GetName()]
	}
	if !wanted {
		return
	}
	certificate, key := b.authority.issue(t, own(c.host, s.name), c.hours)
	fill(secret, certificate, key)
}

// fill puts a certificate with its key into a Secret.
func fill(secret *unstructured.Unstructured, certificate, key []byte) {
	secret.Object["data"] = map[string]any{
		corev1.TLSCertKey: base64.StdEncoding.EncodeToString(certificate), corev1.TLSPrivateKeyKey: base64.StdEncoding.EncodeToString(key),
	}
}

// runServer makes a Deployment one of the MCP server, which answers to /healthz.
func runServer(t *testing.T, deployment *unstructured.Unstructured) {
	t.Helper()
	port := "8080"
	if deployment.GetName() == "api" && strings.HasSuffix(deployment.GetNamespace(), "backend-missing") {
		port = "3000" // that is what its route asks for
	}
	container := map[string]any{
		"name": "main", "image": "ghcr.io/gatehouse-platform/mcp-server:" + version.Version,
		"args": []any{"--listen=0.0.0.0:" + port, "--metrics-listen=", "--allow-unauthenticated"},
		// A Deployment is ready when its pod answers.
		"readinessProbe": map[string]any{"tcpSocket": map[string]any{"port": json.Number(port)}, "periodSeconds": int64(1)},
	}
	if err := unstructured.SetNestedSlice(deployment.Object, []any{container}, "spec", "template", "spec", "containers"); err != nil {
		t.Fatal(err)
	}
}

// homes are the namespaces of the scenario.
func (s *settled) homes() []string {
	var out []string
	for _, o := range s.live {
		out = append(out, o.GetNamespace())
		if o.GetKind() == "Namespace" {
			out = append(out, o.GetName())
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(namespace string) bool { return namespace == "" })
}

// has tells whether an object belongs to the scenario.
func (s *settled) has(namespace, name string) bool {
	return namespace == "" && strings.HasSuffix(name, "-"+s.name) || slices.Contains(s.homes(), namespace)
}

// writeList writes objects as kubectl get -o json does.
func writeList(path string, objects []*unstructured.Unstructured) error {
	list := map[string]any{"apiVersion": "v1", "kind": "List"}
	items := []any{}
	for _, o := range objects {
		items = append(items, o.Object)
	}
	list["items"] = items
	raw, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", path, err)
	}
	return os.WriteFile(path, raw, 0o600)
}
