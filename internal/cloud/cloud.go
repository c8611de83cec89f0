// Package cloud lists the providers that a Cluster can run on.
package cloud

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/cloud/aks"
	"github.com/gatehouse-platform/gatehouse/internal/cloud/eks"
	"github.com/gatehouse-platform/gatehouse/internal/cloud/existing"
	"github.com/gatehouse-platform/gatehouse/internal/cloud/gke"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// All lists every cloud. A new one is a package and a line here.
func All() []composed.Cloud {
	return []composed.Cloud{
		eks.Cloud(),
		aks.Cloud(),
		gke.Cloud(),
		existing.Cloud(),
	}
}

// For returns the cloud of a provider.
func For(provider v2.Provider) (composed.Cloud, bool) {
	for _, c := range All() {
		if c.Provider == provider {
			return c, true
		}
	}
	return composed.Cloud{}, false
}
