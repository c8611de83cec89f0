package topology

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// Against is the rule by which a listener does not take a route.
type Against string

// Rules, in the order in which one comes nearer to being attached.
const (
	AgainstSection   Against = "section"
	AgainstPort      Against = "port"
	AgainstKind      Against = "kind"
	AgainstNamespace Against = "namespace"
	AgainstHostname  Against = "hostname"
)

// Candidate is a listener of a route's parent.
type Candidate struct {
	// Index of it in spec.listeners of the parent.
	Index    int
	Listener *gatewayv1.Listener
	// Against is what speaks against it; empty if it takes the route.
	Against Against
	// Hosts that the listener and the route have in common; "" stands for any.
	Hosts []string
}

// Condition is what a controller says about the newest generation of an object.
type Condition struct {
	State State
	// Reason and Message of it; of a condition about an older generation "Stale".
	Reason, Message string
}

// ConditionOf reads a condition. One about an older generation is unknown; a controller
// that does not tell the generation (0) is believed.
func ConditionOf(all []metav1.Condition, kind string, generation int64) Condition {
	return exported(conditionOf(all, kind, generation))
}

func exported(c condition) Condition { return Condition{c.state, c.reason, c.message} }

// Facts are what is known of a route: where it attaches, what it matches, where it leads.
type Facts struct {
	Ref       Ref
	Hostnames []string
	// Created is when it was made, which decides between routes that match the same.
	Created     metav1.Time
	Attachments []Attachment
	Rules       []RuleFacts

	snapshot *Snapshot
	node     *routeNode
}

// Attachment is one parentRef of a route. Its index is that in spec.parentRefs.
type Attachment struct {
	// Ref as it is written.
	Ref gatewayv1.ParentReference
	// Kind and Key of the parent.
	Kind string
	Key  Key
	// Gateway is the parent, or that of Set; nil if it is none or was not seen.
	Gateway *gatewayv1.Gateway
	// Set is the parent if that is a ListenerSet; else nil.
	Set *gatewayv1.ListenerSet
	// Candidates are the listeners of the parent.
	Candidates []Candidate
	// Bound are those that take the route, and the hosts there. A controller that has
	// accepted the route is believed, whatever the rules say.
	Bound              []Candidate
	Accepted, Resolved Condition

	inner *attachment
}

// RuleFacts are one rule of a route. Its index is that in spec.rules.
type RuleFacts struct {
	// Matches of it; none takes everything.
	Matches []Match
	// Paths of its matches, as /a, /a* or ~EXPRESSION.
	Paths                   []string
	Backends                []BackendFacts
	Request, BackendRequest string
}

// BackendFacts are one backendRef of a rule, with the defaults of the API. Its index is
// that in backendRefs.
type BackendFacts struct {
	Group, Kind  string
	Key          Key
	Port, Weight int32
}

// IsService says that the backend is a Service.
func (b BackendFacts) IsService() bool { return b.Group == "" && b.Kind == "Service" }

// Facts returns what is known of every HTTPRoute and GRPCRoute, by namespace, kind and
// name.
func (s *Snapshot) Facts() []Facts {
	out := make([]Facts, 0, len(s.routes))
	for _, r := range s.routes {
		f := Facts{Ref: r.ref, Hostnames: r.hostnames, Created: r.created, snapshot: s, node: r}
		for _, parent := range r.parents {
			f.Attachments = append(f.Attachments, s.attachment(r, parent))
		}
		for _, rule := range r.rules {
			f.Rules = append(f.Rules, rule.facts())
		}
		out = append(out, f)
	}
	return out
}

func (s *Snapshot) attachment(r *routeNode, parent gatewayv1.ParentReference) Attachment {
	a := s.attach(r, parent)
	out := Attachment{
		Ref: parent, Kind: a.kind, Key: a.key, Gateway: a.gateway, Set: a.set, Candidates: a.candidates,
		Accepted: exported(a.accepted), Resolved: exported(a.resolved), inner: &a,
	}
	for _, b := range a.bound {
		for _, c := range a.candidates {
			if c.Listener == b.listener {
				out.Bound = append(out.Bound, Candidate{c.Index, c.Listener, "", b.hosts})
			}
		}
	}
	return out
}

func (r ruleNode) facts() RuleFacts {
	out := RuleFacts{Matches: r.matches, Request: r.request, BackendRequest: r.backendRequest}
	for _, p := range r.paths {
		out.Paths = append(out.Paths, p.String())
	}
	for _, b := range r.backends {
		out.Backends = append(out.Backends, BackendFacts{b.group, b.kind, b.key, b.port, b.weight})
	}
	return out
}

