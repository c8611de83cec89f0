package topology

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// Endpoint is one address behind a Service.
type Endpoint struct {
	Address string `json:"address"`
	// Port of it; 0 where that is not known.
	Port int32 `json:"port,omitempty"`
	// Pod behind it; empty where that is not told.
	Pod   string `json:"pod,omitempty"`
	Ready bool   `json:"ready"`
}

// Endpoints are those of a Service, for one of its ports: the ready ones first, each
// address once.
func (s *Snapshot) Endpoints(service Key, port int32) []Endpoint {
	name := ""
	if svc := s.Objects.Services.Get(service.Namespace, service.Name); svc != nil {
		if i := slices.IndexFunc(svc.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port }); i >= 0 {
			name = svc.Spec.Ports[i].Name
		}
	}
	var out []Endpoint
	for _, slice := range s.Objects.EndpointSlices.All() {
		if slice.Namespace == service.Namespace && slice.Labels[discoveryv1.LabelServiceName] == service.Name {
			out = append(out, endpointsOf(slice, name)...)
		}
	}
	slices.SortFunc(out, func(a, b Endpoint) int {
		return cmp.Or(cmp.Compare(truth(b.Ready), truth(a.Ready)), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Address, b.Address))
	})
	return slices.CompactFunc(out, func(a, b Endpoint) bool { return a.Address == b.Address })
}

func endpointsOf(slice *discoveryv1.EndpointSlice, portName string) []Endpoint {
	port := int32(0)
	for _, p := range slice.Ports {
		if text(p.Name) == portName && p.Port != nil {
			port = *p.Port
		}
	}
	var out []Endpoint
	for _, e := range slice.Endpoints {
		if len(e.Addresses) == 0 {
			continue
		}
		found := Endpoint{Address: e.Addresses[0], Port: port, Ready: e.Conditions.Ready == nil || *e.Conditions.Ready}
		if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
			found.Pod = e.TargetRef.Name
		}
		out = append(out, found)
	}
	return out
}
