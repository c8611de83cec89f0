package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// usualClasses are the names that the documentation of a controller gives its GatewayClass.
// https://gateway.envoyproxy.io/docs/tasks/quickstart/ https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/
// https://kgateway.dev/docs/ https://docs.cilium.io/en/stable/network/servicemesh/gateway-api/gateway-api/
// https://docs.nginx.com/nginx-gateway-fabric/ https://cloud.google.com/kubernetes-engine/docs/concepts/gateway-api#gatewayclass
// https://learn.microsoft.com/azure/application-gateway/for-containers/how-to-url-redirect-gateway-api
var usualClasses = map[string]string{
	"envoy-gateway":        "eg",
	"istio":                "istio",
	"kgateway":             "kgateway",
	"cilium":               "cilium",
	"nginx-gateway-fabric": "nginx",
	"traefik":              "traefik",
	"gke":                  "gke-l7-global-external-managed",
	"azure-agc":            "azure-alb-external",
}

// gatewayClass of the Gateway of an Ingress; empty if nothing says it.
func (m *migration) gatewayClass(s *site) string {
	usual := usualClasses[m.target.Name]
	if m.is("gke") && s.class == gkeInternal {
		usual = "gke-l7-rilb"
	}
	return cmp.Or(m.options.GatewayClass, usual, s.class)
}

// gatewayName of the Gateway of an Ingress: one for each class in each namespace.
func (m *migration) gatewayName(s *site) Name {
	if m.options.Gateway != nil {
		return *m.options.Gateway
	}
	return Name{s.ingress.Namespace, m.gatewayClass(s)}
}

// checkClasses refuses Ingresses for which nothing says a class.
func (m *migration) checkClasses() error {
	var without []string
	for _, s := range m.sites {
		if m.options.Gateway == nil && m.gatewayClass(s) == "" {
			without = append(without, s.name().String())
		}
	}
	if len(without) > 0 {
		return fmt.Errorf("cannot choose a GatewayClass for Ingress %s: it names no class; give --gateway-class: %w", strings.Join(without, ", "), ErrInput)
	}
	return nil
}

// gatewayPlace is a field of the Gateway of an Ingress.
func (s *site) gatewayPlace(field string) Place {
	return Place{Ref{"Gateway", s.gateway.Namespace, s.gateway.Name}, field}
}

// readClass reports where the class and the certificates of an Ingress went.
func (m *migration) readClass(s *site) {
	if s.canary {
		return
	}
	e := Entry{Field: "spec.ingressClassName", Value: s.class, Outcome: Translated, To: []Place{s.gatewayPlace("spec.gatewayClassName")}}
	switch {
	case m.options.Gateway != nil:
		e.To = s.routes("spec.parentRefs")
		e.Why = "Gateway " + m.options.Gateway.String() + " has to admit routes of namespace " + s.ingress.Namespace +
			", and to serve the hosts; where a redirect tells its listeners apart, they are taken to be called http and https"
	case m.options.GatewayClass == "" && m.target.Name == "":
		e.Why = "by its name; --gateway-class names another"
	}
	s.add(e)
	m.readTLS(s)
}

func (m *migration) readTLS(s *site) {
	for i, t := range s.ingress.Spec.TLS {
		field := fmt.Sprintf("spec.tls[%d]", i)
		switch {
		case t.SecretName == "":
			s.lost(field+".secretName", "", "without a Secret the Ingress gets the controller's own certificate, which no Gateway has", "make a Secret with a certificate, and name it here")
			continue
		case m.options.Gateway != nil:
			s.lost(field, t.SecretName, "the certificates of Gateway "+m.options.Gateway.String()+" are its owner's",
				fmt.Sprintf("see that a listener of it has one for %s; Secret %s/%s has it", hostsOf(t.Hosts), s.ingress.Namespace, t.SecretName))
			continue
		}
		s.add(Entry{Field: field, Value: t.SecretName, Outcome: Translated, To: []Place{s.gatewayPlace("spec.listeners[].tls.certificateRefs")}})
		for _, host := range t.Hosts {
			if !slices.ContainsFunc(s.groups, func(g *group) bool {
				return slices.ContainsFunc(g.hosts, func(h string) bool { return h == strings.ToLower(host) || covers(host, h) })
			}) {
				s.lost(field+".hosts", host, "no rule has this host, so there is nothing to serve", "leave it out, or add a rule")
			}
		}
	}
}

func hostsOf(hosts []string) string {
	if len(hosts) == 0 {
		return "its hosts"
	}
	return joinWords(hosts)
}

// hasTLS tells whether HTTPS is served: with a Secret, or with what the load balancer has.
func (s *site) hasTLS() bool {
	if s.managedTLS {
		return true
	}
	for _, t := range s.ingress.Spec.TLS {
		if t.SecretName != "" {
			return true
		}
	}
	return false
}

// secretOf is the Secret with the certificate of a host; empty for none.
func (s *site) secretOf(host string) string {
	best := ""
	for _, t := range s.ingress.Spec.TLS {
		for _, h := range t.Hosts {
			switch {
			case strings.EqualFold(h, host):
				return t.SecretName
			case covers(h, host) && best == "":
				best = t.SecretName
			}
		}
		if len(t.Hosts) == 0 && best == "" {
			best = t.SecretName
		}
	}
	return best
}

// covers tells whether a wildcard certificate or host is one of a host: of one label more.
func covers(wildcard, host string) bool {
	suffix, found := strings.CutPrefix(strings.ToLower(wildcard), "*")
	label, below := strings.CutSuffix(host, suffix)
	return found && below && label != "" && !strings.Contains(label, ".")
}

// readServices decides about the annotations of the Services that the family knows.
func (m *migration) readServices(s *site) {
	if s.family == nil || s.canary {
		return
	}
	for _, name := range s.services() {
		svc := m.service(Name{s.ingress.Namespace, name})
		if svc == nil {
			continue
		}
		for _, key := range sortedKeys(svc.Annotations) {
			a, found := s.family.find(key)
			if !found {
				continue
			}
			r := &reading{migration: m, site: s, key: key, value: svc.Annotations[key]}
			r.entry = Entry{Source: Ref{"Service", svc.Namespace, svc.Name}, Field: key, Value: shown(key, r.value)}
			a.apply(r)
			s.add(r.entry)
		}
	}
}
