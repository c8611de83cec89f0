package topology

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1beta1 "sigs.k8s.io/gateway-api/apis/v1beta1"
)

// kind is a kind that is read.
type kind struct {
	group, name string
	// clusterScoped kinds are read as a whole, whatever namespaces are asked for.
	clusterScoped bool
	// versions in the order in which they are tried: the first that is served is read.
	versions []version
	// empty makes an object of the type; nil for kinds without one.
	empty func() runtime.Object
	// streams says behind which controller of the table the kind sets clocks of streams.
	streams string
	// entry says that objects of the kind can be part of a way in.
	entry bool
	// deep kinds are read for a diagnosis only.
	deep bool
	// as is the name under which objects of an untyped kind are kept; empty for its own.
	as string
}

// stored is the name under which objects of an untyped kind are kept.
func (k kind) stored() string { return cmp.Or(k.as, k.name) }

// version of a kind, and a list of it.
type version struct {
	name string
	list func() client.ObjectList
}

// What is read, sorted by group and kind, those of a diagnosis behind the others. Secrets
// are not among them, and must not be: what a listener's certificate lacks is told by its
// conditions. See Options.Certificates for who may read them.
func kinds() []kind {
	const gateway = "gateway.networking.k8s.io"
	return append([]kind{
		typed("", "Namespace", func() runtime.Object { return &corev1.Namespace{} }, version{"v1", func() client.ObjectList { return &corev1.NamespaceList{} }}).cluster(),
		typed("", "Service", func() runtime.Object { return &corev1.Service{} }, version{"v1", func() client.ObjectList { return &corev1.ServiceList{} }}).way(),
		untyped("alb.networking.azure.io", "RoutePolicy", "v1").clocks("azure-agc"),
		untyped("cloud.google.com", "BackendConfig", "v1").clocks("gke"),
		untyped("devopstoolkit.ai", "Cluster", "v2"),
		typed("discovery.k8s.io", "EndpointSlice", func() runtime.Object { return &discoveryv1.EndpointSlice{} },
			version{"v1", func() client.ObjectList { return &discoveryv1.EndpointSliceList{} }}),
		untyped("gateway.envoyproxy.io", "BackendTrafficPolicy", "v1alpha1").clocks("envoy-gateway"),
		untyped("gateway.envoyproxy.io", "ClientTrafficPolicy", "v1alpha1").clocks("envoy-gateway"),
		untyped("gateway.k8s.aws", "LoadBalancerConfiguration", "v1", "v1beta1").clocks("aws-lbc"),
		untyped("gateway.kgateway.dev", "TrafficPolicy", "v1alpha1").clocks("kgateway"),
		typed(gateway, "GRPCRoute", func() runtime.Object { return &gatewayv1.GRPCRoute{} }, version{"v1", func() client.ObjectList { return &gatewayv1.GRPCRouteList{} }}).way(),
		typed(gateway, "Gateway", func() runtime.Object { return &gatewayv1.Gateway{} }, version{"v1", func() client.ObjectList { return &gatewayv1.GatewayList{} }}).way(),
		typed(gateway, "GatewayClass", func() runtime.Object { return &gatewayv1.GatewayClass{} }, version{"v1", func() client.ObjectList { return &gatewayv1.GatewayClassList{} }}).cluster(),
		typed(gateway, "HTTPRoute", func() runtime.Object { return &gatewayv1.HTTPRoute{} }, version{"v1", func() client.ObjectList { return &gatewayv1.HTTPRouteList{} }}).way(),
		// ListenerSet is served since Gateway API 1.5.
		typed(gateway, "ListenerSet", func() runtime.Object { return &gatewayv1.ListenerSet{} }, version{"v1", func() client.ObjectList { return &gatewayv1.ListenerSetList{} }}).way(),
		// v1 is served since Gateway API 1.5; v1beta1 is what is stored.
		typed(gateway, "ReferenceGrant", func() runtime.Object { return &gatewayv1.ReferenceGrant{} },
			version{"v1", func() client.ObjectList { return &gatewayv1.ReferenceGrantList{} }},
			version{"v1beta1", func() client.ObjectList { return &gatewayv1beta1.ReferenceGrantList{} }}),
		untyped("gateway.nginx.org", "ProxySettingsPolicy", "v1alpha1").clocks("nginx-gateway-fabric"),
		untyped("http.keda.sh", "HTTPScaledObject", "v1alpha1").way(),
		untyped("http.keda.sh", "InterceptorRoute", "v1beta1").way(),
		untyped("networking.gke.io", "GCPBackendPolicy", "v1").clocks("gke"),
		typed("networking.k8s.io", "Ingress", func() runtime.Object { return &networkingv1.Ingress{} }, version{"v1", func() client.ObjectList { return &networkingv1.IngressList{} }}).way(),
		typed("networking.k8s.io", "IngressClass", func() runtime.Object { return &networkingv1.IngressClass{} },
			version{"v1", func() client.ObjectList { return &networkingv1.IngressClassList{} }}).cluster(),
	}, deepKinds()...)
}

