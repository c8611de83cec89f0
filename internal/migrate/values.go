package migrate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// ValuesResult is a values file of the chart mcp-server.
type ValuesResult struct {
	Values map[string]any
	Report Report
}

// Values turns a values file of the chart mcp-server, or of the one that it follows, from
// ingress to gateway. Everything else of the file stays. The name is that of the file, for
// the report. The error wraps ErrInput.
func Values(values map[string]any, name string, o Options) (*ValuesResult, error) {
	ingress, _ := values["ingress"].(map[string]any)
	if on, _ := ingress["enabled"].(bool); !on {
		return nil, fmt.Errorf("cannot migrate %q: ingress.enabled is not true, so the chart makes no Ingress: %w", name, ErrInput)
	}
	if on, _, _ := unstructured.NestedBool(values, "gateway", "enabled"); on {
		return nil, fmt.Errorf("cannot migrate %q: gateway.enabled is true already, and a release has one way in: %w", name, ErrInput)
	}
	rendered := chartIngress(ingress)
	m, err := newMigration(Input{Ingresses: []*networkingv1.Ingress{rendered}}, o)
	if err != nil {
		return nil, err
	}
	if row, known := m.controllers.IngressNamed(text(ingress["controller"])); known {
		m.sites[0].controller = row
		m.sites[0].family = m.familyOf(m.sites[0])
	}
	base := maps.Clone(values)
	delete(base, "ingress")
	v := &valuesWriter{m: m, s: m.sites[0], source: Ref{Kind: "Values", Name: name}}
	v.reportOthers(ingress)
	return v.write(base)
}

// ValuesOf turns an Ingress that the chart mcp-server made into values of the chart. The
// input has to hold exactly one.
func ValuesOf(in Input, o Options) (*ValuesResult, error) {
	if len(in.Ingresses) != 1 {
		return nil, fmt.Errorf("cannot write values: they are of one release, which has one Ingress, and there are %d: %w", len(in.Ingresses), ErrInput)
	}
	m, err := newMigration(in, o)
	if err != nil {
		return nil, err
	}
	return (&valuesWriter{m: m, s: m.sites[0]}).write(map[string]any{})
}

// Defaults of the chart, and of the one that it follows.
const (
	chartClass     = "nginx"
	chartRelease   = "mcp-server"
	chartNamespace = "release"
	// chartSecret stands for <fullname>-tls, which both ingress and gateway default to.
	chartSecret = "fullname-tls"
)

// chartIngress is the Ingress that the chart makes of its values.
func chartIngress(ingress map[string]any) *networkingv1.Ingress {
	in := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: chartNamespace, Name: chartRelease, Annotations: map[string]string{}}}
	class := chartClass
	if given, found := ingress["className"]; found {
		class = text(given)
	}
	in.Spec.IngressClassName = &class
	if slices.Contains([]string{"", auto, "ingress-nginx"}, text(ingress["controller"])) {
		life := streaming.Length("1h")
		if given, found, _ := unstructured.NestedString(ingress, "timeouts", "request"); found {
			life = streaming.Length(given)
		}
		if d, limited := life.Duration(); limited && d == 0 {
			life = streaming.Unlimited
		}
		n := strconv.FormatInt(seconds(life, 31536000, 31536000), 10)
		maps.Copy(in.Annotations, map[string]string{nginxPrefix + "proxy-read-timeout": n, nginxPrefix + "proxy-send-timeout": n, nginxPrefix + "proxy-buffering": "off"})
	}
	given, _ := ingress["annotations"].(map[string]any)
	for _, key := range sortedKeys(given) {
		if given[key] == nil {
			delete(in.Annotations, key) // as Helm takes a default away
			continue
		}
		in.Annotations[key] = fmt.Sprint(given[key])
	}
	host := text(ingress["host"])
	path := networkingv1.PathTypePrefix
	in.Spec.Rules = []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
		Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: &path, Backend: networkingv1.IngressBackend{
			Service: &networkingv1.IngressServiceBackend{Name: chartRelease, Port: networkingv1.ServiceBackendPort{Number: 3456}},
		}}},
	}}}}
	if on, _, _ := unstructured.NestedBool(ingress, "tls", "enabled"); on {
		secret, _, _ := unstructured.NestedString(ingress, "tls", "secretName")
		tls := networkingv1.IngressTLS{SecretName: cmp.Or(secret, chartSecret)}
		if host != "" {
			tls.Hosts = []string{host}
		}
		in.Spec.TLS = []networkingv1.IngressTLS{tls}
		if issuer, _, _ := unstructured.NestedString(ingress, "tls", "clusterIssuer"); issuer != "" {
			in.Annotations["cert-manager.io/cluster-issuer"] = issuer
		}
	}
	return in
}

