// Package existing composes Clusters on clusters that exist already: there are
// no cloud resources, only the way to reach the cluster.
package existing

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Cloud is how an existing cluster is composed.
func Cloud() composed.Cloud {
	return composed.Cloud{
		Provider:     v2.ProviderExisting,
		Flavor:       "any",
		Title:        "existing cluster",
		ControlPlane: composed.Fixed(""),
		NodePool:     composed.Fixed(""),
		// Nothing here is the control plane, so what must stay until the last Release
		// and Object is gone is the way to reach it.
		Protected: func(s *composed.Scope) (composed.Ref, composed.Ref) {
			return s.HelmProviderConfig(), s.KubernetesProviderConfig()
		},
		Resources:   func(*composed.Scope, composed.Observed) []composed.Resource { return nil },
		Credentials: credentials,
	}
}

func credentials(s *composed.Scope) composed.Credentials {
	c := s.ClusterCredentials()
	e := s.Parameters().Existing
	switch {
	case e == nil:
	case e.InCluster:
		return composed.Credentials{}
	case e.KubeconfigSecretRef != nil:
		c.SecretName = e.KubeconfigSecretRef.Name
		if e.KubeconfigSecretRef.Key != "" {
			c.SecretKey = e.KubeconfigSecretRef.Key
		}
	}
	return c
}
