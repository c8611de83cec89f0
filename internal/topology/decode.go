package topology

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1beta1 "sigs.k8s.io/gateway-api/apis/v1beta1"
)

// add takes an object of a kind that is known; others are passed over. A pointer to
// one that is handed in is kept, so it is not to be changed any more.
func (o *Objects) add(obj runtime.Object) error {
	if u, ok := obj.(*unstructured.Unstructured); ok {
		return o.addUnstructured(u)
	}
	switch obj := obj.(type) {
	case *corev1.Namespace:
		keep(&o.Namespaces, obj)
	case *corev1.Service:
		keep(&o.Services, obj)
	case *discoveryv1.EndpointSlice:
		keep(&o.EndpointSlices, obj)
	case *networkingv1.Ingress:
		keep(&o.Ingresses, obj)
	case *networkingv1.IngressClass:
		keep(&o.IngressClasses, obj)
	case *metav1.PartialObjectMetadata:
		keep(&o.CRDs, obj)
	case *corev1.Secret:
		o.addSecret(obj)
	case *appsv1.DaemonSet:
		w := workload(&obj.ObjectMeta, &obj.Status.DesiredNumberScheduled, obj.Spec.Template.Labels)
		w.Ready, w.Settled = obj.Status.NumberReady, obj.Status.ObservedGeneration >= obj.Generation
		keep(&o.DaemonSets, w)
	case *appsv1.Deployment:
		w := workload(&obj.ObjectMeta, obj.Spec.Replicas, obj.Spec.Template.Labels)
		w.Ready, w.Settled = obj.Status.ReadyReplicas, obj.Status.ObservedGeneration >= obj.Generation
		keep(&o.Deployments, w)
	case *appsv1.StatefulSet:
		w := workload(&obj.ObjectMeta, obj.Spec.Replicas, obj.Spec.Template.Labels)
		w.Ready, w.Settled = obj.Status.ReadyReplicas, obj.Status.ObservedGeneration >= obj.Generation
		keep(&o.StatefulSets, w)
	default:
		o.addGatewayAPI(obj)
	}
	return nil
}

// workload keeps what is read of one: most of a Deployment is its pods' containers.
func workload(meta *metav1.ObjectMeta, replicas *int32, labels map[string]string) *Workload {
	out := &Workload{ObjectMeta: metav1.ObjectMeta{Namespace: meta.Namespace, Name: meta.Name, Labels: meta.Labels}, Replicas: 1, PodLabels: labels}
	if replicas != nil {
		out.Replicas = *replicas
	}
	return out
}

// addSecret keeps the name, the type and the certificate. The rest of it, also its
// annotations, which may repeat its contents, is left behind.
func (o *Objects) addSecret(secret *corev1.Secret) {
	kept := &Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secret.Namespace, Name: secret.Name}, Type: string(secret.Type)}
	if secret.Type == corev1.SecretTypeTLS {
		kept.Certificate = secret.Data[corev1.TLSCertKey]
		if text, written := secret.StringData[corev1.TLSCertKey]; written {
			kept.Certificate = []byte(text)
		}
	}
	if kept.Type == "" {
		kept.Type = string(corev1.SecretTypeOpaque) // the API's default
	}
	o.Secrets.list = append(o.Secrets.list, kept)
}

func (o *Objects) addGatewayAPI(obj runtime.Object) {
	switch obj := obj.(type) {
	case *gatewayv1.GatewayClass:
		keep(&o.GatewayClasses, obj)
	case *gatewayv1.Gateway:
		keep(&o.Gateways, obj)
	case *gatewayv1.HTTPRoute:
		keep(&o.HTTPRoutes, obj)
	case *gatewayv1.GRPCRoute:
		keep(&o.GRPCRoutes, obj)
	case *gatewayv1.ListenerSet:
		keep(&o.ListenerSets, obj)
	case *gatewayv1.ReferenceGrant:
		keep(&o.ReferenceGrants, obj)
	case *gatewayv1beta1.ReferenceGrant:
		keep(&o.ReferenceGrants, (*gatewayv1.ReferenceGrant)(obj))
	}
}

func keep[T any](n *Nodes[T], obj *T) {
	if m, ok := any(obj).(metav1.Object); ok {
		m.SetManagedFields(nil) // often the largest part of an object, and never read
	}
	n.list = append(n.list, obj)
}

// kindOf finds a kind that is read. Secrets are known only where they are handed in.
func (o *Objects) kindOf(gk schema.GroupKind) (kind, bool) {
	if o.known == nil {
		o.known = map[schema.GroupKind]kind{
			{Kind: "Secret"}: {name: "Secret", empty: func() runtime.Object { return &corev1.Secret{} }},
		}
		for _, k := range kinds() {
			o.known[schema.GroupKind{Group: k.group, Kind: k.name}] = k
		}
	}
	k, known := o.known[gk]
	return k, known
}

// addUnstructured takes an object of a file or of a kind without type. Versions of the
// Gateway API differ in nothing that is read here.
func (o *Objects) addUnstructured(u *unstructured.Unstructured) error {
	gvk := u.GroupVersionKind()
	k, known := o.kindOf(gvk.GroupKind())
	if !known {
		return nil
	}
	if k.empty == nil {
		o.other(k.stored(), u)
		return nil
	}
	typed := k.empty()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, typed); err != nil {
		return fmt.Errorf("cannot read %s %q: %w", gvk.Kind, Key{u.GetNamespace(), u.GetName()}, err)
	}
	return o.add(typed)
}

func (o *Objects) other(kind string, u *unstructured.Unstructured) {
	if o.others == nil {
		o.others = map[string]*Nodes[unstructured.Unstructured]{}
	}
	if o.others[kind] == nil {
		o.others[kind] = &Nodes[unstructured.Unstructured]{}
	}
	keep(o.others[kind], u)
}

// FromObjects makes a snapshot of objects, typed or unstructured, also lists of them,
// such as those of files. Kinds that it does not know are ignored.
func FromObjects(objects []runtime.Object) (*Snapshot, error) {
	found := &Objects{}
	for _, obj := range objects {
		obj = obj.DeepCopyObject() // what is handed in stays as it is
		if meta.IsListType(obj) {
			if err := meta.EachListItem(obj, found.add); err != nil {
				return nil, fmt.Errorf("cannot read a list: %w", err)
			}
			continue
		}
		if err := found.add(obj); err != nil {
			return nil, err
		}
	}
	return build(found, nil, nil, nil)
}
