package topology

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
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

// sort orders the objects; of those with the same key the last counts.
func (n *Nodes[T]) sort(keyOf func(*T) Key) {
	slices.SortStableFunc(n.list, func(a, b *T) int { return compareKeys(keyOf(a), keyOf(b)) })
	n.byKey = make(map[Key]*T, len(n.list))
	for _, obj := range n.list {
		n.byKey[keyOf(obj)] = obj
	}
	if len(n.byKey) < len(n.list) {
		n.list = slices.DeleteFunc(n.list, func(obj *T) bool { return n.byKey[keyOf(obj)] != obj })
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
	ListenerSets    Nodes[gatewayv1.ListenerSet]

	// What only a diagnosis reads.

	CRDs         Nodes[metav1.PartialObjectMetadata]
	DaemonSets   Nodes[Workload]
	Deployments  Nodes[Workload]
	StatefulSets Nodes[Workload]
	// Secrets are those that listeners name, without anything secret.
	Secrets Nodes[Secret]

	// others by kind: policies, what KEDA's HTTP add-on scales, Clusters.
	others map[string]*Nodes[unstructured.Unstructured]
	// known kinds, made with the first object that asks.
	known map[schema.GroupKind]kind
}

// Workload is what is read of a Deployment, a StatefulSet or a DaemonSet.
type Workload struct {
	metav1.ObjectMeta

	// Replicas that are asked for.
	Replicas int32
	// Ready replicas.
	Ready int32
	// Settled says that the controller has looked at the newest generation.
	Settled bool
	// PodLabels are those of its pods.
	PodLabels map[string]string
}

// Secret is what is read of a Secret: never its contents, except the certificate, which
// every client of the listener is shown anyway.
type Secret struct {
	metav1.ObjectMeta

	// Type of it; empty where only its name is known, and that the type is not that of TLS.
	Type string
	// Certificate is the chain in PEM (tls.crt).
	Certificate []byte
}

// Other returns the objects of a kind that has no type here, such as a policy,
// HTTPScaledObject, InterceptorRoute or Cluster.
func (o *Objects) Other(kind string) []*unstructured.Unstructured {
	if n := o.others[kind]; n != nil {
		return n.list
	}
	return nil
}

// nodes is what all Nodes have in common.
type nodes interface {
	order()
	// take adds those of another one of the same type.
	take(other nodes)
	visit(f func(Key))
}

func (n *Nodes[T]) order() { n.sort(metaKey) }

func (n *Nodes[T]) take(other nodes) {
	if same, ok := other.(*Nodes[T]); ok {
		n.list = append(n.list, same.list...)
	}
}

func (n *Nodes[T]) visit(f func(Key)) {
	for _, obj := range n.list {
		f(metaKey(obj))
	}
}

// typedNodes are those of kinds with a type, by kind.
func (o *Objects) typedNodes() map[string]nodes {
	return map[string]nodes{
		"CustomResourceDefinition": &o.CRDs,
		"DaemonSet":                &o.DaemonSets,
		"Deployment":               &o.Deployments,
		"EndpointSlice":            &o.EndpointSlices,
		"GRPCRoute":                &o.GRPCRoutes,
		"Gateway":                  &o.Gateways,
		"GatewayClass":             &o.GatewayClasses,
		"HTTPRoute":                &o.HTTPRoutes,
		"Ingress":                  &o.Ingresses,
		"IngressClass":             &o.IngressClasses,
		"ListenerSet":              &o.ListenerSets,
		"Namespace":                &o.Namespaces,
		"ReferenceGrant":           &o.ReferenceGrants,
		"Secret":                   &o.Secrets,
		"Service":                  &o.Services,
		"StatefulSet":              &o.StatefulSets,
	}
}

func (o *Objects) sort() {
	for _, n := range o.typedNodes() {
		n.order()
	}
	for _, n := range o.others {
		n.order()
	}
}

// join takes over what stands in another one, behind what is here.
func (o *Objects) join(other *Objects) {
	theirs := other.typedNodes()
	for kind, n := range o.typedNodes() {
		n.take(theirs[kind])
	}
	for kind, n := range other.others {
		for _, u := range n.list {
			o.other(kind, u)
		}
	}
}

// each visits all objects, in no order.
func (o *Objects) each(visit func(kind string, key Key)) {
	for kind, n := range o.typedNodes() {
		n.visit(func(key Key) { visit(kind, key) })
	}
	for kind, n := range o.others {
		n.visit(func(key Key) { visit(kind, key) })
	}
}

// metaKey names any object by its metadata.
func metaKey[T any](obj *T) Key {
	if m, ok := any(obj).(metav1.Object); ok {
		return Key{m.GetNamespace(), m.GetName()}
	}
	return Key{}
}