// valuesWriter writes values instead of objects.
type valuesWriter struct {
	m *migration
	s *site
	// source that entries are about, in place of an Ingress; the zero value for an Ingress.
	source Ref
}

func (v *valuesWriter) write(base map[string]any) (*ValuesResult, error) {
	if err := v.m.checkClasses(); err != nil {
		return nil, err
	}
	v.m.read(v.s)
	have, _ := base["gateway"].(map[string]any)
	base["gateway"] = laidOver(have, v.gateway())
	var entries []Entry
	for _, e := range v.s.entries {
		entries = append(entries, v.entry(e))
	}
	return &ValuesResult{Values: base, Report: newReport(entries)}, nil
}

// gateway are the values of gateway.
func (v *valuesWriter) gateway() map[string]any {
	s, out := v.s, map[string]any{}
	if v.m.target.Name != "" {
		out["controller"] = v.m.target.Name
	}
	out["timeouts"] = map[string]any{"request": gatewayDuration(s.clocks.total)}
	if redirects(s) {
		out["httpsRedirect"] = true
	}
	if len(s.want.onRoute) > 0 {
		out["routes"] = map[string]any{"annotations": anyMap(s.want.onRoute)}
	}
	hosts := s.hostsOf(s.groups[0])
	if v.m.options.Gateway != nil {
		existing := map[string]any{"name": v.m.options.Gateway.Name, "namespace": v.m.options.Gateway.Namespace}
		if redirects(s) {
			existing["sectionName"], existing["httpSectionName"] = "https", "http"
		}
		out["existing"] = existing
		if hosts[0] != "" {
			out["hostnames"] = anyList(hosts)
		}
		return out
	}
	out["enabled"], out["className"] = true, v.m.gatewayClass(s)
	v.listeners(out, hosts[0])
	if len(hosts) > 1 {
		out["hostnames"] = anyList(hosts)
	}
	return out
}

// listeners have the host of the Ingress, unless there are more: then they answer to any,
// and the route says which.
func (v *valuesWriter) listeners(out map[string]any, host string) {
	s := v.s
	if len(s.want.aliases) > 0 {
		host = ""
	}
	http, https := map[string]any{"enabled": !s.want.hideHTTP}, map[string]any{"enabled": true}
	if host != "" {
		http["hostname"], https["hostname"] = host, host
	}
	listeners := map[string]any{"http": http}
	if s.hasTLS() && !s.want.hideHTTPS {
		if secret := s.ingress.Spec.TLS; len(secret) > 0 && secret[0].SecretName != chartSecret {
			https["secretName"] = secret[0].SecretName
		}
		listeners["https"] = https
	}
	out["listeners"] = listeners
	annotations := map[string]any{}
	for _, key := range sortedKeys(s.want.onGateway) {
		switch value := s.want.onGateway[key]; key {
		case "cert-manager.io/issuer":
			out["issuer"] = value
		case "cert-manager.io/cluster-issuer":
			out["clusterIssuer"] = value
		default:
			annotations[key] = value
		}
	}
	if len(annotations) > 0 {
		out["annotations"] = annotations
	}
}

func redirects(s *site) bool {
	return s.want.https != 0 && s.hasTLS() && !s.want.hideHTTPS && !s.want.hideHTTP
}

func anyMap(m map[string]string) map[string]any {
	out := map[string]any{}
	for key, value := range m {
		out[key] = value
	}
	return out
}

// laidOver is what Helm makes of two values files.
func laidOver(under, over map[string]any) map[string]any {
	out := maps.Clone(under)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range over {
		a, isMap := out[key].(map[string]any)
		b, both := value.(map[string]any)
		if isMap && both {
			value = laidOver(a, b)
		}
		out[key] = value
	}
	return out
}
