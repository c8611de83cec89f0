package catalog

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadControllers(t *testing.T) {
	c, err := LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	var gateway, ingress []string
	for _, row := range c.Gateway {
		gateway = append(gateway, row.Name)
		checkFacts(t, row.ControllerFacts)
		for _, name := range row.GatewayClassControllers {
			// The rule of GatewayClass.spec.controllerName: a domain and a path.
			if domain, path, found := strings.Cut(name, "/"); !found || !strings.Contains(domain, ".") || path == "" {
				t.Errorf("%s: %q is no controllerName", row.Name, name)
			}
			if got, _ := c.ByGatewayClass(name); got.Name != row.Name {
				t.Errorf("ByGatewayClass(%q): want %q, got %q", name, row.Name, got.Name)
			}
		}
		if got, _ := c.GatewayNamed(row.Name); got.Title != row.Title {
			t.Errorf("GatewayNamed(%q): got %q", row.Name, got.Title)
		}
	}
	for _, row := range c.Ingress {
		ingress = append(ingress, row.Name)
		checkFacts(t, row.ControllerFacts)
		if got, _ := c.IngressNamed(row.Name); got.Title != row.Title {
			t.Errorf("IngressNamed(%q): got %q", row.Name, got.Title)
		}
	}
	// The names are values of the chart mcp-server, so they never change.
	wantGateway := []string{
		"envoy-gateway", "istio", "kgateway", "cilium", "contour", "nginx-gateway-fabric",
		"traefik", "gke", "aws-lbc", "azure-agc", "kong", "haproxy",
	}
	if diff := cmp.Diff(wantGateway, gateway); diff != "" {
		t.Errorf("gateway controllers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ingress-nginx", "traefik", "haproxy", "aws-alb", "gke"}, ingress); diff != "" {
		t.Errorf("ingress controllers (-want +got):\n%s", diff)
	}
}

func checkFacts(t *testing.T, f ControllerFacts) {
	t.Helper()
	for _, line := range []string{f.Guaranteed, f.Cannot} {
		if strings.Contains(line, "\n") || line != "" && !strings.HasSuffix(line, ".") {
			t.Errorf("%s: want one line that is a sentence, got %q", f.Name, line)
		}
	}
	for _, source := range f.Source {
		if u, err := url.Parse(source); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s: source %q is no address", f.Name, source)
		}
	}
	if f.Annotations != nil && f.Annotations.Carrier != "Ingress" && f.Annotations.Carrier != "Service" {
		t.Errorf("%s: annotations carried by %q", f.Name, f.Annotations.Carrier)
	}
	if p := f.Policy; p != nil && (p.Group == "" || p.Version == "" || p.Kind == "" || p.Targets == "" || len(p.Fields) == 0) {
		t.Errorf("%s: incomplete policy %+v", f.Name, *p)
	}
}

func TestByIngressClass(t *testing.T) {
	c, err := LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ reason, controller, class, want string }{
		"Controller":     {"spec.controller says it", "k8s.io/ingress-nginx", "public", "ingress-nginx"},
		"Suffix":         {"HAProxy's controllers append their class", "haproxy.org/ingress-controller/public", "x", "haproxy"},
		"SimilarName":    {"Only a slash begins a suffix", "k8s.io/ingress-nginx-fork", "nginx", ""},
		"NoIngressClass": {"GKE knows only the name of its class", "", "gce-internal", "gke"},
		"ForeignClass":   {"The controller of a declared class wins over its name", "nginx.org/ingress-controller", "nginx", ""},
		"Nothing":        {"Nothing is known of nothing", "", "", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, ok := c.ByIngressClass(tc.controller, tc.class)
			if got.Name != tc.want || ok != (tc.want != "") {
				t.Errorf("%s: want %q, got %q (%t)", tc.reason, tc.want, got.Name, ok)
			}
		})
	}
	if _, ok := c.ByGatewayClass("example.org/controller"); ok {
		t.Error("want an unknown controllerName to be unknown")
	}
}

func TestParseControllersRefuses(t *testing.T) {
	row := func(change string) string {
		return "{name: a, title: A, versions: '1', guaranteed: 'Yes.', source: [x], " + change + "}"
	}
	const fine = "gatewayClassControllers: [a.b/c], timeouts: {request: honored, backendRequest: ignored}, clocks: {total: 15s, idle: none}"
	cases := map[string]struct{ reason, in, want string }{
		"UnknownField":  {"A typing mistake would silently lose a fact", "gateway: [{nam: a}]", "nam"},
		"Twice":         {"Two rows for a controller contradict each other", "gateway: [" + row(fine) + ", " + row(fine) + "]", `gateway controller "a" stands twice`},
		"TwiceByClass":  {"A controllerName belongs to one row", "gateway: [" + row(fine) + ", " + row(fine) + "]", `GatewayClass controller "a.b/c" stands twice`},
		"Handling":      {"Only the known words mean something", "gateway: [" + row(strings.Replace(fine, "honored", "maybe", 1)) + "]", `timeouts cannot be "maybe"`},
		"Clock":         {"A clock is read by programs", "gateway: [" + row(strings.Replace(fine, "15s", "15 s", 1)) + "]", `not "15 s"`},
		"NoClass":       {"A row that no GatewayClass names is never found", "gateway: [" + row(strings.Replace(fine, "[a.b/c]", "[]", 1)) + "]", "needs gatewayClassControllers"},
		"NoSource":      {"A fact without source cannot be checked", "ingress: [{name: a, title: A, versions: '1', guaranteed: 'Yes.', clocks: {total: none, idle: none}}]", "needs a source"},
		"NoGuarantee":   {"The chart prints it", "ingress: [{name: a, title: A, versions: '1', source: [x], clocks: {total: none, idle: none}}]", "needs guaranteed"},
		"EveryMistake":  {"All mistakes are told at once", "ingress: [{name: a, title: A, clocks: {total: none, idle: none}}]", "needs versions\n"},
		"IngressClocks": {"An empty clock is no clock", "ingress: [" + row("ingressClassControllers: []") + "]", `not ""`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseControllers([]byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: want an error with %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}
