package topology

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Admission says of which namespaces a Gateway takes something: allowedRoutes.namespaces of
// a listener, or allowedListeners.namespaces.
type Admission struct {
	From     gatewayv1.FromNamespaces
	Selector *metav1.LabelSelector
	// Home is the namespace of whoever lets in.
	Home string
}

// AdmissionOf a listener: by default of its own namespace alone.
func AdmissionOf(l *gatewayv1.Listener, home string) Admission {
	a := Admission{From: gatewayv1.NamespacesFromSame, Home: home}
	if l.AllowedRoutes != nil && l.AllowedRoutes.Namespaces != nil {
		a.Selector = l.AllowedRoutes.Namespaces.Selector
		if l.AllowedRoutes.Namespaces.From != nil {
			a.From = *l.AllowedRoutes.Namespaces.From
		}
	}
	return a
}

// Admits says whether a namespace is let in. That is unknown where a selector asks for
// labels of a namespace that was not seen.
func (s *Snapshot) Admits(a Admission, namespace string) State {
	switch a.From {
	case gatewayv1.NamespacesFromAll:
		return True
	case gatewayv1.NamespacesFromSame:
		return stateOf(a.Home == namespace)
	case gatewayv1.NamespacesFromSelector:
		return s.selects(a.Selector, namespace)
	}
	return False
}

func (s *Snapshot) selects(selector *metav1.LabelSelector, namespace string) State {
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return False
	}
	known := namespaceLabels{name: namespace}
	if ns := s.Objects.Namespaces.Get("", namespace); ns != nil {
		known.Set = ns.Labels
	} else if s.OfFiles() || s.unread("Namespace") {
		requirements, _ := matches.Requirements()
		for _, r := range requirements {
			if r.Key() != corev1.LabelMetadataName {
				return StateUnknown
			}
		}
	}
	return stateOf(matches.Matches(known))
}

func stateOf(is bool) State {
	if is {
		return True
	}
	return False
}

// namespaceLabels are those of a namespace with the one that the API server gives to every
// namespace, which a manifest does not have.
// https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
type namespaceLabels struct {
	labels.Set

	name string
}

func (l namespaceLabels) Has(key string) bool {
	return key == corev1.LabelMetadataName || l.Set.Has(key)
}

func (l namespaceLabels) Get(key string) string {
	value, _ := l.Lookup(key)
	return value
}

func (l namespaceLabels) Lookup(key string) (string, bool) {
	if key == corev1.LabelMetadataName {
		return l.name, true
	}
	return l.Set.Lookup(key)
}
