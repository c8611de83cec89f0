package topology

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// Exposure says how a Service is reached from outside the cluster.
func (s *Snapshot) Exposure(namespace, name string) Exposure {
	key := Key{namespace, name}
	service := s.Objects.Services.Get(namespace, name)
	e := &exposing{snapshot: s, service: key, out: Exposure{Namespace: namespace, Name: name, Found: service != nil}}
	if service != nil {
		e.out.ReadyEndpoints = s.ready(key)
	}
	for _, u := range s.uses[key] {
		e.viaRoute(u, nil)
	}
	for _, u := range s.ingresses[key] {
		e.viaIngress(u, nil)
	}
	for _, k := range s.scalers[key] {
		e.viaInterceptor(k)
	}
	if service != nil {
		e.viaService(service)
	}
	e.missEndpoints()
	e.sort()
	for _, u := range s.Unseen {
		if u.Reason == Forbidden {
			e.out.Unseen = append(e.out.Unseen, u)
		}
	}
	return e.out
}

// exposing collects the ways into one Service.
type exposing struct {
	snapshot *Snapshot
	service  Key
	out      Exposure
}

func (e *exposing) add(entry Entry) {
	entry.Works = len(entry.Why) == 0
	e.out.Entries = append(e.out.Entries, entry)
}

func (e *exposing) miss(object Ref, why, fix string) {
	miss := NearMiss{Object: object, Why: why, Fix: fix}
	if !slices.Contains(e.out.NearMisses, miss) {
		e.out.NearMisses = append(e.out.NearMisses, miss)
	}
}

// chain is the path of objects to the Service, through the scaler if there is one.
func (e *exposing) chain(k *scaler, refs ...Ref) []Ref {
	if k == nil {
		return refs
	}
	return append(refs, k.ref, serviceRef(e.service))
}

func serviceRef(key Key) Ref { return Ref{Kind: "Service", Namespace: key.Namespace, Name: key.Name} }

// missEndpoints tells of a Service that nobody answers for. One that is scaled to zero
// is meant to have no endpoints.
func (e *exposing) missEndpoints() {
	asleep := slices.ContainsFunc(e.out.Entries, func(entry Entry) bool { return entry.ScaleToZero })
	if e.out.ReadyEndpoints == nil || *e.out.ReadyEndpoints > 0 || asleep {
		return
	}
	e.miss(serviceRef(e.service), "none of its endpoints is ready", "Look at the pods that its selector matches, and at their readiness.")
}

func (e *exposing) sort() {
	order := []string{ViaGateway, ViaIngress, ViaLoadBalancer, ViaNodePort}
	slices.SortStableFunc(e.out.Entries, func(a, b Entry) int {
		works := func(entry Entry) int {
			if entry.Works {
				return 0
			}
			return 1
		}
		return cmp.Or(
			cmp.Compare(works(a), works(b)),
			cmp.Compare(slices.Index(order, a.Via), slices.Index(order, b.Via)),
			slices.CompareFunc(a.Path, b.Path, compareRefs),
			cmp.Compare(a.Host, b.Host),
			cmp.Compare(a.PathMatch, b.PathMatch),
			slices.Compare(a.URLs, b.URLs),
		)
	})
	slices.SortFunc(e.out.NearMisses, func(a, b NearMiss) int {
		return cmp.Or(compareRefs(a.Object, b.Object), cmp.Compare(a.Why, b.Why))
	})
}

// backendProblems are what keeps a rule from reaching a Service.
func (s *Snapshot) backendProblems(from Ref, b backendRef) []string {
	// A reference within a namespace needs no grant, so it is as good as resolved.
	if problem := s.backend(from, b, from.Namespace == b.key.Namespace).Problem; problem != "" {
		return []string{problem}
	}
	return nil
}

// viaService adds the ways in that the Service itself opens.
func (e *exposing) viaService(svc *corev1.Service) {
	via := map[corev1.ServiceType]string{corev1.ServiceTypeLoadBalancer: ViaLoadBalancer, corev1.ServiceTypeNodePort: ViaNodePort}[svc.Spec.Type]
	if via == "" {
		return
	}
	for _, p := range svc.Spec.Ports {
		if p.Protocol == corev1.ProtocolUDP || p.Protocol == corev1.ProtocolSCTP {
			continue
		}
		entry := Entry{Via: via, Path: []Ref{serviceRef(e.service)}, Stream: streaming.OfService(svc.Annotations)}
		entry.TLS = p.Port == 443 || p.Name == "https" || text(p.AppProtocol) == "https"
		where := origin{scheme(entry.TLS), "", p.Port}
		if via == ViaNodePort {
			// The addresses of nodes are not read: whoever asks knows one.
			where.port, where.host = p.NodePort, "NODE"
		} else if where.host = first(loadBalancerAddresses(svc)); where.host == "" {
			entry.Why = append(entry.Why, "the load balancer has no address yet")
		}
		entry.URLs = where.urls([]string{"/*"})
		if n := e.out.ReadyEndpoints; n != nil && *n == 0 {
			entry.Why = append(entry.Why, fmt.Sprintf("Service %q has no ready endpoints", e.service))
		}
		e.add(entry)
	}
}

func loadBalancerAddresses(svc *corev1.Service) []string {
	var out []string
	for _, a := range svc.Status.LoadBalancer.Ingress {
		out = append(out, cmp.Or(a.Hostname, a.IP))
	}
	return out
}

// origin is scheme, host and port of URLs; port 0 is that of the scheme.
type origin struct {
	scheme, host string
	port         int32
}

func scheme(tls bool) string {
	if tls {
		return "https"
	}
	return "http"
}

// urls to call at some paths; none without a host to call. What only a pattern knows,
// a wildcard host or an expression, gives no URL.
func (o origin) urls(paths []string) []string {
	if o.host == "" || strings.HasPrefix(o.host, "*") {
		return nil
	}
	host := o.host
	standard := map[string]int32{"http": 80, "https": 443}[o.scheme]
	switch {
	case o.port != 0 && o.port != standard:
		host = net.JoinHostPort(host, strconv.Itoa(int(o.port)))
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	var out []string
	for _, p := range paths {
		if strings.HasPrefix(p, "~") {
			continue
		}
		if url := o.scheme + "://" + host + strings.TrimSuffix(p, "*"); !slices.Contains(out, url) {
			out = append(out, url)
		}
	}
	return out
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func unknownLimit(why string) streaming.Limit {
	return streaming.Limit{Total: streaming.Unknown, TotalBy: why, Idle: streaming.Unknown, IdleBy: why}
}

// URL of a path at a host; port 0 is that of the scheme.
func URL(scheme, host string, port int32, path string) string {
	return first(origin{scheme, host, port}.urls([]string{path}))
}
