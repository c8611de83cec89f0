package composed

// Credentials say how providers reach the cluster.
type Credentials struct {
	// SecretName and SecretKey name the kubeconfig, in the namespace of the
	// Cluster. Empty: the identity of the provider's own pod.
	SecretName, SecretKey string
	// Identity is what the kubeconfig leaves out; nil for most.
	Identity map[string]any
}

// HelmProviderConfig is the ProviderConfig that Releases use.
func (s *Scope) HelmProviderConfig() Ref { return Ref{HelmAPIVersion, "ProviderConfig", s.Name()} }

// KubernetesProviderConfig is the ProviderConfig that Objects use.
func (s *Scope) KubernetesProviderConfig() Ref {
	return Ref{KubernetesAPIVersion, "ProviderConfig", s.Name()}
}

// ProviderConfigs builds how Releases and Objects reach the cluster, and the one
// by which Releases of others reach the cluster that Crossplane runs in. They
// have no conditions, so they count as ready.
func (s *Scope) ProviderConfigs(c Credentials) []Resource {
	name := s.Name()
	local := map[string]any{"credentials": map[string]any{"source": "InjectedIdentity"}}
	return []Resource{
		s.providerConfig(name+"-config-helm", s.HelmProviderConfig(), s.reach(c)),
		s.providerConfig(name+"-config-helm-local", Ref{HelmAPIVersion, "ProviderConfig", name + "-local"}, local),
		s.providerConfig(name+"-config-kubernetes", s.KubernetesProviderConfig(), s.reach(c)),
	}
}

func (s *Scope) reach(c Credentials) map[string]any {
	if c.SecretName == "" {
		return map[string]any{"credentials": map[string]any{"source": "InjectedIdentity"}}
	}
	spec := map[string]any{"credentials": map[string]any{
		"source": "Secret",
		"secretRef": map[string]any{
			"name":      c.SecretName,
			"namespace": s.Cluster.Namespace,
			"key":       c.SecretKey,
		},
	}}
	if c.Identity != nil {
		spec["identity"] = c.Identity
	}
	return spec
}

func (s *Scope) providerConfig(key string, ref Ref, spec map[string]any) Resource {
	r := s.Resource(key, map[string]any{
		"apiVersion": ref.APIVersion,
		"kind":       ref.Kind,
		"metadata":   Named(ref.Name, s.Name()),
		"spec":       spec,
	})
	r.Ready = true
	return r
}

// CredentialUsages keep what the ProviderConfigs' credentials come from until
// the ProviderConfigs are gone.
func (s *Scope) CredentialUsages(infix string, of Ref) []Resource {
	prefix := s.Name() + "-" + infix
	return []Resource{
		s.Usage(prefix+"-helm-usage", of, s.HelmProviderConfig()),
		s.Usage(prefix+"-kubernetes-usage", of, s.KubernetesProviderConfig()),
	}
}

// ClusterCredentials are those of a control plane that writes its kubeconfig
// into the Secret NAME-cluster.
func (s *Scope) ClusterCredentials() Credentials {
	return Credentials{SecretName: s.Name() + "-cluster", SecretKey: "kubeconfig"}
}
