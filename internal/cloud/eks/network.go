package eks

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// zones are the three zones whose subnets the cluster uses. Their keys stay the
// same in every region.
func zones() []string { return []string{"1a", "1b", "1c"} }

// zoneName is the name of a zone in the region of the cluster.
func zoneName(s *composed.Scope, zone string) string {
	return s.Cluster.Region() + zone[len(zone)-1:]
}

// network builds the VPC of the cluster: a public subnet in each of three zones.
func network(s *composed.Scope) []composed.Resource {
	out := []composed.Resource{vpc(s), internetGateway(s), routeTable(s), route(s), mainRouteTable(s)}
	for i, zone := range zones() {
		out = append(out, subnet(s, i, zone), routeTableAssociation(s, zone))
	}
	return append(out, securityGroup(s), egress(s))
}

func vpc(s *composed.Scope) composed.Resource {
	r, f := regional(s, "vpc-nodepool", kind{ec2APIVersion, "VPC"}, "")
	f["cidrBlock"] = "10.0.0.0/16"
	f["enableDnsSupport"] = true
	return r
}

func internetGateway(s *composed.Scope) composed.Resource {
	r, f := regional(s, "gateway", kind{ec2APIVersion, "InternetGateway"}, "")
	f["vpcIdSelector"] = composed.Controlled()
	return r
}

func routeTable(s *composed.Scope) composed.Resource {
	r, f := regional(s, "routeTable", kind{ec2APIVersion, "RouteTable"}, "")
	f["vpcIdSelector"] = composed.Controlled()
	return r
}

func route(s *composed.Scope) composed.Resource {
	r, f := regional(s, "route", kind{ec2APIVersion, "Route"}, "")
	f["destinationCidrBlock"] = "0.0.0.0/0"
	f["gatewayIdSelector"] = composed.Controlled()
	f["routeTableIdSelector"] = composed.Controlled()
	return r
}

func mainRouteTable(s *composed.Scope) composed.Resource {
	r, f := regional(s, "mainRouteTableAssociation", kind{ec2APIVersion, "MainRouteTableAssociation"}, "")
	f["routeTableIdSelector"] = composed.Controlled()
	f["vpcIdSelector"] = composed.Controlled()
	return r
}

func subnetLabels(s *composed.Scope, zone string) map[string]any {
	return map[string]any{"access": "public", "zone": zoneName(s, zone)}
}

func subnet(s *composed.Scope, index int, zone string) composed.Resource {
	r, f := regional(s, "subnet-nodepool-"+zone, kind{ec2APIVersion, "Subnet"}, "-"+zone)
	setLabels(r, subnetLabels(s, zone))
	f["availabilityZone"] = zoneName(s, zone)
	f["cidrBlock"] = fmt.Sprintf("10.0.%d.0/24", index)
	f["mapPublicIpOnLaunch"] = true
	f["tags"] = map[string]any{"kubernetes.io/role/elb": "1"}
	f["vpcIdSelector"] = composed.Controlled()
	return r
}

func routeTableAssociation(s *composed.Scope, zone string) composed.Resource {
	r, f := regional(s, "routeTableAssociation"+zone, kind{ec2APIVersion, "RouteTableAssociation"}, "-"+zone)
	f["routeTableIdSelector"] = composed.Controlled()
	f["subnetIdSelector"] = composed.ControlledWith(subnetLabels(s, zone))
	return r
}

func securityGroup(s *composed.Scope) composed.Resource {
	r, f := regional(s, "sg-nodepool", kind{ec2APIVersion, "SecurityGroup"}, "")
	f["name"] = s.Name()
	// AWS replaces a security group whose description changes.
	f["description"] = "Cluster communication with worker nodes"
	f["vpcIdSelector"] = composed.Controlled()
	return r
}

// egress lets everything out. Its description is that of the live rules: it is
// shown in AWS, and a change of it would touch every cluster.
func egress(s *composed.Scope) composed.Resource {
	r, f := regional(s, "securityGroupRule", kind{ec2APIVersion, "SecurityGroupRule"}, "")
	f["type"] = "egress"
	f["description"] = "I am too lazy to write descriptions"
	f["fromPort"] = int64(0)
	f["toPort"] = int64(0)
	f["protocol"] = "-1"
	f["cidrBlocks"] = []any{"0.0.0.0/0"}
	f["securityGroupIdSelector"] = composed.Controlled()
	return r
}