// deepKinds are what only a diagnosis looks at.
func deepKinds() []kind {
	out := []kind{
		bare("apiextensions.k8s.io", "CustomResourceDefinition", "v1").cluster(),
		untyped("apiregistration.k8s.io", "APIService", "v1").cluster(),
		typed("apps", "DaemonSet", func() runtime.Object { return &appsv1.DaemonSet{} }, version{"v1", func() client.ObjectList { return &appsv1.DaemonSetList{} }}),
		typed("apps", "Deployment", func() runtime.Object { return &appsv1.Deployment{} }, version{"v1", func() client.ObjectList { return &appsv1.DeploymentList{} }}),
		typed("apps", "StatefulSet", func() runtime.Object { return &appsv1.StatefulSet{} }, version{"v1", func() client.ObjectList { return &appsv1.StatefulSetList{} }}),
		untyped("cert-manager.io", "Certificate", "v1"),
		untyped("cert-manager.io", "ClusterIssuer", "v1").cluster(),
		untyped("cert-manager.io", "Issuer", "v1"),
		untyped("gateway.envoyproxy.io", "EnvoyExtensionPolicy", "v1alpha1"),
		untyped("gateway.envoyproxy.io", "SecurityPolicy", "v1alpha1"),
		// BackendTLSPolicy is v1 since Gateway API 1.4.
		untyped("gateway.networking.k8s.io", "BackendTLSPolicy", "v1", "v1alpha3"),
		untyped("helm.m.crossplane.io", "ProviderConfig", "v1beta1").named("HelmProviderConfig"),
		untyped("helm.m.crossplane.io", "Release", "v1beta1"),
		untyped("keda.sh", "ScaledObject", "v1alpha1"),
		untyped("kubernetes.m.crossplane.io", "Object", "v1alpha1"),
		untyped("kubernetes.m.crossplane.io", "ProviderConfig", "v1alpha1").named("KubernetesProviderConfig"),
		untyped("monitoring.coreos.com", "PodMonitor", "v1"),
		untyped("monitoring.coreos.com", "Prometheus", "v1"),
		untyped("monitoring.coreos.com", "PrometheusAgent", "v1alpha1"),
		untyped("protection.crossplane.io", "ClusterUsage", "v1beta1").cluster(),
		untyped("protection.crossplane.io", "Usage", "v1beta1"),
	}
	for i := range out {
		out[i].deep = true
	}
	return out
}

// Kinds are all that a deep snapshot reads, but Secrets, in every version that is tried,
// those of one kind in that order.
func Kinds() []schema.GroupVersionKind {
	var out []schema.GroupVersionKind
	for _, k := range kinds() {
		for _, v := range k.versions {
			out = append(out, schema.GroupVersionKind{Group: k.group, Version: v.name, Kind: k.name})
		}
	}
	return out
}

// bare is a kind of which only the metadata is read.
func bare(group, name, v string) kind {
	return kind{group: group, name: name, empty: func() runtime.Object { return &metav1.PartialObjectMetadata{} }, versions: []version{{v, func() client.ObjectList {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: v, Kind: name + "List"})
		return list
	}}}}
}

func typed(group, name string, empty func() runtime.Object, versions ...version) kind {
	return kind{group: group, name: name, empty: empty, versions: versions}
}

func untyped(group, name string, versions ...string) kind {
	k := kind{group: group, name: name}
	for _, v := range versions {
		k.versions = append(k.versions, version{v, func() client.ObjectList {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: v, Kind: name + "List"})
			return list
		}})
	}
	return k
}

func (k kind) cluster() kind {
	k.clusterScoped = true
	return k
}

func (k kind) way() kind {
	k.entry = true
	return k
}

func (k kind) clocks(controller string) kind {
	k.streams = controller
	return k
}

// named tells two kinds of the same name apart.
func (k kind) named(as string) kind {
	k.as = as
	return k
}
