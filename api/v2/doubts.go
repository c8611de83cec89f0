package v2

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Doubts says what of a valid Cluster its user probably does not mean, one
// sentence each, in a fixed order. Running clusters use some of it, so it is
// composed as ever. It wants defaults to be applied.
func (c *Cluster) Doubts(ignored []*field.Path) []string {
	var doubts []string
	for _, path := range ignored {
		doubts = append(doubts, fmt.Sprintf("%s: unknown field, ignored", path))
	}
	p := c.Spec.Parameters
	doubts = append(doubts, c.placeDoubts()...)
	doubts = append(doubts, p.credsDoubts()...)
	doubts = append(doubts, p.Apps.secretDoubts(c.Provider(), p.Creds)...)
	return append(doubts, p.Apps.appDoubts(c.Provider())...)
}

func (c *Cluster) placeDoubts() []string {
	var doubts []string
	p := c.Spec.Parameters
	if c.Provider() != ProviderExisting {
		if p.Existing != nil {
			doubts = append(doubts, fmt.Sprintf("spec.parameters.existing: ignored, the provider is %s", c.Provider()))
		}
		return doubts
	}
	if p.Region != "" {
		doubts = append(doubts, "spec.parameters.region: ignored, an existing cluster is where it is")
	}
	if p.GPU != nil && p.GPU.Enabled {
		doubts = append(doubts, "spec.parameters.gpu: ignored, no nodes are added to an existing cluster")
	}
	return doubts
}

// credsDoubts warns of a namespace that nothing here creates.
func (p *Parameters) credsDoubts() []string {
	if p.Creds == nil || slices.Contains(p.Namespaces, p.Creds.Namespace) {
		return nil
	}
	if p.Creds.Namespace == DefaultCredsNamespace && p.Apps.Crossplane.Enabled {
		return nil
	}
	return []string{fmt.Sprintf("spec.parameters.creds.namespace: nothing here creates namespace %s in the cluster, the copy waits for it (list it in namespaces)", p.Creds.Namespace)}
}

func (a *Apps) secretDoubts(provider Provider, creds *Creds) []string {
	es := a.ExternalSecrets
	path := "spec.parameters.apps.externalSecrets"
	var doubts []string
	if len(es.Secrets) > 0 && (!es.Enabled || !es.Store) {
		doubts = append(doubts, fmt.Sprintf("%s.secrets: read from the ClusterSecretStore %s, which needs enabled and store to be true", path, provider))
	}
	if !es.Enabled || !es.Store {
		return doubts
	}
	if provider == ProviderAzure && es.AzureVaultURL == "" {
		doubts = append(doubts, path+".azureVaultUrl: missing, the ClusterSecretStore azure will be refused without it")
	}
	if provider == ProviderGoogle && es.GoogleCredentialsKey == "" {
		doubts = append(doubts, path+".googleCredentialsKey: missing, the ClusterSecretStore google will not find its credentials")
	}
	if provider == ProviderAWS {
		doubts = append(doubts, missingKey(creds, path+".awsAccessKeyIDKey", es.AWSAccessKeyIDKey)...)
		doubts = append(doubts, missingKey(creds, path+".awsSecretAccessKeyKey", es.AWSSecretAccessKeyKey)...)
	}
	return doubts
}

// missingKey doubts a key that is not among those that are copied.
func missingKey(creds *Creds, path, key string) []string {
	if creds == nil || slices.Contains(creds.Keys, key) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %q is not one of spec.parameters.creds.keys (%s)", path, key, strings.Join(creds.Keys, ", "))}
}

func (a *Apps) appDoubts(provider Provider) []string {
	var doubts []string
	if a.ArgoCD.Enabled && a.ArgoCD.RepoURL == DefaultArgoCDRepoURL {
		doubts = append(doubts, "spec.parameters.apps.argocd.repoURL: missing, the first Application points to a placeholder")
	}
	if a.Dapr.Enabled && a.OpenFunction.Enabled {
		doubts = append(doubts, "spec.parameters.apps.dapr: OpenFunction comes with Dapr, enable one of the two")
	}
	if a.EnvoyGateway.Gateway.issued() && !a.CertManager.Enabled {
		doubts = append(doubts, "spec.parameters.apps.envoyGateway.gateway.https.issuerRef: apps.certManager is off, the certificate waits for a cert-manager that somebody else installs")
	}
	if a.ExternalDNS.Enabled && provider == ProviderExisting && !hasProviderName(a.ExternalDNS.Values) {
		doubts = append(doubts, "spec.parameters.apps.externalDNS.values.provider.name: missing, the chart takes aws")
	}
	if a.KEDA.Enabled && len(a.KEDA.RouteNamespaces) > 0 && !a.EnvoyGateway.Enabled && !a.gatewayByTraefik() {
		doubts = append(doubts, "spec.parameters.apps.keda.routeNamespaces: ignored, no Gateway API implementation is on")
	}
	return doubts
}

// issued says whether cert-manager issues the certificates of the Gateway.
func (g *Gateway) issued() bool { return g != nil && g.HTTPS != nil && g.HTTPS.IssuerRef != nil }

func hasProviderName(values Object) bool {
	switch p := values["provider"].(type) {
	case string:
		return p != "" // the chart's older form
	case map[string]any:
		return p["name"] != nil
	}
	return false
}

func (a *Apps) gatewayByTraefik() bool { return a.Traefik.Enabled && a.Traefik.GatewayAPI }

// GatewayAPI says whether an app that is on implements the Gateway API.
func (a *Apps) GatewayAPI() bool { return a.EnvoyGateway.Enabled || a.gatewayByTraefik() }
