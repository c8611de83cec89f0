// Package gke composes GKE clusters.
package gke

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

const (
	containerAPIVersion = "container.gcp.m.upbound.io/v1beta1"
	platformScope       = "https://www.googleapis.com/auth/cloud-platform"
)

// Cloud is how a GKE cluster is composed.
func Cloud() composed.Cloud {
	return composed.Cloud{
		Provider:     v2.ProviderGoogle,
		Flavor:       "gke",
		Title:        "GKE cluster",
		ControlPlane: composed.ByName("-cluster"),
		NodePool:     composed.ByName("-nodepool"),
		RegionField:  "location",
		Protected: func(s *composed.Scope) (composed.Ref, composed.Ref) {
			return controlPlane(s), controlPlane(s)
		},
		Resources:   resources,
		Credentials: credentials,
	}
}

func controlPlane(s *composed.Scope) composed.Ref {
	return composed.Ref{APIVersion: containerAPIVersion, Kind: "Cluster", Name: s.Name()}
}

// credentials add the identity that GKE's kubeconfig leaves out.
func credentials(s *composed.Scope) composed.Credentials {
	c := s.ClusterCredentials()
	c.Identity = map[string]any{
		"type":   "GoogleApplicationCredentials",
		"source": "Secret",
		"secretRef": map[string]any{
			"name":      "gcp-creds",
			"namespace": "crossplane-system",
			"key":       "creds",
		},
	}
	return c
}

// PodRange is the address range of the pods: empty until GKE has told it. It falls
// back to what the Cluster's status holds, so that the network is not reconfigured
// while the status of the control plane is empty.
func PodRange(s *composed.Scope, observed composed.Observed) string {
	cidr := observed.String(s.Name()+"-cluster", "status", "atProvider", "clusterIpv4Cidr")
	if cidr == "" && observed.Composite != nil {
		cidr, _ = observed.Composite.Field("status", "field1").(string)
	}
	return cidr
}

func resources(s *composed.Scope, observed composed.Observed) []composed.Resource {
	out := []composed.Resource{cluster(s), nodePool(s, observed)}
	if gpu := s.Parameters().GPU; gpu != nil && gpu.Enabled {
		out = append(out, gpuPool(s, gpu, observed))
	}
	out = append(out, s.CredentialUsages("cluster", controlPlane(s))...)
	return append(out, s.CiliumRelease(ciliumSet(PodRange(s, observed)))...)
}

func ciliumSet(podRange string) []any {
	set := []any{
		composed.SetValue("nodeinit.enabled", "true"),
		composed.SetValue("nodeinit.reconfigureKubelet", "true"),
		composed.SetValue("nodeinit.removeCbrBridge", "true"),
		composed.SetValue("cni.binPath", "/home/kubernetes/bin"),
		composed.SetValue("gke.enabled", "true"),
		composed.SetValue("ipam.mode", "kubernetes"),
	}
	if podRange != "" {
		set = append(set, composed.SetValue("ipv4NativeRoutingCIDR", podRange))
	}
	return append(set,
		composed.SetValue("authentication.enabled", "true"),
		composed.SetValue("authentication.mutual.spire.enabled", "true"),
		composed.SetValue("authentication.mutual.spire.install.enabled", "true"),
	)
}

func cluster(s *composed.Scope) composed.Resource {
	p := s.Parameters()
	forProvider := map[string]any{
		"deletionProtection":    false,
		"location":              s.Cluster.Region(),
		"initialNodeCount":      int64(1),
		"removeDefaultNodePool": true,
		"clusterAutoscaling": map[string]any{
			"autoProvisioningDefaults": map[string]any{"management": management()},
		},
	}
	if p.Version != "" {
		forProvider["minMasterVersion"] = p.Version
	}
	if p.Apps.EnvoyGateway.Enabled {
		// GKE's own load balancer controller would compete for the Gateway API.
		forProvider["addonsConfig"] = map[string]any{"httpLoadBalancing": map[string]any{"disabled": true}}
	}
	return s.Resource(s.Name()+"-cluster", map[string]any{
		"apiVersion": containerAPIVersion,
		"kind":       "Cluster",
		"metadata":   composed.Named(s.Name(), s.Name()),
		"spec": map[string]any{
			"forProvider":                forProvider,
			"writeConnectionSecretToRef": map[string]any{"name": s.Name() + "-cluster"},
		},
	})
}

