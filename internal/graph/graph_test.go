package graph_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/graph"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

const shop = "../explain/testdata/shop/cluster.yaml"

func drawn(t testing.TB, objects []byte, o graph.Options) *graph.Graph {
	t.Helper()
	g, err := draw(t, objects, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func draw(t testing.TB, objects []byte, o graph.Options) (*graph.Graph, error) {
	t.Helper()
	findings, s := looktest.Diagnosed(t, []topology.File{{Name: "objects.yaml", Data: objects}})
	return graph.New(s, findings, o)
}

// formats are all that can be written.
func formats(g *graph.Graph) map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{"txt": g.Tree, "dot": g.Dot, "mmd": g.Mermaid, "svg": g.SVG}
}

func written(t testing.TB, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Whole drawings, in every format.
func TestDrawings(t *testing.T) {
	cases := map[string]struct {
		reason  string
		options graph.Options
	}{
		"shop":      {"Everything there is.", graph.Options{}},
		"namespace": {"What is in a namespace, what leads there and from there.", graph.Options{Namespace: "blog"}},
		"route":     {"One route.", graph.Options{Target: "route/report"}},
		"service":   {"What leads to a Service.", graph.Options{Target: "service/mcp", Namespace: "shop"}},
		"folded":    {"Few rows: errors stay, the rest is folded, and that is said.", graph.Options{Most: 9}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for suffix, write := range formats(drawn(t, looktest.Read(t, shop), tc.options)) {
				looktest.Golden(t, "testdata/"+name+"."+suffix, []byte(written(t, write)))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	cases := map[string]struct {
		reason  string
		options graph.Options
		want    string
	}{
		"BadTarget":    {"No kind.", graph.Options{Target: "web"}, "gateway/NAME"},
		"BadKind":      {"A kind that is not drawn.", graph.Options{Target: "secret/web"}, "gateway/NAME"},
		"NoName":       {"No name.", graph.Options{Target: "route/"}, "gateway/NAME"},
		"Unknown":      {"What is not there.", graph.Options{Target: "route/none"}, `cannot find "route/none"`},
		"NotThere":     {"It is in another namespace.", graph.Options{Target: "route/rest", Namespace: "shop"}, `cannot find "route/rest" in namespace "shop"`},
		"NoNamespace":  {"Nothing is there.", graph.Options{Namespace: "none"}, `cannot find anything to draw in namespace "none"`},
		"NoListener":   {"A listener has no name of its own.", graph.Options{Target: "gateway/https"}, `cannot find "gateway/https"`},
		"OtherKind":    {"Kinds are not confused.", graph.Options{Target: "grpcroute/web"}, `cannot find "grpcroute/web"`},
		"PodsOfRemote": {"Endpoints are no Services.", graph.Options{Target: "service/none"}, `cannot find "service/none"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := draw(t, looktest.Read(t, shop), tc.options); !errors.Is(err, graph.ErrInput) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: want %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}

// Every finding is marked on its object, or counted.
func TestFindingsAreNotLost(t *testing.T) {
	for _, check := range diagnose.All() {
		objects := looktest.Read(t, firstOf(t, "../diagnose/testdata/"+check.ID+"/broken"))
		s, err := topology.FromFiles([]topology.File{{Name: "objects.yaml", Data: objects}})
		if err != nil {
			t.Fatal(err)
		}
		findings, err := diagnose.Diagnose(s, diagnose.Options{Now: metav1.NewTime(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)), Kubernetes: "v1.34.2"})
		if err != nil {
			t.Fatal(err)
		}
		g, err := graph.New(s, findings, graph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		text := written(t, g.Tree)
		notes := strings.Join(g.Notes(), " ")
		for _, f := range findings {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), f.Check) && notes == "" {
				t.Errorf("%s: finding %s on %s is neither drawn nor counted:\n%s", check.ID, f.Check, f.Object, text)
			}
		}
	}
}

func firstOf(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) == 0 {
		t.Fatalf("want files in %s: %v", folder, err)
	}
	return folder + "/" + entries[0].Name()
}

// many are Gateways with ten routes each; every hundredth route asks for a port that its
// Service does not have.
func many(gateways int) []byte {
	var out bytes.Buffer
	fmt.Fprintln(&out, "{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: eg}, spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}}")
	for i := range gateways {
		fmt.Fprintf(&out, "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g%03d, namespace: infra}, spec: {gatewayClassName: eg, listeners: [\n"+
			"  {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}},\n"+
			"  {name: https, port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}}]}}\n", i)
	}
	for i := range 10 * gateways {
		port := 80
		if i%100 == 7 {
			port = 81
		}
		fmt.Fprintf(&out, "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r%04d, namespace: team-%d}, spec: {\n"+
			"  hostnames: [r%d.example.com], parentRefs: [{name: g%03d, namespace: infra}], rules: [{backendRefs: [{name: s%04d, port: %d}]}]}}\n", i, i%7, i, i%gateways, i, port)
		fmt.Fprintf(&out, "---\n{apiVersion: v1, kind: Service, metadata: {name: s%04d, namespace: team-%d}, spec: {ports: [{port: 80}]}}\n", i, i%7)
	}
	return out.Bytes()
}

// A large drawing is folded to the rows that are asked for; what is wrong stays, and what was
// folded is counted.
func TestFolding(t *testing.T) {
	objects := many(40)
	cases := map[string]struct {
		reason  string
		options graph.Options
		want    []string
		absent  string
		most    int
	}{
		"All":        {"0 draws everything.", graph.Options{}, []string{"team-0/r0000", "team-0/r0399"}, "folded", 5000},
		"Routes":     {"Routes with errors stay.", graph.Options{Most: 100}, []string{"✗ HTTPRoute team-0/r0007", "396 of 400 routes", "10 routes, as above", "8 more routes"}, "r0000", 300},
		"Gateways":   {"Gateways with errors below come first.", graph.Options{Most: 20}, []string{"more Gateways (with", "Gateways and 4", "infra/g007", "10 routes (2 with errors)"}, "infra/g039", 80},
		"Namespace":  {"One namespace fits.", graph.Options{Most: 150, Namespace: "team-3"}, []string{"team-3/r0003"}, "team-4", 1000},
		"OneGateway": {"One Gateway fits.", graph.Options{Most: 100, Target: "gateway/g005"}, []string{"team-5/r0005", "infra/g005"}, "g006", 100},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			text := strings.Join(strings.Fields(strings.ReplaceAll(written(t, drawn(t, objects, tc.options).Tree), "│", "")), " ")
			lines := strings.Count(written(t, drawn(t, objects, tc.options).Tree), "\n")
			for _, want := range tc.want {
				if !strings.Contains(text, want) {
					t.Errorf("%s: want %q in\n%s", tc.reason, want, text)
				}
			}
			if strings.Contains(text, tc.absent) || lines > tc.most {
				t.Errorf("%s: want at most %d lines without %q, got %d:\n%s", tc.reason, tc.most, tc.absent, lines, text)
			}
		})
	}
}

// Boxes do not overlap, and the picture is as large as what is in it.
func TestBoxesDoNotOverlap(t *testing.T) {
	for name, objects := range map[string][]byte{"shop": looktest.Read(t, shop), "many": many(12)} {
		picture := parse(t, written(t, drawn(t, objects, graph.Options{}).SVG))
		if len(picture.Groups) < 10 {
			t.Fatalf("%s: want boxes, got %d", name, len(picture.Groups))
		}
		for i, a := range picture.Groups {
			if r := a.Rect; r.X < 0 || r.Y < 0 || r.X+r.Width > picture.Width || r.Y+r.Height > picture.Height {
				t.Errorf("%s: %q stands outside of the picture", name, a.Title)
			}
			for _, b := range picture.Groups[i+1:] {
				if a.Rect.meets(b.Rect) {
					t.Errorf("%s: %q and %q overlap: %+v %+v", name, a.Title, b.Title, a.Rect, b.Rect)
				}
			}
			for _, line := range a.Text {
				if width := 7.25 * float64(len([]rune(line))); width > a.Rect.Width {
					t.Errorf("%s: %q is wider than its box", name, line)
				}
			}
		}
	}
}

// picture is what tests look at of an SVG.
type picture struct {
	Width  float64 `xml:"width,attr"`
	Height float64 `xml:"height,attr"`
	Groups []struct {
		Title string   `xml:"title"`
		Rect  rect     `xml:"rect"`
		Text  []string `xml:"text"`
	} `xml:"g"`
}

type rect struct {
	X      float64 `xml:"x,attr"`
	Y      float64 `xml:"y,attr"`
	Width  float64 `xml:"width,attr"`
	Height float64 `xml:"height,attr"`
}

func (r rect) meets(o rect) bool {
	return r.X < o.X+o.Width && o.X < r.X+r.Width && r.Y < o.Y+o.Height && o.Y < r.Y+r.Height
}

func parse(t *testing.T, svg string) picture {
	t.Helper()
	out := picture{}
	if err := xml.Unmarshal([]byte(svg), &out); err != nil {
		t.Fatalf("%v in\n%s", err, svg)
	}
	return out
}

var (
	dotLine     = regexp.MustCompile(`^(digraph gatehouse \{|\}|  (rankdir=LR;|node \[.*\];|edge \[.*\];|label=` + dotText + `;|n\d+( -> n\d+)?( \[` + dotAttribute + `(, ` + dotAttribute + `)*\])?;))$`)
	mermaidLine = regexp.MustCompile(`^(flowchart LR|  (n\d+|note\d+)\["[^"]*"\]|  n\d+ -?-?\.?->(\|"[^"]*"\|)? n\d+|  classDef [a-z]+ [a-z0-9:#,-]+|  class [n0-9,]+ [a-z]+)$`)
)

const (
	dotText      = `"(?:[^"\\]|\\.)*"`
	dotAttribute = `[a-z]+=(?:` + dotText + `|[a-z]+)`
)

// wellFormed says what is wrong with a drawing in any format.
func wellFormed(t *testing.T, g *graph.Graph) {
	t.Helper()
	parse(t, written(t, g.SVG))
	for line := range strings.Lines(written(t, g.Dot)) {
		if !dotLine.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("not a line of dot: %q", line)
		}
	}
	for line := range strings.Lines(written(t, g.Mermaid)) {
		if !mermaidLine.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("not a line of mermaid: %q", line)
		}
	}
}

func TestWellFormed(t *testing.T) {
	wellFormed(t, drawn(t, looktest.Read(t, shop), graph.Options{}))
	wellFormed(t, drawn(t, many(5), graph.Options{Most: 10}))
}

// FuzzEscaping puts anything into the names of what is drawn: files are not checked by an API
// server.
func FuzzEscaping(f *testing.F) {
	f.Add("web", "a.example.com")
	f.Add(`"];evil[label="`, `\`)
	f.Add("</title><script>alert(1)</script>", "]]>&amp;")
	f.Add("a\nb\r\t\x00\x1b[31m", "\xff\xfe�\ufffe")
	f.Add("`**x**` #quot; end", "|-->|{}()")
	f.Fuzz(func(t *testing.T, name, host string) {
		objects := fmt.Sprintf(`{"apiVersion": "v1", "kind": "List", "items": [
{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": %[1]s, "namespace": "a"},
 "spec": {"gatewayClassName": %[2]s, "listeners": [{"name": %[1]s, "hostname": %[2]s, "port": 80, "protocol": "HTTP"}]}},
{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": %[1]s, "namespace": "a"},
 "spec": {"parentRefs": [{"name": %[1]s}], "rules": [{"backendRefs": [{"name": %[2]s, "port": 80}, {"name": "x", "kind": %[1]s, "group": "y"}]}]}}]}`,
			quoted(t, name), quoted(t, host))
		s, err := topology.FromFiles([]topology.File{{Name: "objects.json", Data: []byte(objects)}})
		if err != nil {
			t.Fatal(err)
		}
		findings, err := diagnose.Diagnose(s, diagnose.Options{})
		if err != nil {
			t.Fatal(err)
		}
		g, err := graph.New(s, findings, graph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, g)
	})
}

// The same input gives the same bytes.
// What a route has for a parent is drawn without a word about whether it works, where that is
// not looked at.
func TestOtherParents(t *testing.T) {
	const mesh = `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: team},
 spec: {parentRefs: [{group: "", kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: team}, spec: {ports: [{port: 80}]}}`
	want := `└─ Service team/web (not looked at)
   └─ HTTPRoute team/web
      └─ Service team/web
`
	if diff := cmp.Diff(want, written(t, drawn(t, []byte(mesh), graph.Options{}).Tree)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestDeterministic(t *testing.T) {
	for _, objects := range [][]byte{looktest.Read(t, shop), many(20)} {
		want := map[string]string{}
		for range 4 {
			for name, write := range formats(drawn(t, objects, graph.Options{Most: 30})) {
				got := written(t, write)
				if want[name] != "" && want[name] != got {
					t.Fatalf("%s: want the same bytes each time", name)
				}
				want[name] = got
			}
		}
	}
}

// quoted is a text as JSON has it.
func quoted(t *testing.T, text string) string {
	t.Helper()
	raw, err := json.Marshal(strings.ToValidUTF8(text, "?"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
