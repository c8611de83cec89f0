package topology

import (
	"cmp"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// IngressPath is a path of an Ingress, or its default backend.
type IngressPath struct {
	Ingress *networkingv1.Ingress
	// Rule and Path are indexes; -1 for the default backend.
	Rule, Path int
	// Host of the rule; empty for any.
	Host string
	// Service behind it, and its port; no Service where the backend is another resource.
	Service Key
	Port    int32

	path path
}

// String is the path in short, such as /mcp*.
func (p IngressPath) String() string {
	if p.Rule < 0 {
		return "default backend"
	}
	return p.path.String()
}

// Takes says that the path takes a request. What is no Exact path is taken for a prefix:
// what others mean is up to the controller.
func (p IngressPath) Takes(r Request) bool {
	fits, err := p.path.fits(r.Path)
	return HostFits(p.Host, r.Host) && fits && err == nil
}

// ComparePaths puts the path first that wins of two that take a request: the more specific
// host, then the longer path, then the exact one.
// https://kubernetes.io/docs/concepts/services-networking/ingress/#multiple-matches
func ComparePaths(a, b IngressPath) int {
	return cmp.Or(
		compareHosts(a.Host, b.Host),
		cmp.Compare(a.isDefault(), b.isDefault()),
		cmp.Compare(len(b.path.value), len(a.path.value)),
		cmp.Compare(truth(a.path.isPrefix()), truth(b.path.isPrefix())),
	)
}

func (p IngressPath) isDefault() int { return truth(p.Rule < 0) }

// PathsOf are the paths of an Ingress in the order in which they stand, the default
// backend last.
func (s *Snapshot) PathsOf(in *networkingv1.Ingress) []IngressPath {
	var out []IngressPath
	add := func(p IngressPath, b *networkingv1.IngressServiceBackend) {
		if b != nil {
			p.Service, p.Port = Key{in.Namespace, b.Name}, b.Port.Number
			if svc := s.Objects.Services.Get(in.Namespace, b.Name); svc != nil && p.Port == 0 {
				p.Port = portNamed(svc, b.Port.Name)
			}
		}
		out = append(out, p)
	}
	for i, rule := range in.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for j, p := range rule.HTTP.Paths {
			exact := p.PathType != nil && *p.PathType == networkingv1.PathTypeExact
			at := IngressPath{Ingress: in, Rule: i, Path: j, Host: rule.Host, path: path{value: cmp.Or(p.Path, "/")}}
			if exact {
				at.path.kind = "Exact"
			}
			add(at, p.Backend.Service)
		}
	}
	if b := in.Spec.DefaultBackend; b != nil {
		add(IngressPath{Ingress: in, Rule: -1, Path: -1, path: path{value: "/"}}, b.Service)
	}
	return out
}

// Sample is a request that the path takes, for a host.
func (p IngressPath) Sample(host string) Request {
	return Request{Host: host, Path: p.path.value, Method: DefaultMethod}
}

// IngressLimit is how long a stream may last through a path of an Ingress.
func (s *Snapshot) IngressLimit(p IngressPath) streaming.Limit {
	class, controller := s.ingressClass(p.Ingress)
	row, _ := s.controllers.ByIngressClass(controller, class)
	return s.ingressLimit(streaming.Ingress{Controller: row, Annotations: p.Ingress.Annotations}, p.Service, p.Port)
}

// TLSOf says that an Ingress speaks TLS for a host.
func TLSOf(in *networkingv1.Ingress, host string) bool { return ingressTLS(in, host) }

// AddressesOf an Ingress are those of its status.
func AddressesOf(in *networkingv1.Ingress) []string { return slices.Clone(ingressAddresses(in)) }
