package v2

// Object is any JSON object.
//
// +kubebuilder:validation:Type=object
// +kubebuilder:pruning:PreserveUnknownFields
type Object map[string]any

// App is what every app that is a Helm chart has.
type App struct {
	// Whether the app is installed. Switching it off again leaves the installed
	// chart as it is.
	//
	// +kubebuilder:default=false
	// +optional
	Enabled bool `json:"enabled,omitempty"`

	// The version of the chart, instead of the one that Gatehouse pins.
	//
	// +optional
	Version string `json:"version,omitempty"`

	// Values for the chart, merged over those that Gatehouse sets: objects are
	// merged key by key, anything else replaces.
	//
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Values Object `json:"values,omitempty"`
}

// Apps that can be installed in the cluster.
type Apps struct {
	// Install Crossplane.
	//
	// +optional
	Crossplane App `json:"crossplane,omitempty"`

	// Install Argo CD.
	//
	// +optional
	ArgoCD ArgoCD `json:"argocd,omitempty"`

	// Install OpenFunction.
	//
	// +optional
	OpenFunction App `json:"openfunction,omitempty"`

	// Install Dapr. Do not enable it if OpenFunction is enabled since it comes
	// with Dapr.
	//
	// +optional
	Dapr App `json:"dapr,omitempty"`

	// Install Traefik.
	//
	// +optional
	Traefik Traefik `json:"traefik,omitempty"`

	// Install NVIDIA GPU Operator for GPU driver and device plugin management.
	// Required for AWS (EKS) and Azure (AKS). Optional for Google (GKE) where
	// drivers and device plugin are pre-installed.
	//
	// +optional
	NVIDIA App `json:"nvidia,omitempty"`

	// Install the operator of the vLLM Production Stack for LLM inference
	// serving.
	//
	// +optional
	VLLM VLLM `json:"vllm,omitempty"`

	// Install KEDA and its HTTP add-on.
	//
	// +optional
	KEDA KEDA `json:"keda,omitempty"`

	// Install Envoy Gateway with the shared Gateway eg.
	//
	// +optional
	EnvoyGateway EnvoyGateway `json:"envoyGateway,omitempty"`

	// Install kube-prometheus-stack: Prometheus, Alertmanager and Grafana.
	//
	// +optional
	Prometheus Prometheus `json:"prometheus,omitempty"`

	// Install External Secrets Operator (ESO).
	//
	// +optional
	ExternalSecrets ExternalSecrets `json:"externalSecrets,omitempty"`

	// Install cert-manager. With a Gateway API implementation on, it issues the
	// certificates of annotated Gateways.
	//
	// +optional
	CertManager App `json:"certManager,omitempty"`

	// Install external-dns. With a Gateway API implementation on, it publishes
	// the hostnames of routes. The DNS provider is that of the cluster's cloud;
	// on existing clusters give values.provider.name.
	//
	// +optional
	ExternalDNS App `json:"externalDNS,omitempty"`
}

// ArgoCD installs Argo CD and its first Application.
type ArgoCD struct {
	App `json:",inline"`

	// The hostname of Argo CD.
	//
	// +kubebuilder:default=acme.com
	// +optional
	Host string `json:"host,omitempty"`

	// The Git repository of the first Application.
	//
	// +kubebuilder:default="https://github.com/vfarcic/SOMETHING"
	// +optional
	RepoURL string `json:"repoURL,omitempty"`

	// The namespace that the first Application deploys into.
	//
	// +kubebuilder:default=argo-cd
	// +optional
	DestinationNamespace string `json:"destinationNamespace,omitempty"`

	// The path in the Git repository.
	//
	// +kubebuilder:default=.
	// +optional
	SourcePath string `json:"sourcePath,omitempty"`

	// The Secret with the bcrypt hash of the admin password. It must be in the
	// namespace of the Cluster. Absent: Argo CD makes its own password. The key
	// defaults to admin.password.
	//
	// +optional
	AdminPasswordHashSecretRef *SecretKeyRef `json:"adminPasswordHashSecretRef,omitempty"`
}

// Traefik installs Traefik.
type Traefik struct {
	App `json:",inline"`

	// Let Traefik implement the Gateway API too, beside or instead of Envoy
	// Gateway: GatewayClass traefik and Gateway traefik-gateway, open to routes
	// of every namespace.
	//
	// +optional
	GatewayAPI bool `json:"gatewayAPI,omitempty"`
}

