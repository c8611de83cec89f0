package topology

import (
	discoveryv1 "k8s.io/api/discovery/v1"
)

// indexEndpoints counts the ready endpoints of every Service. An address that stands
// in two slices counts once; a Service with addresses of two families counts those of
// the family that has more, which are the same pods.
func (s *Snapshot) indexEndpoints() {
	seen := map[Key]map[discoveryv1.AddressType]map[string]bool{}
	for _, slice := range s.Objects.EndpointSlices.All() {
		key := Key{slice.Namespace, slice.Labels[discoveryv1.LabelServiceName]}
		if key.Name == "" {
			continue
		}
		if seen[key] == nil {
			seen[key] = map[discoveryv1.AddressType]map[string]bool{}
		}
		if seen[key][slice.AddressType] == nil {
			seen[key][slice.AddressType] = map[string]bool{}
		}
		for _, e := range slice.Endpoints {
			// Nil is ready: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ready
			if (e.Conditions.Ready == nil || *e.Conditions.Ready) && len(e.Addresses) > 0 {
				seen[key][slice.AddressType][e.Addresses[0]] = true
			}
		}
	}
	s.endpoints = make(map[Key]int, len(seen))
	for key, families := range seen {
		for _, addresses := range families {
			s.endpoints[key] = max(s.endpoints[key], len(addresses))
		}
	}
}

// ready returns how many endpoints of a Service are ready; nil where that cannot be
// known.
func (s *Snapshot) ready(service Key) *int {
	if _, blind := s.blind["EndpointSlice"]; blind || s.external(service) || !s.sees("EndpointSlice", service.Namespace) {
		return nil
	}
	return new(s.endpoints[service])
}

// external says that a Service is only a name for something outside: it has no
// endpoints.
func (s *Snapshot) external(service Key) bool {
	svc := s.Objects.Services.Get(service.Namespace, service.Name)
	return svc != nil && svc.Spec.Type == "ExternalName"
}
