package v2

// ClusterStatus is what is known of the cluster. What is not known is absent.
type ClusterStatus struct {
	// The name of the cluster.
	//
	// +optional
	ClusterName string `json:"clusterName,omitempty"`

	// The status of the control plane.
	//
	// +optional
	ControlPlaneStatus string `json:"controlPlaneStatus,omitempty"`

	// The status of the node pool.
	//
	// +optional
	NodePoolStatus string `json:"nodePoolStatus,omitempty"`

	// The pod address range of the cluster (google only).
	//
	// +optional
	Field1 string `json:"field1,omitempty"`

	// The apps that have been seen in the cluster, by their name in
	// spec.parameters.apps.
	//
	// +optional
	Apps map[string]AppStatus `json:"apps,omitempty"`

	// The shared Gateway, once it has been seen in the cluster.
	//
	// +optional
	Gateway *GatewayStatus `json:"gateway,omitempty"`

	// Prometheus, once it is ready.
	//
	// +optional
	Prometheus *PrometheusStatus `json:"prometheus,omitempty"`

	// KEDA and its HTTP add-on, once they are ready.
	//
	// +optional
	KEDA *KEDAStatus `json:"keda,omitempty"`
}

// AppStatus is what is known of an app.
type AppStatus struct {
	// The version of the chart that is installed.
	//
	// +optional
	Version string `json:"version,omitempty"`

	// Whether everything that makes up the app is ready.
	Ready bool `json:"ready"`

	// Why it is ready or not: the reason that the first part which is not ready
	// gives.
	//
	// +optional
	Reason string `json:"reason,omitempty"`
}

// GatewayStatus is the shared Gateway, as observed.
type GatewayStatus struct {
	// The name of the Gateway, for parentRefs.
	Name string `json:"name"`

	// The namespace of the Gateway, for parentRefs.
	Namespace string `json:"namespace"`

	// The addresses at which the Gateway is reached.
	//
	// +optional
	Addresses []string `json:"addresses,omitempty"`

	// The listeners of the Gateway.
	//
	// +optional
	Listeners []ListenerStatus `json:"listeners,omitempty"`
}

// ListenerStatus is a listener of the shared Gateway.
type ListenerStatus struct {
	// The name, for sectionName of parentRefs.
	Name string `json:"name"`

	// The hostname. Absent: every hostname.
	//
	// +optional
	Hostname string `json:"hostname,omitempty"`

	// The port.
	//
	// +optional
	Port int64 `json:"port,omitempty"`

	// The protocol.
	//
	// +optional
	Protocol string `json:"protocol,omitempty"`

	// Whether the listener is programmed into the data plane. Absent: unknown.
	//
	// +optional
	Programmed *bool `json:"programmed,omitempty"`
}

// PrometheusStatus is Prometheus.
type PrometheusStatus struct {
	// The URL of Prometheus inside the cluster.
	URL string `json:"url"`

	// The namespace of Prometheus.
	Namespace string `json:"namespace"`

	// The PodMonitors of the shared Gateway's proxies, once they have been seen in
	// the cluster.
	//
	// +optional
	PodMonitors []ObjectRef `json:"podMonitors,omitempty"`
}

// ObjectRef names an object in a namespace.
type ObjectRef struct {
	// The name of the object.
	Name string `json:"name"`

	// The namespace of the object.
	Namespace string `json:"namespace"`
}

// KEDAStatus is KEDA and its HTTP add-on.
type KEDAStatus struct {
	// The namespace of KEDA.
	Namespace string `json:"namespace"`

	// Where routes send requests of apps that scale to zero: HOST:PORT of the
	// interceptor of the HTTP add-on.
	//
	// +optional
	Interceptor string `json:"interceptor,omitempty"`

	// The scalerAddress of external-push triggers: HOST:PORT of the external
	// scaler of the HTTP add-on.
	//
	// +optional
	ExternalScaler string `json:"externalScaler,omitempty"`

	// The namespaces whose HTTPRoutes may use the interceptor: those in the
	// ReferenceGrants that have been seen in the cluster.
	//
	// +optional
	RouteNamespaces []string `json:"routeNamespaces,omitempty"`
}
