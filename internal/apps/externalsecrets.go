package apps

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// externalSecretsAPIVersion is the only one that chart 2.0.0 serves; v1beta1 is
// refused (measured, see docs/differences.md).
const externalSecretsAPIVersion = "external-secrets.io/v1"

// secretStoreObject is the Object of the ClusterSecretStore.
const secretStoreObject = "secret-store" // #nosec G101 -- the name of an Object

// externalSecrets installs External Secrets Operator and, when asked for, the
// ClusterSecretStore of the cluster's cloud. The Secrets themselves are built by
// Secrets: clusters have them without the app too.
func externalSecrets() App {
	return App{
		Name:    "externalSecrets",
		Enabled: func(a *v2.Apps) bool { return a.ExternalSecrets.Enabled },
		Parts: func(s *composed.Scope) []string {
			return []string{s.ReleaseKey("external-secrets"), s.ObjectKey(secretStoreObject)}
		},
		Resources: func(s *composed.Scope) []composed.Resource {
			es := &s.Apps().ExternalSecrets
			out := s.Release(composed.AppRelease("external-secrets", &es.App, map[string]any{"installCRDs": true}))
			if es.Store {
				out = append(out, secretStore(s, es)...)
			}
			return out
		},
	}
}

func secretStore(s *composed.Scope, es *v2.ExternalSecrets) []composed.Resource {
	o := composed.Object{
		Name:         secretStoreObject,
		ExternalName: string(s.Provider()),
		Manifest: map[string]any{
			"apiVersion": externalSecretsAPIVersion,
			"kind":       "ClusterSecretStore",
			"metadata":   map[string]any{"name": string(s.Provider())},
			"spec":       map[string]any{"provider": storeProvider(s, es)},
		},
		After: []string{s.ReleaseKey("external-secrets")},
	}
	if s.Provider() == v2.ProviderGoogle {
		// The project is known only to the ProviderConfig of the cloud.
		o.References = []any{map[string]any{
			"patchesFrom": map[string]any{
				"apiVersion": "gcp.m.upbound.io/v1beta1",
				"kind":       "ProviderConfig",
				"name":       "default",
				"fieldPath":  "spec.projectID",
			},
			"toFieldPath": "spec.provider.gcpsm.projectID",
		}}
	}
	return s.AppObject(o)
}

func storeProvider(s *composed.Scope, es *v2.ExternalSecrets) map[string]any {
	creds := s.Parameters().Creds
	switch s.Provider() {
	case v2.ProviderGoogle:
		return map[string]any{"gcpsm": map[string]any{"auth": map[string]any{"secretRef": map[string]any{
			"secretAccessKeySecretRef": credential(creds, es.GoogleCredentialsKey),
		}}}}
	case v2.ProviderAzure:
		vault := map[string]any{"authType": "ManagedIdentity"}
		if es.AzureVaultURL != "" {
			vault["vaultUrl"] = es.AzureVaultURL
		}
		return map[string]any{"azurekv": vault}
	default:
		return map[string]any{"aws": map[string]any{
			"service": "SecretsManager",
			"region":  s.Cluster.Region(),
			"auth": map[string]any{"secretRef": map[string]any{
				"accessKeyIDSecretRef":     credential(creds, es.AWSAccessKeyIDKey),
				"secretAccessKeySecretRef": credential(creds, es.AWSSecretAccessKeyKey),
			}},
		}}
	}
}

func credential(creds *v2.Creds, key string) map[string]any {
	ref := map[string]any{"name": creds.Name, "namespace": creds.Namespace}
	if key != "" {
		ref["key"] = key
	}
	return ref
}

// Secrets builds the Secrets that are read from the secret store. They wait for
// what they need only where this Cluster brings it.
func Secrets(s *composed.Scope) []composed.Resource {
	var out []composed.Resource
	seen := map[string]bool{}
	for _, secret := range s.Apps().ExternalSecrets.Secrets {
		if seen[secret.ToSecret] {
			continue // the same entry twice; different ones are refused
		}
		seen[secret.ToSecret] = true
		out = append(out, s.Object(composed.Object{
			Name:         "secret-" + secret.ToSecret,
			ExternalName: secret.ToSecret,
			Manifest:     externalSecret(s, secret),
			After: []string{
				s.ReleaseKey("external-secrets"),
				s.ObjectKey(secretStoreObject),
				s.Name() + "-ns-" + secret.ToNamespace,
			},
		})...)
	}
	return out
}

func externalSecret(s *composed.Scope, secret v2.Secret) map[string]any {
	return map[string]any{
		"apiVersion": externalSecretsAPIVersion,
		"kind":       "ExternalSecret",
		"metadata":   map[string]any{"name": secret.ToSecret, "namespace": secret.ToNamespace},
		"spec": map[string]any{
			"refreshInterval": "1h",
			"secretStoreRef":  map[string]any{"kind": "ClusterSecretStore", "name": string(s.Provider())},
			"target": map[string]any{
				"name":           secret.ToSecret,
				"creationPolicy": "Owner",
				"template":       map[string]any{"type": secret.Type},
			},
			"dataFrom": []any{map[string]any{"extract": map[string]any{"key": secret.FromSecret}}},
		},
	}
}
