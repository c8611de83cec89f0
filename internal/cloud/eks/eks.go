// Package eks composes EKS clusters.
package eks

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

const (
	eksAPIVersion = "eks.aws.m.upbound.io/v1beta1"
	ec2APIVersion = "ec2.aws.m.upbound.io/v1beta1"
	iamAPIVersion = "iam.aws.m.upbound.io/v1beta1"

	controlPlaneKey = "ekscluster"
	nodePoolKey     = "eksnodegroup"
)

// Cloud is how an EKS cluster is composed.
func Cloud() composed.Cloud {
	return composed.Cloud{
		Provider:     v2.ProviderAWS,
		Flavor:       "eks",
		Title:        "EKS cluster",
		ControlPlane: composed.Fixed(controlPlaneKey),
		NodePool:     composed.Fixed(nodePoolKey),
		RegionField:  "region",
		Protected: func(s *composed.Scope) (composed.Ref, composed.Ref) {
			return controlPlane(s), controlPlane(s)
		},
		Resources:   resources,
		Credentials: (*composed.Scope).ClusterCredentials,
	}
}

func controlPlane(s *composed.Scope) composed.Ref {
	return composed.Ref{APIVersion: eksAPIVersion, Kind: "Cluster", Name: s.Name()}
}

func resources(s *composed.Scope, _ composed.Observed) []composed.Resource {
	out := network(s)
	out = append(out, identity(s)...)
	out = append(out, cluster(s), clusterAuth(s), nodeGroup(s), storage(s))
	if gpu := s.Parameters().GPU; gpu != nil && gpu.Enabled {
		out = append(out, gpuNodeGroup(s, gpu))
	}
	out = append(out, s.CredentialUsages("cluster", controlPlane(s))...)
	auth := composed.Ref{APIVersion: eksAPIVersion, Kind: "ClusterAuth", Name: s.Name()}
	return append(out, s.CredentialUsages("cluster-auth", auth)...)
}

// kind is what managed builds a resource of.
type kind struct{ apiVersion, name string }

// managed builds a resource of AWS under a key. suffix is added to the name of
// the Cluster. The empty annotations stand in every live object's applied fields.
func managed(s *composed.Scope, key string, of kind, suffix string) (composed.Resource, map[string]any) {
	forProvider := map[string]any{}
	r := s.Resource(key, map[string]any{
		"apiVersion": of.apiVersion,
		"kind":       of.name,
		"metadata":   map[string]any{"name": s.Name() + suffix, "annotations": map[string]any{}},
		"spec":       map[string]any{"forProvider": forProvider},
	})
	return r, forProvider
}

// regional builds a resource of AWS that belongs to a region.
func regional(s *composed.Scope, key string, of kind, suffix string) (composed.Resource, map[string]any) {
	r, forProvider := managed(s, key, of, suffix)
	forProvider["region"] = s.Cluster.Region()
	return r, forProvider
}

// set puts a field into a part of a resource that managed has built.
func set(r composed.Resource, part, field string, value any) {
	if fields, ok := r.Object[part].(map[string]any); ok {
		fields[field] = value
	}
}

func setLabels(r composed.Resource, labels map[string]any) { set(r, "metadata", "labels", labels) }

func cluster(s *composed.Scope) composed.Resource {
	r, f := regional(s, controlPlaneKey, kind{eksAPIVersion, "Cluster"}, "")
	f["bootstrapSelfManagedAddons"] = true
	f["roleArnSelector"] = roleSelector(s, controlPlaneRole)
	f["vpcConfig"] = map[string]any{
		"endpointPrivateAccess": true,
		"endpointPublicAccess":  true,
		"subnetIdSelector":      composed.Controlled(),
	}
	if v := s.Parameters().Version; v != "" {
		f["version"] = v
	}
	return r
}

func clusterAuth(s *composed.Scope) composed.Resource {
	r, f := regional(s, "clusterAuth", kind{eksAPIVersion, "ClusterAuth"}, "")
	f["clusterNameSelector"] = composed.Controlled()
	set(r, "spec", "writeConnectionSecretToRef", map[string]any{"name": s.Name() + "-cluster"})
	return r
}

func storage(s *composed.Scope) composed.Resource {
	r, f := regional(s, "addonEbs", kind{eksAPIVersion, "Addon"}, "-ebs")
	f["addonName"] = "aws-ebs-csi-driver"
	f["clusterNameSelector"] = composed.Controlled()
	return r
}

func nodeGroup(s *composed.Scope) composed.Resource {
	p := s.Parameters()
	r, f := regional(s, nodePoolKey, kind{eksAPIVersion, "NodeGroup"}, "")
	joinNodes(s, f, *p.MinNodeCount, v2.MaxNodeCount)
	f["instanceTypes"] = []any{nodeType(p.NodeSize)}
	return r
}

func gpuNodeGroup(s *composed.Scope, gpu *v2.GPU) composed.Resource {
	r, f := regional(s, "eksnodegroup-gpu", kind{eksAPIVersion, "NodeGroup"}, "-gpu")
	joinNodes(s, f, *gpu.MinNodeCount, *gpu.MaxNodeCount)
	instance, diskGiB := gpuType(gpu.NodeSize)
	f["amiType"] = "AL2023_x86_64_NVIDIA"
	f["instanceTypes"] = []any{instance}
	f["diskSize"] = diskGiB
	f["labels"] = map[string]any{"gpu": "true"}
	f["taint"] = []any{map[string]any{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}}
	return r
}

func joinNodes(s *composed.Scope, forProvider map[string]any, least, most int64) {
	forProvider["clusterNameSelector"] = composed.Controlled()
	forProvider["nodeRoleArnSelector"] = roleSelector(s, nodeRole)
	forProvider["subnetIdSelector"] = composed.Controlled()
	forProvider["scalingConfig"] = map[string]any{"minSize": least, "maxSize": most, "desiredSize": least}
}

func nodeType(size v2.NodeSize) string {
	switch size {
	case v2.Small:
		return "t3.small"
	case v2.Medium:
		return "t3.medium"
	default:
		return "t3.large"
	}
}

func gpuType(size v2.NodeSize) (instance string, diskGiB int64) {
	switch size {
	case v2.Small:
		return "g5.xlarge", 100
	case v2.Medium:
		return "g5.12xlarge", 200
	default:
		return "p4d.24xlarge", 500
	}
}
