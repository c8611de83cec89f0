package v2

// Defaults of the API. A test holds them equal to the defaults of the XRD, so a
// Cluster that never met the API server composes the same.
const (
	DefaultMinNodeCount    = 1
	DefaultGPUMaxNodeCount = 10
	DefaultCredsNamespace  = "crossplane-system"
	DefaultArgoCDRepoURL   = "https://github.com/vfarcic/SOMETHING"
)

// Default fills in what is absent, as the API server does with the XRD.
func (p *Parameters) Default() {
	setDefault(&p.NodeSize, Small)
	if p.MinNodeCount == nil {
		p.MinNodeCount = new(int64(DefaultMinNodeCount))
	}
	if p.Namespaces == nil {
		p.Namespaces = []string{"dev", "production"}
	}
	if g := p.GPU; g != nil {
		setDefault(&g.NodeSize, Small)
		if g.MinNodeCount == nil {
			g.MinNodeCount = new(int64(DefaultMinNodeCount))
		}
		if g.MaxNodeCount == nil {
			g.MaxNodeCount = new(int64(DefaultGPUMaxNodeCount))
		}
	}
	if p.Creds != nil {
		setDefault(&p.Creds.Namespace, DefaultCredsNamespace)
	}
	p.Apps.setDefaults()
}

func (a *Apps) setDefaults() {
	setDefault(&a.ArgoCD.Host, "acme.com")
	setDefault(&a.ArgoCD.RepoURL, DefaultArgoCDRepoURL)
	setDefault(&a.ArgoCD.DestinationNamespace, "argo-cd")
	setDefault(&a.ArgoCD.SourcePath, ".")
	setDefault(&a.ExternalSecrets.AWSAccessKeyIDKey, "accessKeyID")
	setDefault(&a.ExternalSecrets.AWSSecretAccessKeyKey, "secretAccessKey")
	for i := range a.ExternalSecrets.Secrets {
		setDefault(&a.ExternalSecrets.Secrets[i].Type, "Opaque")
	}
	if g := a.EnvoyGateway.Gateway; g != nil && g.HTTPS != nil && g.HTTPS.IssuerRef != nil {
		setDefault(&g.HTTPS.IssuerRef.Kind, "ClusterIssuer")
	}
}

func setDefault[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}
