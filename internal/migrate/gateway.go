package migrate

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// listeners of one Gateway: one for each host and protocol.
type listeners struct {
	// existing: nothing is made; the names are the usual ones.
	existing bool
	// named says that routes have to tell its listeners apart.
	named bool
	taken names
	all   []*gatewayv1.Listener
	// asked are Ingresses that ask for callers' certificates, by the listener.
	asked map[string]*site
}

// section is the name of the listener of a host, as a list of one. Of a Gateway that is
// there already it is empty, which is all of them, unless somebody has to tell HTTP from
// HTTPS.
func (l *listeners) section(protocol, host string) []string {
	if l.existing {
		if l.named {
			return []string{protocol}
		}
		return []string{""}
	}
	if i := l.find(protocol, host); i >= 0 {
		return []string{string(l.all[i].Name)}
	}
	return nil
}

func (l *listeners) find(protocol, host string) int {
	want := map[string]gatewayv1.ProtocolType{"http": gatewayv1.HTTPProtocolType, "https": gatewayv1.HTTPSProtocolType}[protocol]
	return slices.IndexFunc(l.all, func(have *gatewayv1.Listener) bool { return have.Protocol == want && hostname(have) == host })
}

func hostname(l *gatewayv1.Listener) string {
	if l.Hostname == nil {
		return ""
	}
	return string(*l.Hostname)
}

// listen adds the listeners of a host of an Ingress, unless they are there.
func (l *listeners) listen(s *site, host string) {
	if !s.want.hideHTTP && l.find("http", host) < 0 {
		l.add("http", 80, gatewayv1.HTTPProtocolType, host)
	}
	secret := s.secretOf(host)
	if s.want.hideHTTPS || (secret == "" && !s.managedTLS) {
		return
	}
	i := l.find("https", host)
	if i >= 0 {
		if have := l.all[i].TLS; secret != "" && have != nil && len(have.CertificateRefs) > 0 && string(have.CertificateRefs[0].Name) != secret {
			s.lostOnce("spec.tls", secret, fmt.Sprintf("another Ingress has Secret %s for host %s, and a listener serves one", have.CertificateRefs[0].Name, cmp.Or(host, "*")), "use one Secret for the host")
		}
		return
	}
	made := l.add("https", 443, gatewayv1.HTTPSProtocolType, host)
	switch {
	case secret != "":
		made.TLS = &gatewayv1.ListenerTLSConfig{Mode: new(gatewayv1.TLSModeTerminate), CertificateRefs: []gatewayv1.SecretObjectReference{{Name: gatewayv1.ObjectName(secret)}}}
	case s.want.preShared != "":
		// https://cloud.google.com/kubernetes-engine/docs/how-to/secure-gateway#secure-using-ssl-certificate
		made.TLS = &gatewayv1.ListenerTLSConfig{
			Mode:    new(gatewayv1.TLSModeTerminate),
			Options: map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue{"networking.gke.io/pre-shared-certs": gatewayv1.AnnotationValue(s.want.preShared)},
		}
	}
	// Without tls it is AWS's load balancer that has the certificate.
}

func (l *listeners) add(name string, port gatewayv1.PortNumber, protocol gatewayv1.ProtocolType, host string) *gatewayv1.Listener {
	made := &gatewayv1.Listener{
		Port: port, Protocol: protocol,
		AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: new(gatewayv1.NamespacesFromSame)}},
	}
	if host != "" {
		name += "-" + slug(host)
		made.Hostname = new(gatewayv1.Hostname(host))
	}
	made.Name = gatewayv1.SectionName(l.taken.free(name))
	l.all = append(l.all, made)
	return made
}

// gatewayBuild is a Gateway with the Ingresses that it serves.
type gatewayBuild struct {
	name      Name
	class     string
	sites     []*site
	listeners *listeners
}

// gateways are one for each namespace and class, with their listeners.
func (m *migration) gateways() ([]*gatewayBuild, error) {
	var out []*gatewayBuild
	for _, s := range m.sites {
		if s.canary {
			continue
		}
		name := m.gatewayName(s)
		i := slices.IndexFunc(out, func(b *gatewayBuild) bool { return b.name == name })
		if i < 0 {
			out = append(out, &gatewayBuild{name: name, class: m.gatewayClass(s), listeners: &listeners{existing: m.options.Gateway != nil, taken: names{}, asked: map[string]*site{}}})
			i = len(out) - 1
		}
		b := out[i]
		b.sites = append(b.sites, s)
		b.listeners.named = b.listeners.named || s.want.https != 0 || s.want.hideHTTP || s.want.hideHTTPS
	}
	if m.options.Gateway != nil {
		return out, nil
	}
	for _, b := range out {
		m.listen(b)
		if n := len(b.listeners.all); n > mostListeners {
			return nil, fmt.Errorf("cannot make Gateway %q: it would have %d listeners, and a Gateway takes %d; "+
				"migrate fewer Ingresses at once, or give a Gateway that serves the hosts (--gateway): %w", b.name, n, mostListeners, ErrInput)
		}
	}
	return out, nil
}

// listen adds the listeners of all Ingresses of a Gateway.
func (m *migration) listen(b *gatewayBuild) {
	for _, s := range b.sites {
		for _, g := range s.groups {
			for _, host := range s.hostsOf(g) {
				b.listeners.listen(s, host)
			}
			for _, www := range m.wwwOf(s, g) {
				b.listeners.listen(s, www.from)
			}
		}
	}
}

// gateway makes the Gateway.
func (m *migration) gateway(b *gatewayBuild) *gatewayv1.Gateway {
	g := &gatewayv1.Gateway{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "Gateway"},
		ObjectMeta: metav1.ObjectMeta{Namespace: b.name.Namespace, Name: b.name.Name},
		Spec:       gatewayv1.GatewaySpec{GatewayClassName: gatewayv1.ObjectName(b.class)},
	}
	for _, s := range b.sites {
		for _, key := range sortedKeys(s.want.onGateway) {
			if g.Annotations == nil {
				g.Annotations = map[string]string{}
			}
			if _, found := g.Annotations[key]; !found {
				g.Annotations[key] = s.want.onGateway[key]
			}
		}
		if s.want.address != "" && len(g.Spec.Addresses) == 0 {
			g.Spec.Addresses = []gatewayv1.GatewaySpecAddress{{Type: new(gatewayv1.NamedAddressType), Value: s.want.address}}
		}
	}
	slices.SortFunc(b.listeners.all, func(a, b *gatewayv1.Listener) int { return cmp.Compare(a.Name, b.Name) })
	for _, l := range b.listeners.all {
		g.Spec.Listeners = append(g.Spec.Listeners, *l)
	}
	if m.parametersOf(b) != nil {
		g.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{ParametersRef: &gatewayv1.LocalParametersReference{
			Group: "gateway.k8s.aws", Kind: gatewayv1.Kind(loadBalancerConfig.kind), Name: b.name.Name,
		}}
	}
	return g
}
