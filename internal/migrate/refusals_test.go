package migrate_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/migrate"
)

const anIngress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
`

func TestRefusals(t *testing.T) {
	var many strings.Builder
	for i := range 40 {
		many.WriteString("---" + strings.NewReplacer(
			"name: web", fmt.Sprintf("name: web%d", i), "shop.example.com", fmt.Sprintf("h%d.example.com", i),
			"  rules:", "  tls: [{secretName: web}]\n  rules:",
		).Replace(anIngress))
	}
	cases := map[string]struct {
		reason  string
		in      string
		options migrate.Options
		want    string
	}{
		"Nothing": {reason: "A file without an Ingress is the wrong file.", in: "kind: Secret\napiVersion: v1", want: "cannot find an Ingress (networking.k8s.io/v1) to migrate"},
		"UnknownController": {
			reason: "A typing mistake would give what the standard promises.", in: anIngress, options: migrate.Options{Controller: "nginx"},
			want: `cannot migrate for controller "nginx": known are auto, envoy-gateway`,
		},
		"Beta": {
			reason: "No cluster serves it.", in: strings.Replace(anIngress, "networking.k8s.io/v1", "networking.k8s.io/v1beta1", 1),
			want: `cannot read Ingress "web": it is networking.k8s.io/v1beta1, which no Kubernetes serves since 1.22`,
		},
		"Extensions": {reason: "Nor this one.", in: strings.Replace(anIngress, "networking.k8s.io/v1", "extensions/v1beta1", 1), want: "it is extensions/v1beta1"},
		"UnknownField": {
			reason: "A setting that nobody reads is a mistake.", in: strings.Replace(anIngress, "ingressClassName", "ingressClas", 1),
			want: `cannot read Ingress "web": strict decoding error: unknown field "spec.ingressClas"`,
		},
		"Twice": {reason: "Which of them is meant?", in: anIngress + "---" + anIngress, want: `cannot migrate Ingress "shop/web": it stands in the input twice`},
		"NoClass": {
			reason: "Nobody would serve the Gateway.", in: strings.Replace(anIngress, "  ingressClassName: nginx\n", "", 1),
			want: "cannot choose a GatewayClass for Ingress shop/web: it names no class; give --gateway-class",
		},
		"TooManyListeners": {reason: "A Gateway with more is refused.", in: many.String(), want: `cannot make Gateway "shop/nginx": it would have 80 listeners, and a Gateway takes 64`},
		"NoName":           {reason: "Nothing could be called after it.", in: strings.Replace(anIngress, "name: web, ", "", 1), want: "cannot read Ingress: metadata.name is missing"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in, err := migrate.Read(documents(t, tc.in))
			if err == nil {
				_, err = migrate.Run(in, tc.options)
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.Is(err, migrate.ErrInput) {
				t.Errorf("%s\nwant wrong input with %q, got: %v", tc.reason, tc.want, err)
			}
		})
	}
}

func TestParseName(t *testing.T) {
	if n, err := migrate.ParseName("gateways/shared"); err != nil || n != (migrate.Name{Namespace: "gateways", Name: "shared"}) {
		t.Errorf("got %v, %v", n, err)
	}
	for _, bad := range []string{"", "shared", "/shared", "gateways/", "a/b/c"} {
		if _, err := migrate.ParseName(bad); !errors.Is(err, migrate.ErrInput) {
			t.Errorf("%q is no name of a Gateway, got: %v", bad, err)
		}
	}
}

// TestEveryAnnotationHasACase: an annotation that is added to a family needs a case.
func TestEveryAnnotationHasACase(t *testing.T) {
	var all strings.Builder
	for _, name := range cases(t) {
		all.WriteString(readFile(t, filepath.Join("testdata", name, "in.yaml")))
	}
	for family, keys := range migrate.Known() {
		for _, key := range keys {
			ending := ":"
			if strings.HasSuffix(key, ".") || strings.HasSuffix(key, "*") {
				ending = ""
			}
			if !strings.Contains(all.String(), strings.TrimSuffix(key, "*")+ending) {
				t.Errorf("%s: no case in testdata has %s", family, key)
			}
		}
	}
}

// TestEveryValueHasAnOutcome gives every annotation values that nobody should write, for
// every controller: each gets one outcome, and what is lost says what to do.
func TestEveryValueHasAnOutcome(t *testing.T) {
	controllers, err := catalog.LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]string{
		"ingress-nginx": "nginx", "Traefik": "traefik", "HAProxy Kubernetes Ingress Controller": "haproxy", "HAProxy Ingress": "haproxy",
		"AWS Load Balancer Controller": "alb", "GKE Ingress": "gce",
	}
	for family, keys := range migrate.Known() {
		for _, value := range []string{"", "true", "false", "-1", "99999999999999999999", "a\nb: c", "$1 %[x]", "{}", "https://[::1]:99999/$x", "10.0.0.0/99", ",,,"} {
			in := inputOf(t, anIngress)
			in.Ingresses[0].Spec.IngressClassName = new(classes[family])
			in.Ingresses[0].Annotations = map[string]string{}
			for _, key := range keys {
				in.Ingresses[0].Annotations[strings.TrimSuffix(key, "*")] = value
			}
			for _, controller := range migrate.Controllers(controllers) {
				result, err := migrate.Run(in, migrate.Options{Controller: controller})
				if err != nil {
					t.Fatalf("%s: %q for %s: %v", family, value, controller, err)
				}
				checkOutcomes(t, fmt.Sprintf("%s: %q for %s", family, value, controller), keys, result)
			}
		}
	}
}

func checkOutcomes(t *testing.T, name string, keys []string, result *migrate.Result) {
	t.Helper()
	for _, key := range keys {
		if !slices.ContainsFunc(result.Report.Entries, func(e migrate.Entry) bool { return e.Field == strings.TrimSuffix(key, "*") }) {
			t.Errorf("%s: nothing is said of %s", name, key)
		}
	}
	for _, e := range result.Report.Entries {
		switch {
		case e.Outcome == "":
			t.Errorf("%s: no outcome of %s", name, e.Field)
		case e.Outcome == migrate.Lost && (e.Why == "" || e.Do == ""):
			t.Errorf("%s: lost, and not said why or what to do: %+v", name, e)
		case e.Outcome == migrate.Translated && len(e.To) == 0:
			t.Errorf("%s: translated, but to nothing: %+v", name, e)
		case e.Outcome == migrate.NotNeeded && e.Why == "":
			t.Errorf("%s: not needed, and no word why: %+v", name, e)
		}
	}
}
