// Package topology reads what leads into a cluster (Gateways, routes, Ingresses,
// Services and their endpoints) once, and answers questions about it: what is there,
// whether it works, how a Service is reached from outside, and for how long a stream
// lasts there. Reading is the only part that talks to an API server; every answer is
// computed from the Snapshot, and is the same for the same one.
//
// What a controller has written into a status is believed; the rules of the Gateway API
// only say what no controller has said yet, and why.
package topology

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

// Why a kind was not seen.
const (
	NotInstalled = "not installed"
	Forbidden    = "forbidden"
	// NotAsked: whoever made the snapshot did not ask for the kind.
	NotAsked = "not asked for"
	// NotInFiles: the snapshot is made of files, which hold none.
	NotInFiles = "not in the files"
)

// Unseen is a kind of which the snapshot holds nothing, though there may be some.
type Unseen struct {
	// Kind, such as HTTPRoute.
	Kind string `json:"kind"`
	// Reason is NotInstalled, Forbidden, NotAsked or NotInFiles.
	Reason string `json:"reason"`
	// Message is what the API server said.
	Message string `json:"message,omitempty"`
}

// Snapshot is what leads into a cluster, at one moment. It does not change, so it can
// be asked from several goroutines.
type Snapshot struct {
	// Objects are what was read.
	Objects *Objects
	// Unseen lists the kinds that are missing, sorted.
	Unseen []Unseen

	controllers *catalog.Controllers
	// routes are HTTPRoutes and GRPCRoutes in one form, by namespace, kind and name.
	routes []*routeNode
	// uses says which rules send to a Service.
	uses map[Key][]use
	// endpoints of a Service.
	endpoints map[Key]int
	// grants by the namespace that grants.
	grants map[string][]grant
	// ingresses that name a Service.
	ingresses map[Key][]ingressUse
	// policies by what they are attached to.
	policies map[target][]*attached
	// scalers of KEDA's HTTP add-on, by the Service behind its interceptor.
	scalers map[Key][]*scaler
	// interceptors are the rules that send to KEDA's interceptor.
	interceptors []use
	// blind holds the kinds that could not be read.
	blind map[string]string
	// unreadBy says by controller why the clocks behind it are not known.
	unreadBy map[string]string
	// namespaces that were read; none for all.
	namespaces []string
	// inFiles says of which kinds files hold objects, by namespace, which is empty for any;
	// nil for a snapshot of a cluster.
	inFiles map[target]bool
}

// build makes the indexes: each object is looked at once.
func build(o *Objects, unseen []Unseen, namespaces []string, inFiles map[target]bool) (*Snapshot, error) {
	controllers, err := catalog.LoadControllers()
	if err != nil {
		return nil, err
	}
	o.sort()
	s := &Snapshot{
		Objects:     o,
		Unseen:      unseen,
		controllers: controllers,
		blind:       map[string]string{},
		namespaces:  namespaces,
		inFiles:     inFiles,
	}
	slices.SortFunc(s.Unseen, func(a, b Unseen) int { return cmp.Compare(a.Kind, b.Kind) })
	for _, u := range s.Unseen {
		s.blind[u.Kind] = u.Reason
	}
	s.indexUnread()
	s.indexEndpoints()
	s.indexGrants()
	s.indexRoutes()
	s.indexIngresses()
	s.indexPolicies()
	s.indexScalers()
	return s, nil
}

// unread says that there may be objects of a kind that we are not allowed to see.
func (s *Snapshot) unread(kind string) bool {
	return s.blind[kind] == Forbidden || s.blind[kind] == NotAsked
}

// sees says that an object of a kind that is not in the snapshot does not exist. The
// namespace is empty for cluster-scoped kinds.
func (s *Snapshot) sees(kind, namespace string) bool {
	if s.inFiles != nil {
		// Files are rarely a whole cluster: what they hold nothing of may be elsewhere.
		return s.inFiles[target{kind, Key{Namespace: namespace}}]
	}
	return !s.unread(kind) && (namespace == "" || len(s.namespaces) == 0 || slices.Contains(s.namespaces, namespace))
}

// Clusters returns the Clusters of this platform, by namespace and name.
func (s *Snapshot) Clusters() []*unstructured.Unstructured { return s.Objects.Other("Cluster") }

// controllerOf returns the controllerName of a GatewayClass; empty if it is not there.
func (s *Snapshot) controllerOf(class string) string {
	c := s.Objects.GatewayClasses.Get("", class)
	if c == nil {
		return ""
	}
	return string(c.Spec.ControllerName)
}

// named is how the table of controllers calls a controllerName, or else the name.
func (s *Snapshot) named(controllerName string) string {
	if row, known := s.controllers.ByGatewayClass(controllerName); known {
		return row.Name
	}
	return controllerName
}
