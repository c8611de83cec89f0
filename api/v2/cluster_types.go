// Package v2 holds the Cluster API: the Go types are the only source of the
// XRD (schema, defaults, descriptions, CEL checks, printer columns), of its
// reference in docs/api.md and of the checks that the function makes.
//
// +groupName=devopstoolkit.ai
// +versionName=v2
package v2

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Identity of the API. Live objects carry these: they never change.
const (
	Group      = "devopstoolkit.ai"
	Version    = "v2"
	Kind       = "Cluster"
	APIVersion = Group + "/" + Version
)

// A Cluster is a fully operational Kubernetes cluster: an EKS, AKS, GKE or
// existing cluster with the apps that are switched on, wired together.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=clusters,scope=Namespaced
// +kubebuilder:printcolumn:name="clusterName",type=string,JSONPath=".status.clusterName"
// +kubebuilder:printcolumn:name="controlPlane",type=string,JSONPath=".status.controlPlaneStatus"
// +kubebuilder:printcolumn:name="nodePool",type=string,JSONPath=".status.nodePoolStatus"
type Cluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ClusterSpec   `json:"spec"`
	Status ClusterStatus `json:"status,omitempty"`
}

// ClusterSpec is what the user wants.
type ClusterSpec struct {
	// How Crossplane composes this Cluster. Crossplane itself adds this field to
	// the XRD; of it Gatehouse reads the provider.
	//
	// +optional
	Crossplane Crossplane `json:"crossplane,omitempty"`

	// Parameters used to customize the cluster.
	Parameters *Parameters `json:"parameters"`
}

// Crossplane is the part of spec.crossplane that Gatehouse reads.
type Crossplane struct {
	// +optional
	CompositionRef *NameRef `json:"compositionRef,omitempty"`
	// +optional
	CompositionSelector *CompositionSelector `json:"compositionSelector,omitempty"`
}

// CompositionSelector chooses a Composition by its labels.
type CompositionSelector struct {
	// +optional
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}

// NameRef names an object.
type NameRef struct {
	// The name of the object.
	Name string `json:"name"`
}

// NodeSize is a size of nodes.
//
// +kubebuilder:validation:Enum=small;medium;large
type NodeSize string

// The sizes of nodes.
const (
	Small  NodeSize = "small"
	Medium NodeSize = "medium"
	Large  NodeSize = "large"
)

// MaxNodeCount is the largest size of the general node pool. It is the same on
// every provider and no field changes it.
const MaxNodeCount = 10

// Parameters used to customize the cluster.
//
// +kubebuilder:validation:XValidation:rule="!has(self.existing) || !has(self.existing.inCluster) || !self.existing.inCluster || !has(self.existing.kubeconfigSecretRef)",message="existing takes kubeconfigSecretRef or inCluster, not both"
type Parameters struct {
	// The Kubernetes version for the cluster. Absent: the provider's default.
	//
	// +optional
	Version string `json:"version,omitempty"`

	// The region of the cluster. Absent: us-east-1 on aws, eastus on azure,
	// us-east1 on google. It cannot change once the cluster exists. On aws the
	// zones a, b and c of the region are used.
	//
	// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9-]*$`
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Region string `json:"region,omitempty"`

	// The size of the nodes; small, medium, large.
	//
	// +kubebuilder:default=small
	NodeSize NodeSize `json:"nodeSize"`

	// The minimum number of nodes. At most 10, the size a node pool can grow to.
	//
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	// +optional
	MinNodeCount *int64 `json:"minNodeCount,omitempty"`

	// List of Namespaces that should be created in the cluster.
	//
	// +kubebuilder:default={"dev","production"}
	// +optional
	Namespaces []string `json:"namespaces,omitempty"`

	// GPU node pool configuration for AI/ML workloads.
	//
	// +optional
	GPU *GPU `json:"gpu,omitempty"`

	// The secret with hyperscaler credentials. It is copied into the cluster.
	//
	// +optional
	Creds *Creds `json:"creds,omitempty"`

	// Where the cluster is, when the provider is existing.
	//
	// +optional
	Existing *Existing `json:"existing,omitempty"`

	// Where charts are taken from.
	//
	// +optional
	Charts *Charts `json:"charts,omitempty"`

	// List of apps that should be installed in the cluster.
	//
	// +optional
	Apps Apps `json:"apps,omitempty"`
}

// GPU node pool configuration for AI/ML workloads.
//
// +kubebuilder:validation:XValidation:rule="(has(self.minNodeCount) ? self.minNodeCount : 1) <= (has(self.maxNodeCount) ? self.maxNodeCount : 10)",message="minNodeCount must be at most maxNodeCount"
type GPU struct {
	// Whether there is a pool of nodes with GPUs.
	//
	// +kubebuilder:default=false
	// +optional
	Enabled bool `json:"enabled,omitempty"`

	// The size of the GPU nodes; small (1 GPU, testing), medium (4 GPUs, small
	// production), large (8 GPUs, big production).
	//
	// +kubebuilder:default=small
	// +optional
	NodeSize NodeSize `json:"nodeSize,omitempty"`

	// The minimum number of GPU nodes.
	//
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +optional
	MinNodeCount *int64 `json:"minNodeCount,omitempty"`

	// The maximum number of GPU nodes.
	//
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +optional
	MaxNodeCount *int64 `json:"maxNodeCount,omitempty"`
}

// Creds is the secret with hyperscaler credentials.
type Creds struct {
	// The name of the secret.
	Name string `json:"name"`

	// The namespace of the secret.
	//
	// +kubebuilder:default=crossplane-system
	Namespace string `json:"namespace"`

	// The keys in the secret.
	Keys []string `json:"keys"`
}

// Existing says how a cluster that exists already is reached. Absent: through
// the kubeconfig in the Secret NAME-cluster, where NAME is the name of the
// Cluster, the Secret that the other providers write.
type Existing struct {
	// The Secret with the kubeconfig. It must be in the namespace of the Cluster.
	//
	// +optional
	KubeconfigSecretRef *SecretKeyRef `json:"kubeconfigSecretRef,omitempty"`

	// Install on the cluster that Crossplane itself runs in, with the identity of
	// the providers' pods.
	//
	// +optional
	InCluster bool `json:"inCluster,omitempty"`
}

// SecretKeyRef names one key of a Secret in the namespace of the Cluster.
type SecretKeyRef struct {
	// The name of the Secret.
	Name string `json:"name"`

	// The key in the Secret.
	//
	// +optional
	Key string `json:"key,omitempty"`
}

// Charts says where charts are taken from.
type Charts struct {
	// One OCI registry (oci://HOST/PATH) or chart repository (https://HOST/PATH)
	// from which every chart is taken under its own name and version, instead of
	// where its authors publish it: for clusters without internet access.
	//
	// +kubebuilder:validation:Pattern=`^(oci|https?)://[^\s@?#]+$`
	// +optional
	Mirror string `json:"mirror,omitempty"`

	// The Secret (keys username and password) with which charts are pulled. It
	// must be in the namespace of the Cluster.
	//
	// +optional
	PullSecretRef *NameRef `json:"pullSecretRef,omitempty"`
}