// VLLM installs the operator of the vLLM Production Stack. It is no chart.
type VLLM struct {
	// Whether the operator is installed.
	//
	// +kubebuilder:default=false
	// +optional
	Enabled bool `json:"enabled,omitempty"`

	// The tag of the operator's image, instead of the one that Gatehouse pins.
	//
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`
	// +optional
	Version string `json:"version,omitempty"`
}

// KEDA installs KEDA and its HTTP add-on.
type KEDA struct {
	App `json:",inline"`

	// The HTTP add-on's chart.
	//
	// +optional
	HTTPAddOn Chart `json:"httpAddOn,omitempty"`

	// Namespaces, besides parameters.namespaces, whose HTTPRoutes may send
	// requests to the interceptor of the HTTP add-on.
	//
	// +optional
	RouteNamespaces []string `json:"routeNamespaces,omitempty"`
}

// Chart overrides what Gatehouse sets for a chart that comes with another one.
type Chart struct {
	// The version of the chart, instead of the one that Gatehouse pins.
	//
	// +optional
	Version string `json:"version,omitempty"`

	// Values for the chart, merged over those that Gatehouse sets.
	//
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Values Object `json:"values,omitempty"`
}

// EnvoyGateway installs Envoy Gateway with the shared Gateway eg.
type EnvoyGateway struct {
	App `json:",inline"`

	// The shared Gateway. Absent: one HTTP listener on port 80, open to routes of
	// every namespace.
	//
	// +optional
	Gateway *Gateway `json:"gateway,omitempty"`
}

// Gateway is the shared Gateway eg.
//
// +kubebuilder:validation:XValidation:rule="!has(self.hostnames) || size(self.hostnames) == 0 || has(self.https)",message="hostnames needs https: the http listener accepts every hostname already"
type Gateway struct {
	// Annotations of the Gateway, for external-dns for example.
	//
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`

	// An HTTPS listener on port 443, TLS mode Terminate.
	//
	// +optional
	HTTPS *HTTPSListener `json:"https,omitempty"`

	// More hostnames that are served over HTTPS: one more listener each, with the
	// same certificates or issuer.
	//
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Hostnames []string `json:"hostnames,omitempty"`
}

// HTTPSListener is the HTTPS listener of the shared Gateway.
//
// +kubebuilder:validation:XValidation:rule="has(self.certificateRefs) != has(self.issuerRef)",message="give certificateRefs or issuerRef, one of the two"
// +kubebuilder:validation:XValidation:rule="!has(self.issuerRef) || has(self.hostname)",message="issuerRef needs hostname: cert-manager issues certificates for the hostnames of listeners"
type HTTPSListener struct {
	// The hostname; may start with a wildcard label. Absent: every hostname.
	//
	// +optional
	Hostname string `json:"hostname,omitempty"`

	// Certificates that exist already.
	//
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +optional
	CertificateRefs []CertificateRef `json:"certificateRefs,omitempty"`

	// The cert-manager issuer that issues the certificate into the Secret eg-tls
	// beside the Gateway.
	//
	// +optional
	IssuerRef *IssuerRef `json:"issuerRef,omitempty"`
}

// CertificateRef is a Gateway API certificate reference.
type CertificateRef struct {
	// The API group of the kind. Absent: the core group.
	//
	// +optional
	Group string `json:"group,omitempty"`

	// The kind. Absent: Secret.
	//
	// +optional
	Kind string `json:"kind,omitempty"`

	// The name.
	Name string `json:"name"`

	// The namespace. Absent: that of the Gateway. Another one needs a
	// ReferenceGrant there.
	//
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// IssuerRef names a cert-manager issuer.
type IssuerRef struct {
	// The name of the issuer.
	Name string `json:"name"`

	// Issuer (in namespace envoy-gateway-system) or ClusterIssuer.
	//
	// +kubebuilder:default=ClusterIssuer
	// +kubebuilder:validation:Enum=Issuer;ClusterIssuer
	// +optional
	Kind string `json:"kind,omitempty"`
}

// Prometheus installs kube-prometheus-stack.
type Prometheus struct {
	App `json:",inline"`

	// Let this Prometheus scrape every app that is switched on and has monitors
	// of its own. It changes values of charts that run already.
	//
	// +optional
	MonitorApps bool `json:"monitorApps,omitempty"`

	// Add the Grafana dashboard for gateway traffic and autoscaling (with
	// envoyGateway on). Absent: as monitorApps.
	//
	// +optional
	Dashboards *bool `json:"dashboards,omitempty"`
}

// ExternalSecrets installs External Secrets Operator (ESO).
type ExternalSecrets struct {
	App `json:",inline"`

	// Whether to create secret store. If `true`, `creds` field needs to be set as
	// well.
	//
	// +optional
	Store bool `json:"store,omitempty"`

	// The key with Google credentials in the secret. Works only with clusters in
	// Google Cloud.
	//
	// +optional
	GoogleCredentialsKey string `json:"googleCredentialsKey,omitempty"`

	// The URL of Azure Vault. Works only with clusters in Azure.
	//
	// +optional
	AzureVaultURL string `json:"azureVaultUrl,omitempty"`

	// The key with Access Key ID in the secret. Works only with clusters in AWS.
	//
	// +kubebuilder:default=accessKeyID
	// +optional
	AWSAccessKeyIDKey string `json:"awsAccessKeyIDKey,omitempty"`

	// The key with Secret Access Key in the secret. Works only with clusters in
	// AWS.
	//
	// +kubebuilder:default=secretAccessKey
	// +optional
	AWSSecretAccessKeyKey string `json:"awsSecretAccessKeyKey,omitempty"`

	// List of secrets to be created from the secret store. The `store` parameter
	// must be set to `true` for this feature to work.
	//
	// +optional
	Secrets []Secret `json:"secrets,omitempty"`
}

// Secret is a Secret that is created from the secret store.
type Secret struct {
	// The name or the key of secret in the external secret store.
	FromSecret string `json:"fromSecret"`

	// The name of the secret.
	ToSecret string `json:"toSecret"`

	// The namespace of the secret.
	ToNamespace string `json:"toNamespace"`

	// The type of the secret.
	//
	// +kubebuilder:default=Opaque
	// +optional
	Type string `json:"type,omitempty"`
}
