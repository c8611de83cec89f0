package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// ingressUse is a path of an Ingress that leads to a Service.
type ingressUse struct {
	ingress *networkingv1.Ingress
	host    string
	path    string
	backend networkingv1.IngressServiceBackend
}

func (s *Snapshot) indexIngresses() {
	s.ingresses = map[Key][]ingressUse{}
	for _, in := range s.Objects.Ingresses.All() {
		add := func(u ingressUse) {
			key := Key{in.Namespace, u.backend.Name}
			s.ingresses[key] = append(s.ingresses[key], u)
		}
		if b := in.Spec.DefaultBackend; b != nil && b.Service != nil {
			add(ingressUse{in, "", "/*", *b.Service})
		}
		for _, rule := range in.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for _, p := range rule.HTTP.Paths {
				if p.Backend.Service != nil {
					add(ingressUse{in, rule.Host, ingressPath(p), *p.Backend.Service})
				}
			}
		}
	}
}

func ingressPath(p networkingv1.HTTPIngressPath) string {
	if p.PathType != nil && *p.PathType == networkingv1.PathTypeExact {
		return p.Path
	}
	return cmp.Or(p.Path, "/") + "*"
}

// ingressClass of an Ingress: its name and the controller of it, which is empty if no
// IngressClass says it.
func (s *Snapshot) ingressClass(in *networkingv1.Ingress) (class, controller string) {
	class = text(in.Spec.IngressClassName)
	if class == "" {
		class = in.Annotations["kubernetes.io/ingress.class"]
	}
	if class == "" {
		class = s.defaultIngressClass()
	}
	if c := s.Objects.IngressClasses.Get("", class); c != nil {
		controller = c.Spec.Controller
	}
	return class, controller
}

func (s *Snapshot) defaultIngressClass() string {
	for _, c := range s.Objects.IngressClasses.All() {
		if c.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true" {
			return c.Name
		}
	}
	return ""
}

// viaIngress adds the ways in through Ingresses. A scaler stands behind KEDA's
// interceptor, which the Ingress then names in place of the Service.
func (e *exposing) viaIngress(u ingressUse, k *scaler) {
	s := e.snapshot
	class, controller := s.ingressClass(u.ingress)
	row, _ := s.controllers.ByIngressClass(controller, class)
	ref := Ref{Kind: "Ingress", Namespace: u.ingress.Namespace, Name: u.ingress.Name}
	service := Key{u.ingress.Namespace, u.backend.Name}
	if class == "" && row.Name == "" {
		e.miss(ref, "it names no class, and no IngressClass is the default", "Set spec.ingressClassName.")
		return
	}
	if controller == "" && row.Name == "" && s.sees("IngressClass", "") {
		e.miss(ref, fmt.Sprintf("IngressClass %q does not exist", class), "Set spec.ingressClassName to a class that exists.")
		return
	}
	entry := Entry{
		Via:         ViaIngress,
		Path:        e.chain(k, ref, serviceRef(service)),
		Controller:  cmp.Or(row.Name, controller),
		Host:        u.host,
		PathMatch:   u.path,
		TLS:         ingressTLS(u.ingress, u.host),
		ScaleToZero: k != nil,
	}
	addresses := ingressAddresses(u.ingress)
	if len(addresses) == 0 {
		entry.Why = append(entry.Why, "the Ingress has no address: no controller has taken it yet")
	}
	port := u.backend.Port.Number
	if svc := s.Objects.Services.Get(service.Namespace, service.Name); svc != nil && port == 0 {
		port = portNamed(svc, u.backend.Port.Name)
	}
	entry.Why = append(entry.Why, s.backendProblems(ref, backendRef{kind: "Service", key: service, port: port, weight: 1})...)
	where := origin{scheme(entry.TLS), cmp.Or(u.host, first(addresses)), 0}
	entry.URLs = where.urls([]string{u.path})
	entry.Stream = k.limit(s.ingressLimit(streaming.Ingress{Controller: row, Annotations: u.ingress.Annotations}, service, port))
	e.add(entry)
}

func (s *Snapshot) ingressLimit(in streaming.Ingress, service Key, port int32) streaming.Limit {
	if svc := s.Objects.Services.Get(service.Namespace, service.Name); svc != nil {
		in.Service = svc.Annotations
		in.Policies = s.backendConfigs(service, svc.Annotations, strconv.Itoa(int(port)))
	}
	limit := streaming.OfIngress(in)
	if in.Controller.Name == "gke" && s.unread("BackendConfig") {
		limit = unknownLimit("BackendConfig may set it, and could not be read")
	}
	return limit
}

func ingressTLS(in *networkingv1.Ingress, host string) bool {
	return slices.ContainsFunc(in.Spec.TLS, func(t networkingv1.IngressTLS) bool {
		return len(t.Hosts) == 0 || slices.ContainsFunc(t.Hosts, func(h string) bool {
			_, ok := meet(h, host)
			return ok && host != "" && (h == host || covers(h, host))
		})
	})
}

func ingressAddresses(in *networkingv1.Ingress) []string {
	var out []string
	for _, a := range in.Status.LoadBalancer.Ingress {
		out = append(out, cmp.Or(a.Hostname, a.IP))
	}
	return out
}

func portNamed(svc *corev1.Service, name string) int32 {
	for _, p := range svc.Spec.Ports {
		if p.Name == name {
			return p.Port
		}
	}
	return 0
}
