package topology

import "github.com/gatehouse-platform/gatehouse/internal/streaming"

// Ref names an object.
type Ref struct {
	// Kind, such as HTTPRoute.
	Kind string `json:"kind"`
	// Namespace of it; empty for cluster-scoped kinds.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Gateway is a Gateway and what its controller says of it.
type Gateway struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Class is the name of its GatewayClass.
	Class string `json:"class"`
	// Controller is the name in the table of controllers, or else the controllerName of
	// the class; empty if the class does not exist or was not seen.
	Controller string `json:"controller,omitempty"`
	Accepted   State  `json:"accepted"`
	Programmed State  `json:"programmed"`
	// Addresses by which it is reached, as its status tells them.
	Addresses []string   `json:"addresses,omitempty"`
	Listeners []Listener `json:"listeners,omitempty"`
	// Problems, one sentence each; none if it works.
	Problems []string `json:"problems,omitempty"`
}

// Listener of a Gateway.
type Listener struct {
	Name     string `json:"name"`
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"`
	// Hostname it answers to; empty for any.
	Hostname string `json:"hostname,omitempty"`
	// TLS says that the listener ends or passes on TLS.
	TLS bool `json:"tls"`
	// AttachedRoutes is how many routes the controller says are attached.
	AttachedRoutes int32 `json:"attachedRoutes"`
	// Problems that its conditions tell.
	Problems []string `json:"problems,omitempty"`
}

// Route is an HTTPRoute or GRPCRoute.
type Route struct {
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Hostnames []string `json:"hostnames,omitempty"`
	Parents   []Parent `json:"parents,omitempty"`
	Rules     []Rule   `json:"rules,omitempty"`
	// Problems, one sentence each; none if it works.
	Problems []string `json:"problems,omitempty"`
}

// Parent is what a route attaches to.
type Parent struct {
	// Gateway as namespace/name, or kind/namespace/name for parents of other kinds.
	Gateway string `json:"gateway"`
	// Section is the listener that the route names; empty for all.
	Section string `json:"section,omitempty"`
	// Listeners that the route attaches to, by the rules of the Gateway API.
	Listeners    []string `json:"listeners,omitempty"`
	Accepted     State    `json:"accepted"`
	ResolvedRefs State    `json:"resolvedRefs"`
	// Reason and Message of the condition that is false.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Rule of a route.
type Rule struct {
	// Matches in short, such as "GET /mcp*"; none matches everything.
	Matches  []string  `json:"matches,omitempty"`
	Backends []Backend `json:"backends,omitempty"`
	// Request and BackendRequest are its timeouts as they are written.
	Request        string `json:"request,omitempty"`
	BackendRequest string `json:"backendRequest,omitempty"`
}

// Backend that a rule sends to.
type Backend struct {
	// Kind is Service, or whatever the route names.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Port      int32  `json:"port,omitempty"`
	Weight    int32  `json:"weight"`
	// ReadyEndpoints of the Service; nil where they are not known.
	ReadyEndpoints *int `json:"readyEndpoints,omitempty"`
	// Problem, if it cannot be used.
	Problem string `json:"problem,omitempty"`
}

// Exposure is how a Service is reached from outside.
type Exposure struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Found says that the Service was seen.
	Found bool `json:"found"`
	// ReadyEndpoints of the Service; nil where they are not known.
	ReadyEndpoints *int `json:"readyEndpoints,omitempty"`
	// Entries are the ways in, those that work first.
	Entries []Entry `json:"entries,omitempty"`
	// NearMisses look like ways in and are none, each with the reason.
	NearMisses []NearMiss `json:"nearMisses,omitempty"`
	// Unseen are the kinds that could hold more ways in.
	Unseen []Unseen `json:"unseen,omitempty"`
}

// Ways in.
const (
	ViaGateway      = "Gateway"
	ViaIngress      = "Ingress"
	ViaLoadBalancer = "LoadBalancer"
	ViaNodePort     = "NodePort"
)

// Entry is a way into a Service.
type Entry struct {
	// Via is Gateway, Ingress, LoadBalancer or NodePort.
	Via string `json:"via"`
	// Path of objects from outside to the Service.
	Path []Ref `json:"path"`
	// Controller is the name in the table of controllers, or what the class says.
	Controller string `json:"controller,omitempty"`
	// Host it answers to; empty for any.
	Host string `json:"host,omitempty"`
	// PathMatch is the path of requests, such as /mcp or /mcp*.
	PathMatch string `json:"pathMatch,omitempty"`
	// TLS says that clients speak TLS. Of a Service of its own nothing says it, so there
	// it is judged by the port: 443, or one that is called https.
	TLS bool `json:"tls"`
	// URLs to call, by name and, where there is none, by address; none where only a
	// pattern is known. NODE stands for the address of any node.
	URLs []string `json:"urls,omitempty"`
	// ScaleToZero says that KEDA's interceptor holds requests until a pod is there.
	ScaleToZero bool `json:"scaleToZero,omitempty"`
	// Works says that it works right now.
	Works bool `json:"works"`
	// Why it does not, one sentence each.
	Why []string `json:"why,omitempty"`
	// Stream is how long a stream may last this way.
	Stream streaming.Limit `json:"stream"`
}

// NearMiss is an object that names the Service and does not lead to it.
type NearMiss struct {
	Object Ref    `json:"object"`
	Why    string `json:"why"`
	// Fix says what would make it a way in, where that is known.
	Fix string `json:"fix,omitempty"`
}
