package eks

import "github.com/gatehouse-platform/gatehouse/internal/composed"

// The roles of the cluster, by what stands in their names.
const (
	controlPlaneRole = "controlplane"
	nodeRole         = "nodegroup"
)

// identity builds the roles of the control plane and of the nodes.
func identity(s *composed.Scope) []composed.Resource {
	return []composed.Resource{
		role(s, controlPlaneRole, "eks"),
		role(s, nodeRole, "ec2"),
		attachment(s, "controlplane", controlPlaneRole, "AmazonEKSClusterPolicy"),
		attachment(s, "service", controlPlaneRole, "AmazonEKSServicePolicy"),
		attachment(s, "worker", nodeRole, "AmazonEKSWorkerNodePolicy"),
		attachment(s, "cni", nodeRole, "AmazonEKS_CNI_Policy"),
		attachment(s, "registry", nodeRole, "AmazonEC2ContainerRegistryReadOnly"),
	}
}

func roleLabels(s *composed.Scope, name string) map[string]any {
	return map[string]any{"role": s.Name() + "-" + name}
}

func roleSelector(s *composed.Scope, name string) map[string]any {
	return composed.ControlledWith(roleLabels(s, name))
}

func role(s *composed.Scope, name, service string) composed.Resource {
	r, f := managed(s, "iamrole-"+name, kind{iamAPIVersion, "Role"}, "-"+name)
	setLabels(r, roleLabels(s, name))
	f["assumeRolePolicy"] = assumeRolePolicy(service)
	return r
}

// assumeRolePolicy is compared by AWS as text in some places: its white space is
// that of the roles that exist.
func assumeRolePolicy(service string) string {
	return `{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Principal": {"Service": ["` + service + `.amazonaws.com"]},
    "Action": ["sts:AssumeRole"]
  }]
}`
}

func attachment(s *composed.Scope, name, role, policy string) composed.Resource {
	r, f := managed(s, "iamattachment-"+name, kind{iamAPIVersion, "RolePolicyAttachment"}, "-"+name)
	f["policyArn"] = "arn:aws:iam::aws:policy/" + policy
	f["roleSelector"] = roleSelector(s, role)
	return r
}