func nodePool(s *composed.Scope, observed composed.Observed) composed.Resource {
	p := s.Parameters()
	key := s.Name() + "-nodepool"
	return s.Resource(key, pool(s, s.Name(), map[string]any{
		"initialNodeCount": initialNodeCount(key, *p.MinNodeCount, observed),
		"nodeConfig": map[string]any{
			"machineType": nodeType(p.NodeSize),
			"oauthScopes": []any{platformScope},
			// Cilium takes it away when the node's network is up.
			"taint": []any{taint("node.cilium.io/agent-not-ready", "NO_EXECUTE")},
		},
		"autoscaling": map[string]any{"minNodeCount": *p.MinNodeCount, "maxNodeCount": int64(v2.MaxNodeCount)},
	}, "b", "c", "d"))
}

func gpuPool(s *composed.Scope, gpu *v2.GPU, observed composed.Observed) composed.Resource {
	name := s.Name() + "-gpu"
	machine, accelerator, count := gpuType(gpu.NodeSize)
	return s.Resource(name, pool(s, name, map[string]any{
		"initialNodeCount": initialNodeCount(name, *gpu.MinNodeCount, observed),
		"nodeConfig": map[string]any{
			"machineType":      machine,
			"guestAccelerator": []any{map[string]any{"type": accelerator, "count": count}},
			"oauthScopes":      []any{platformScope},
			"labels":           map[string]any{"gpu": "true"},
			"taint":            []any{taint("nvidia.com/gpu", "NO_SCHEDULE")},
		},
		"autoscaling": map[string]any{"minNodeCount": *gpu.MinNodeCount, "maxNodeCount": *gpu.MaxNodeCount},
	}, "c"))
}

// initialNodeCount stays what it was when the pool was created: GKE cannot change
// it, and the provider refuses an update that tries to, with all else in it.
func initialNodeCount(key string, least int64, observed composed.Observed) any {
	switch count := observed.Field(key, "spec", "forProvider", "initialNodeCount").(type) {
	case int64, float64:
		return count
	default:
		return least
	}
}

// pool adds what all node pools have. The zones are known only in the default
// region; elsewhere GKE uses those of the cluster.
func pool(s *composed.Scope, name string, forProvider map[string]any, zones ...string) map[string]any {
	forProvider["clusterSelector"] = composed.Controlled()
	forProvider["management"] = management()
	if v := s.Parameters().Version; v != "" {
		forProvider["version"] = v
	}
	if region := s.Cluster.Region(); region == v2.ProviderGoogle.DefaultRegion() {
		locations := make([]any, len(zones))
		for i, zone := range zones {
			locations[i] = region + "-" + zone
		}
		forProvider["nodeLocations"] = locations
	}
	return map[string]any{
		"apiVersion": containerAPIVersion,
		"kind":       "NodePool",
		"metadata":   composed.Named(name, name),
		"spec":       map[string]any{"forProvider": forProvider},
	}
}

func management() map[string]any { return map[string]any{"autoRepair": true, "autoUpgrade": true} }

func taint(key, effect string) map[string]any {
	return map[string]any{"key": key, "value": "true", "effect": effect}
}

func nodeType(size v2.NodeSize) string {
	switch size {
	case v2.Small:
		return "e2-standard-2"
	case v2.Medium:
		return "e2-standard-4"
	default:
		return "e2-standard-16"
	}
}

func gpuType(size v2.NodeSize) (machine, accelerator string, count int64) {
	switch size {
	case v2.Small:
		return "n1-standard-4", "nvidia-tesla-t4", 1
	case v2.Medium:
		return "a2-highgpu-4g", "nvidia-tesla-a100", 4
	default:
		return "a2-highgpu-8g", "nvidia-tesla-a100", 8
	}
}