// Limit is how long a stream may last through a backend of a rule, at a listener that
// takes the route.
func (f *Facts) Limit(a *Attachment, at Candidate, rule, backend int) streaming.Limit {
	r := &f.node.rules[rule]
	return f.snapshot.routeLimit(use{f.node, r, r.backends[backend]}, a.inner, bound{at.Listener, at.Hosts})
}

// Granted says whether a route may refer to a backend: it is in the same namespace, or a
// ReferenceGrant allows it.
func (f *Facts) Granted(rule, backend int) bool {
	return f.snapshot.granted(f.node.ref, f.node.rules[rule].backends[backend])
}

// GrantedRef says whether objects of a kind in a namespace may refer to a Secret of
// another namespace.
func (s *Snapshot) GrantedRef(from Ref, toKind string, to Key) bool {
	return s.granted(from, backendRef{kind: toKind, key: to})
}

// Sees says that an object of a kind that is not in the snapshot does not exist. The
// namespace is empty for cluster-scoped kinds. In a snapshot of files only what the files
// hold objects of is seen, in the namespaces of these.
func (s *Snapshot) Sees(kind, namespace string) bool { return s.sees(kind, namespace) }

// Ready returns how many endpoints of a Service are ready; nil where that is not known.
func (s *Snapshot) Ready(service Key) *int { return s.ready(service) }

// Meet returns the hostname that two hostnames have in common, the more specific one.
// Empty stands for any.
func Meet(a, b string) (host string, ok bool) { return meet(a, b) }

// Controller returns the row of the table for the controller of a GatewayClass.
func (s *Snapshot) Controller(class string) (catalog.GatewayController, bool) {
	return s.controllers.ByGatewayClass(s.controllerOf(class))
}

// IngressClassOf returns the class of an Ingress, the default one where it names none,
// and what is known of its controller: its name, empty if no IngressClass says it, and
// whether the table has the class.
func (s *Snapshot) IngressClassOf(namespace, name string) (class, controller string, known bool) {
	in := s.Objects.Ingresses.Get(namespace, name)
	if in == nil {
		return "", "", false
	}
	class, controller = s.ingressClass(in)
	_, known = s.controllers.ByIngressClass(controller, class)
	return class, controller, known
}

// Interceptor is the name of the Service of KEDA's HTTP add-on that holds requests until
// a pod is there.
const Interceptor = interceptor

// OfFiles says that the snapshot is made of files. Manifests have no status: there, that
// a controller has said nothing means nothing.
func (s *Snapshot) OfFiles() bool { return s.inFiles != nil }

// Scaler is an HTTPScaledObject or InterceptorRoute of KEDA's HTTP add-on.
type Scaler struct {
	Object *unstructured.Unstructured
	// Service that the interceptor sends to.
	Service Key
	// Hosts that it takes; "" stands for any.
	Hosts []string
	// Reached says that a route or an Ingress sends some of its requests to the interceptor.
	Reached bool

	inner *scaler
}

// Takes says that the interceptor sends the requests for a host and a path to the Service.
func (k Scaler) Takes(host, requestPath string) bool {
	return len(k.inner.takes(host, []path{{gatewayv1.PathMatchExact, requestPath}})) > 0
}

// Limit is how long a stream may last that goes through the interceptor, too.
func (k Scaler) Limit(l streaming.Limit) streaming.Limit { return k.inner.limit(l) }

// Scalers returns those of KEDA's HTTP add-on, by the name of the Service.
func (s *Snapshot) Scalers() []Scaler {
	var out []Scaler
	for service, scalers := range s.scalers {
		e := &exposing{snapshot: s, service: service}
		for _, k := range scalers {
			n := Scaler{Object: k.object, Service: service, inner: k}
			for _, rule := range k.rules {
				n.Hosts = append(n.Hosts, orAny(rule.hosts)...)
			}
			n.Reached = slices.ContainsFunc(s.interceptors, func(u use) bool { return e.reaches(u, k) }) || e.reachedByIngress(k)
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b Scaler) int {
		return cmp.Or(compareKeys(a.Service, b.Service), cmp.Compare(a.Object.GetKind(), b.Object.GetKind()), cmp.Compare(a.Object.GetName(), b.Object.GetName()))
	})
	return out
}

func (e *exposing) reachedByIngress(k *scaler) bool {
	return slices.ContainsFunc(e.interceptorServices(), func(key Key) bool {
		return slices.ContainsFunc(e.snapshot.ingresses[key], func(u ingressUse) bool { return len(k.takes(u.host, nil)) > 0 })
	})
}
