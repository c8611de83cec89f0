// Package aks composes AKS clusters.
package aks

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

const (
	containerAPIVersion = "containerservice.azure.m.upbound.io/v1beta1"
	groupAPIVersion     = "azure.m.upbound.io/v1beta1"
)

// Cloud is how an AKS cluster is composed.
func Cloud() composed.Cloud {
	return composed.Cloud{
		Provider:     v2.ProviderAzure,
		Flavor:       "aks",
		Title:        "AKS cluster",
		ControlPlane: composed.ByName("-cluster"),
		// The general node pool is part of the cluster resource.
		NodePool:    composed.ByName("-cluster"),
		RegionField: "location",
		Protected: func(s *composed.Scope) (composed.Ref, composed.Ref) {
			return controlPlane(s), controlPlane(s)
		},
		Resources:   resources,
		Credentials: (*composed.Scope).ClusterCredentials,
	}
}

func controlPlane(s *composed.Scope) composed.Ref {
	return composed.Ref{APIVersion: containerAPIVersion, Kind: "KubernetesCluster", Name: s.Name()}
}

func resources(s *composed.Scope, _ composed.Observed) []composed.Resource {
	out := []composed.Resource{resourceGroup(s), cluster(s)}
	if gpu := s.Parameters().GPU; gpu != nil && gpu.Enabled {
		out = append(out, gpuPool(s, gpu))
	}
	out = append(out, s.CredentialUsages("cluster", controlPlane(s))...)
	return append(out, s.CiliumRelease([]any{
		composed.SetValue("aksbyocni.enabled", "true"),
		composed.SetValue("nodeinit.enabled", "true"),
		composed.SetValue("authentication.enabled", "true"),
		composed.SetValue("authentication.mutual.spire.enabled", "true"),
		composed.SetValue("authentication.mutual.spire.install.enabled", "true"),
	})...)
}

func resourceGroup(s *composed.Scope) composed.Resource {
	return s.Resource(s.Name()+"-resource-group", map[string]any{
		"apiVersion": groupAPIVersion,
		"kind":       "ResourceGroup",
		"metadata":   composed.Named(s.Name(), s.Name()),
		"spec": map[string]any{
			"forProvider":  map[string]any{"location": s.Cluster.Region()},
			"initProvider": map[string]any{},
		},
	})
}

func cluster(s *composed.Scope) composed.Resource {
	p := s.Parameters()
	forProvider := map[string]any{
		"resourceGroupName": s.Name(),
		"location":          s.Cluster.Region(),
		"dnsPrefix":         "dot",
		"defaultNodePool": map[string]any{
			// AKS accepts only letters and digits here.
			"name":               "nodepool1",
			"vmSize":             nodeType(p.NodeSize),
			"minCount":           *p.MinNodeCount,
			"maxCount":           int64(v2.MaxNodeCount),
			"autoScalingEnabled": true,
		},
		"identity":       map[string]any{"type": "SystemAssigned"},
		"networkProfile": map[string]any{"networkPlugin": "none"}, // Cilium comes as a chart
	}
	if p.Version != "" {
		forProvider["kubernetesVersion"] = p.Version
	}
	return s.Resource(s.Name()+"-cluster", map[string]any{
		"apiVersion": containerAPIVersion,
		"kind":       "KubernetesCluster",
		"metadata":   composed.Named(s.Name(), s.Name()),
		"spec": map[string]any{
			"forProvider":                forProvider,
			"writeConnectionSecretToRef": map[string]any{"name": s.Name() + "-cluster"},
		},
	})
}

func gpuPool(s *composed.Scope, gpu *v2.GPU) composed.Resource {
	name := s.Name() + "-gpu"
	return s.Resource(name, map[string]any{
		"apiVersion": containerAPIVersion,
		"kind":       "KubernetesClusterNodePool",
		// AKS accepts only letters and digits as the name of a pool.
		"metadata": composed.Named(name, "gpu"),
		"spec": map[string]any{"forProvider": map[string]any{
			"kubernetesClusterIdSelector": composed.Controlled(),
			"vmSize":                      gpuType(gpu.NodeSize),
			"autoScalingEnabled":          true,
			"minCount":                    *gpu.MinNodeCount,
			"maxCount":                    *gpu.MaxNodeCount,
			"nodeLabels":                  map[string]any{"gpu": "true"},
			"nodeTaints":                  []any{"nvidia.com/gpu=true:NoSchedule"},
		}},
	})
}

func nodeType(size v2.NodeSize) string {
	switch size {
	case v2.Small:
		return "Standard_D2_v2"
	case v2.Medium:
		return "Standard_D3_v2"
	default:
		return "Standard_D4_v2"
	}
}

func gpuType(size v2.NodeSize) string {
	switch size {
	case v2.Small:
		return "Standard_NC4as_T4_v3"
	case v2.Medium:
		return "Standard_NC64as_T4_v3"
	default:
		return "Standard_ND96asr_v4"
	}
}
