package topology

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// grant is one ReferenceGrant.
type grant struct {
	from []gatewayv1.ReferenceGrantFrom
	to   []gatewayv1.ReferenceGrantTo
}

func (s *Snapshot) indexGrants() {
	s.grants = map[string][]grant{}
	for _, g := range s.Objects.ReferenceGrants.All() {
		s.grants[g.Namespace] = append(s.grants[g.Namespace], grant{g.Spec.From, g.Spec.To})
	}
}

// granted says whether a route may refer to an object of another namespace.
// https://gateway-api.sigs.k8s.io/api-types/referencegrant/
func (s *Snapshot) granted(from Ref, to backendRef) bool {
	if from.Namespace == to.key.Namespace {
		return true
	}
	return slices.ContainsFunc(s.grants[to.key.Namespace], func(g grant) bool {
		return slices.ContainsFunc(g.from, func(f gatewayv1.ReferenceGrantFrom) bool {
			return string(f.Group) == gatewayv1.GroupName && string(f.Kind) == from.Kind && string(f.Namespace) == from.Namespace
		}) && slices.ContainsFunc(g.to, func(t gatewayv1.ReferenceGrantTo) bool {
			return string(t.Group) == to.group && string(t.Kind) == to.kind && (t.Name == nil || string(*t.Name) == to.key.Name)
		})
	})
}
