package apps

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// externalDNS installs external-dns for the DNS service of the cluster's cloud.
func externalDNS() App {
	return App{
		Name:    "externalDNS",
		Enabled: func(a *v2.Apps) bool { return a.ExternalDNS.Enabled },
		Parts:   charts("external-dns"),
		Resources: func(s *composed.Scope) []composed.Resource {
			values := map[string]any{
				// Records of clusters that share a zone are told apart by it.
				"txtOwnerId": s.Name(),
				// The prefix that today's annotations have, whatever a later version's
				// default is: external-dns 0.23 passes over the others silently.
				"annotationPrefix": "external-dns.alpha.kubernetes.io/",
			}
			if s.Provider() != v2.ProviderExisting {
				// external-dns names the clouds as we do.
				values["provider"] = map[string]any{"name": string(s.Provider())}
			}
			return s.Release(composed.AppRelease("external-dns", &s.Apps().ExternalDNS, values))
		},
	}
}
