package topology

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Key names an object of a kind.
type Key struct{ Namespace, Name string }

func (k Key) String() string {
	if k.Namespace == "" {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

// Nodes are the objects of one kind, sorted by namespace and name, and by key.
type Nodes[T any] struct {
	list  []*T
	byKey map[Key]*T
}

// All of them, by namespace and name. They are not the caller's to change.
func (n *Nodes[T]) All() []*T { return n.list }

// Get returns one of them, nil if it is not there.
func (n *Nodes[T]) Get(namespace, name string) *T { return n.byKey[Key{namespace, name}] }

func (n *Nodes[T]) sort(keyOf func(*T) Key) {
	slices.SortFunc(n.list, func(a, b *T) int { return compareKeys(keyOf(a), keyOf(b)) })
	n.byKey = make(map[Key]*T, len(n.list))
	for _, obj := range n.list {
		n.byKey[keyOf(obj)] = obj
	}
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// Objects are what a snapshot holds, as it stands in the cluster.
type Objects struct {
	Namespaces      Nodes[corev1.Namespace]
	GatewayClasses  Nodes[gatewayv1.GatewayClass]
	Gateways        Nodes[gatewayv1.Gateway]
	HTTPRoutes      Nodes[gatewayv1.HTTPRoute]
	GRPCRoutes      Nodes[gatewayv1.GRPCRoute]
	ReferenceGrants Nodes[gatewayv1.ReferenceGrant]
	Services        Nodes[corev1.Service]
	EndpointSlices  Nodes[discoveryv1.EndpointSlice]
	Ingresses       Nodes[networkingv1.Ingress]
	IngressClasses  Nodes[networkingv1.IngressClass]
	// others by kind: policies, what KEDA's HTTP add-on scales, Clusters.
	others map[string]*Nodes[unstructured.Unstructured]
}

// Other returns the objects of a kind that has no type here: a policy, HTTPScaledObject,
// InterceptorRoute or Cluster.
func (o *Objects) Other(kind string) []*unstructured.Unstructured {
	if n := o.others[kind]; n != nil {
		return n.list
	}
	return nil
}

func (o *Objects) sort() {
	o.Namespaces.sort(metaKey)
	o.GatewayClasses.sort(metaKey)
	o.Gateways.sort(metaKey)
	o.HTTPRoutes.sort(metaKey)
	o.GRPCRoutes.sort(metaKey)
	o.ReferenceGrants.sort(metaKey)
	o.Services.sort(metaKey)
	o.EndpointSlices.sort(metaKey)
	o.Ingresses.sort(metaKey)
	o.IngressClasses.sort(metaKey)
	for _, n := range o.others {
		n.sort(metaKey)
	}
}

// metaKey names any object by its metadata.
func metaKey[T any](obj *T) Key {
	if m, ok := any(obj).(metav1.Object); ok {
		return Key{m.GetNamespace(), m.GetName()}
	}
	return Key{}
}
