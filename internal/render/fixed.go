package render

import "strings"

// fixedByKind are the fields, below spec.forProvider, that the clouds cannot
// change in place. Upjet providers refuse such an update instead of replacing
// the resource (https://github.com/crossplane/upjet, "refuse to update the
// external resource because the following update requires replacing it"); which
// fields they are is in the Terraform schemas of the kinds (ForceNew).
func fixedByKind() map[string][]string {
	return map[string][]string{
		"VPC":                       {"region", "cidrBlock"},
		"Subnet":                    {"region", "availabilityZone", "cidrBlock"},
		"SecurityGroup":             {"region", "name", "description"},
		"NodeGroup":                 {"region", "amiType", "diskSize", "instanceTypes"},
		"Cluster":                   {"region", "location"},
		"NodePool":                  {"location", "nodeConfig.guestAccelerator", "nodeConfig.oauthScopes"},
		"KubernetesCluster":         {"location", "dnsPrefix", "defaultNodePool.name", "defaultNodePool.vmSize"},
		"KubernetesClusterNodePool": {"vmSize"},
		"ResourceGroup":             {"location"},
	}
}

// fixedFields are those of the changed fields that cannot be changed in place.
func fixedFields(obj map[string]any, changes []FieldChange) []string {
	kind, _ := obj["kind"].(string)
	var out []string
	for _, c := range changes {
		for _, name := range fixedByKind()[kind] {
			path := "spec.forProvider." + name
			if c.Path == path || strings.HasPrefix(c.Path, path+".") || strings.HasPrefix(c.Path, path+"[") {
				out = append(out, c.Path)
			}
		}
	}
	return out
}
