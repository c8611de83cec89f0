package explain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/explain"
	"github.com/gatehouse-platform/gatehouse/internal/looktest"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// looked is a snapshot of the YAML files of a folder, and what is wrong there.
func looked(t testing.TB, folder string) (*topology.Snapshot, []diagnose.Finding) {
	t.Helper()
	findings, s := looktest.Diagnosed(t, looktest.Files(t, folder))
	return s, findings
}

func explained(t testing.TB, folder, target string, o explain.Options) *explain.Explanation {
	t.Helper()
	s, findings := looked(t, folder)
	at, err := explain.ParseTarget(target, "")
	if err != nil {
		t.Fatal(err)
	}
	e, err := explain.Explain(s, findings, at, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const (
	shop   = "testdata/shop"
	broken = "../diagnose/testdata/"
)

// Whole explanations, as people read them. Each says what becomes of the request, and by
// which check of diagnose, so that a golden file cannot be written without being meant.
func TestExplain(t *testing.T) {
	cases := map[string]struct {
		reason  string
		folder  string
		target  string
		options explain.Options
		outcome explain.Outcome
		check   string
	}{
		"defaults": {
			"Host, path and method are those of the route; a canary that does not run gets a tenth.",
			shop, "route/web",
			explain.Options{},
			explain.Partly, "backend-no-endpoints",
		},
		"header": {
			"An exact path and a header win; names of headers are told, never their values.",
			shop, "route/web",
			explain.Options{Path: "/beta", Headers: map[string]string{"x-beta": "yes", "authorization": "Bearer PRIVATE"}},
			explain.Arrives, "",
		},
		"longer-prefix": {
			"The longer prefix of another route wins, and the clocks are those of that one.",
			shop, "route/web",
			explain.Options{Path: "/mcp?a=1"},
			explain.Elsewhere, "",
		},
		"own-loses": {
			"A route whose match is the same as that of an older one gets nothing.",
			shop, "route/rest",
			explain.Options{Host: "shop.example.com", Path: "/about"},
			explain.Elsewhere, "",
		},
		"regular-expression": {
			"A regular expression goes before a prefix here, and says that this is up to the controller.",
			shop, "route/rest",
			explain.Options{Host: "blog.example.com", Path: "/2026/11"},
			explain.Arrives, "",
		},
		"clocks": {
			"The clock that cuts a stream, and the finding about it.",
			shop, "route/mcp",
			explain.Options{Method: "post"},
			explain.Arrives, "",
		},
		"redirect": {
			"A redirect is an answer.",
			shop, "route/to-https",
			explain.Options{Host: "shop.example.com"},
			explain.Answered, "",
		},
		"not-allowed": {
			"A route that is not let in stops there, and what is behind is shown all the same.",
			shop, "route/admin",
			explain.Options{},
			explain.Stops, "route-namespace-not-allowed",
		},
		"nearer-listener": {
			"A listener with a more specific hostname takes the request away from the route.",
			shop, "route/rest",
			explain.Options{Host: "admin.example.com"},
			explain.Stops, "",
		},
		"no-listener": {
			"No listener answers to the host on that port.",
			shop, "route/web",
			explain.Options{Host: "shop.example.org", Port: 443},
			explain.Stops, "",
		},
		"interceptor": {
			"What sleeps behind KEDA's interceptor is woken: nothing stops the request.",
			shop, "route/report",
			explain.Options{},
			explain.Arrives, "",
		},
		"grpc": {
			"A method of a GRPCRoute is a path.",
			shop, "grpcroute/stock",
			explain.Options{},
			explain.Arrives, "",
		},
		"grpc-no-match": {
			"No match is an answer of 404, with what each match lacks.",
			shop, "route/stock",
			explain.Options{Path: "/shop.v1.Stock/Other"},
			explain.Stops, "",
		},
		"ingress": {
			"The exact path of an Ingress wins over the prefix.",
			shop, "ingress/old",
			explain.Options{Path: "/mcp"},
			explain.Arrives, "",
		},
		"ingress-no-path": {
			"No Ingress takes the request.",
			shop, "ingress/old",
			explain.Options{Host: "new.example.com"},
			explain.Stops, "",
		},
		"no-grant": {
			"A finding about a backend stops it there.",
			broken + "backend-not-granted/broken", "route/web",
			explain.Options{},
			explain.Stops, "backend-not-granted",
		},
		"no-parent": {
			"Without a Gateway the way begins at the route.",
			broken + "route-parent-missing/broken", "route/web",
			explain.Options{},
			explain.Stops, "route-parent-missing",
		},
		"refused": {
			"A controller that refuses the route is believed.",
			broken + "timeout-refused/broken", "route/web",
			explain.Options{},
			explain.Stops, "timeout-refused",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			e := explained(t, tc.folder, tc.target, tc.options)
			check := ""
			if e.Stop != nil {
				check = e.Stop.Check
			}
			if e.Outcome != tc.outcome || check != tc.check {
				t.Errorf("%s\nwant %s by %q, got %s by %q: %s", tc.reason, tc.outcome, tc.check, e.Outcome, check, e.Summary)
			}
			var text bytes.Buffer
			if err := e.Text(&text); err != nil {
				t.Fatal(err)
			}
			looktest.Golden(t, filepath.Join("testdata", name+".txt"), text.Bytes())
		})
	}
}

// Every check of diagnose that is about an object on the way is told, and stops the request
// if it is an error. Where what is broken has no route, one is put behind every listener.
func TestChecksStandOnTheWay(t *testing.T) {
	for check, target := range map[string]string{
		"backend-missing": "web", "backend-port": "web", "backend-not-granted": "web", "backend-no-endpoints": "web",
		"gateway-class-not-accepted": "", "gateway-class-missing": "", "gateway-no-address": "", "gateway-not-accepted": "", "listener-conflict": "", "listener-protocol": "",
		"certificate-expired": "", "certificate-hostname": "", "secret-missing": "", "secret-wrong-type": "", "secret-not-granted": "",
		"route-parent-missing": "web", "route-section-missing": "web", "route-port-mismatch": "web", "route-kind-not-allowed": "web",
		"route-namespace-not-allowed": "web", "route-hostname-mismatch": "web", "route-not-accepted": "web", "route-not-resolved": "web",
		"timeout-refused": "web", "ingress-class": "web", "interceptor-not-serving": "web", "scaler-bypassed": "web", "listener-set-not-allowed": "",
	} {
		t.Run(check, func(t *testing.T) {
			files := looktest.Files(t, broken+check+"/broken")
			if target == "" {
				files = append(files, probes(t, files))
			}
			findings, s := looktest.Diagnosed(t, files)
			kind := ""
			if check == "ingress-class" {
				kind = "Ingress"
			}
			stopped := 0
			for _, at := range targets(s, kind, target) {
				stopped += stops(t, s, findings, at, check)
			}
			if stopped == 0 {
				t.Error("want at least one request to stop by it")
			}
		})
	}
}

// targets are the routes or Ingresses of a name; probes, if it is empty.
func targets(s *topology.Snapshot, kind, name string) []explain.Target {
	if kind == "Ingress" {
		return []explain.Target{{Kind: kind, Name: name}}
	}
	var out []explain.Target
	for _, f := range s.Facts() {
		if f.Ref.Name == name || name == "" && strings.HasPrefix(f.Ref.Name, "probe-") {
			out = append(out, explain.Target{Kind: f.Ref.Kind, Namespace: f.Ref.Namespace, Name: f.Ref.Name})
		}
	}
	return out
}

// probes are routes, one behind each listener of some files.
func probes(t *testing.T, files []topology.File) topology.File {
	t.Helper()
	s, err := topology.FromFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	out := topology.File{Name: "probes.yaml"}
	for i, l := range s.Listeners() {
		out.Data = append(out.Data, fmt.Sprintf(
			"---\n{apiVersion: %s, kind: HTTPRoute, metadata: {name: probe-%d, namespace: %s}, spec: {parentRefs: [{name: %s, kind: %s, sectionName: %s}], rules: [{backendRefs: [{name: x, port: 80}]}]}}\n",
			"gateway.networking.k8s.io/v1", i, l.Owner.Namespace, l.Owner.Name, l.Owner.Kind, l.Name)...)
	}
	return out
}

// stops counts 1 if a request for a target stops by a check.
func stops(t *testing.T, s *topology.Snapshot, findings []diagnose.Finding, at explain.Target, check string) int {
	t.Helper()
	e, err := explain.Explain(s, findings, at, explain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Stop == nil || e.Stop.Check != check {
		t.Logf("%+v: %s: %s", at, e.Outcome, e.Summary)
		return 0
	}
	if !e.Fails() {
		t.Errorf("%+v: stops, and does not fail", at)
	}
	return 1
}

// The same input gives the same bytes.
func TestDeterministic(t *testing.T) {
	for _, target := range []string{"route/web", "route/report", "ingress/old"} {
		want, err := json.Marshal(explained(t, shop, target, explain.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			got, err := json.Marshal(explained(t, shop, target, explain.Options{}))
			if err != nil || !bytes.Equal(want, got) {
				t.Fatalf("%s: want the same bytes each time, got %v\n%s\n%s", target, err, want, got)
			}
		}
	}
}
