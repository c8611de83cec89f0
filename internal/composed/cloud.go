package composed

import v2 "github.com/gatehouse-platform/gatehouse/api/v2"

// Cloud is how a provider's cluster is composed.
type Cloud struct {
	Provider v2.Provider
	// Flavor is the value of the label cluster of its Composition.
	Flavor string
	// Title names it for people.
	Title string
	// ControlPlane and NodePool give the keys, for the name of a Cluster, of the
	// resources that speak for the control plane and the general node pool. Empty:
	// there are none.
	ControlPlane, NodePool func(name string) string
	// RegionField is the field of the control plane's forProvider that cannot change.
	RegionField string
	// Protected gives what must stay as long as a Release and an Object is there.
	Protected func(s *Scope) (releasesUse, objectsUse Ref)
	// Resources builds the cloud's own resources.
	Resources func(s *Scope, observed Observed) []Resource
	// Credentials say how providers reach the cluster.
	Credentials func(s *Scope) Credentials
}

// ByName is the key of a resource that starts with the name of the Cluster.
func ByName(suffix string) func(string) string {
	return func(name string) string { return name + suffix }
}

// Fixed is a key that is the same for every Cluster.
func Fixed(key string) func(string) string { return func(string) string { return key } }
