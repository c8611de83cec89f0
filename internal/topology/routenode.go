package topology

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// routeNode is an HTTPRoute or GRPCRoute in one form.
type routeNode struct {
	ref        Ref
	labels     map[string]string
	generation int64
	created    metav1.Time
	hostnames  []string
	parents    []gatewayv1.ParentReference
	status     []gatewayv1.RouteParentStatus
	rules      []ruleNode
}

// ruleNode is one rule of a route.
type ruleNode struct {
	name                    string
	matches                 []Match
	paths                   []path
	backends                []backendRef
	request, backendRequest string
	retry                   bool
}

// backendRef is a reference to a backend with its defaults filled in.
type backendRef struct {
	group, kind string
	key         Key
	port        int32
	weight      int32
}

func (b backendRef) isService() bool { return b.group == "" && b.kind == "Service" }

// path is what a match says of the path of a request.
type path struct {
	kind  gatewayv1.PathMatchType
	value string
}

// String of a path: /a for exactly that, /a* for what begins with it, ~EXPRESSION.
func (p path) String() string {
	switch p.kind {
	case gatewayv1.PathMatchExact:
		return p.value
	case gatewayv1.PathMatchRegularExpression:
		return "~" + p.value
	}
	return p.value + "*"
}

// use is a rule that sends to a Service.
type use struct {
	route   *routeNode
	rule    *ruleNode
	backend backendRef
}

func (s *Snapshot) indexRoutes() {
	for _, r := range s.Objects.HTTPRoutes.All() {
		s.routes = append(s.routes, httpRoute(r))
	}
	for _, r := range s.Objects.GRPCRoutes.All() {
		s.routes = append(s.routes, grpcRoute(r))
	}
	slices.SortFunc(s.routes, func(a, b *routeNode) int { return compareRefs(a.ref, b.ref) })
	s.uses = map[Key][]use{}
	for _, r := range s.routes {
		for i := range r.rules {
			rule := &r.rules[i]
			for _, b := range rule.backends {
				if !b.isService() {
					continue
				}
				s.uses[b.key] = append(s.uses[b.key], use{r, rule, b})
				if b.key.Name == interceptor {
					s.interceptors = append(s.interceptors, use{r, rule, b})
				}
			}
		}
	}
}

// compareRefs orders by namespace, kind and name.
func compareRefs(a, b Ref) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func newRoute(kind string, meta *metav1.ObjectMeta, spec *gatewayv1.CommonRouteSpec, status *gatewayv1.RouteStatus) *routeNode {
	return &routeNode{
		ref:        Ref{Kind: kind, Namespace: meta.Namespace, Name: meta.Name},
		labels:     meta.Labels,
		generation: meta.Generation,
		created:    meta.CreationTimestamp,
		parents:    spec.ParentRefs,
		status:     status.Parents,
	}
}

func httpRoute(r *gatewayv1.HTTPRoute) *routeNode {
	node := newRoute("HTTPRoute", &r.ObjectMeta, &r.Spec.CommonRouteSpec, &r.Status.RouteStatus)
	node.hostnames = texts(r.Spec.Hostnames)
	for _, rule := range r.Spec.Rules {
		out := ruleNode{name: text(rule.Name), retry: rule.Retry != nil}
		if rule.Timeouts != nil {
			out.request, out.backendRequest = text(rule.Timeouts.Request), text(rule.Timeouts.BackendRequest)
		}
		for _, m := range rule.Matches {
			match := httpMatch(m)
			out.paths = append(out.paths, match.path)
			out.matches = append(out.matches, match)
		}
		if len(out.paths) == 0 {
			out.paths = []path{httpPath(nil)}
		}
		for _, b := range rule.BackendRefs {
			out.backends = append(out.backends, node.backend(b.BackendRef))
		}
		node.rules = append(node.rules, out)
	}
	return node
}

func grpcRoute(r *gatewayv1.GRPCRoute) *routeNode {
	node := newRoute("GRPCRoute", &r.ObjectMeta, &r.Spec.CommonRouteSpec, &r.Status.RouteStatus)
	node.hostnames = texts(r.Spec.Hostnames)
	for _, rule := range r.Spec.Rules {
		out := ruleNode{name: text(rule.Name)}
		for _, m := range rule.Matches {
			match := grpcMatch(m)
			out.paths = append(out.paths, match.path)
			out.matches = append(out.matches, match)
		}
		if len(out.paths) == 0 {
			out.paths = []path{httpPath(nil)}
		}
		for _, b := range rule.BackendRefs {
			out.backends = append(out.backends, node.backend(b.BackendRef))
		}
		node.rules = append(node.rules, out)
	}
	return node
}

func (r *routeNode) backend(b gatewayv1.BackendRef) backendRef {
	out := backendRef{
		group:  text(b.Group),
		kind:   cmp.Or(text(b.Kind), "Service"),
		key:    Key{cmp.Or(text(b.Namespace), r.ref.Namespace), string(b.Name)},
		weight: 1,
	}
	if b.Port != nil {
		out.port = *b.Port
	}
	if b.Weight != nil {
		out.weight = *b.Weight
	}
	return out
}

// httpPath with the default of the API: everything.
func httpPath(m *gatewayv1.HTTPPathMatch) path {
	out := path{gatewayv1.PathMatchPathPrefix, "/"}
	if m == nil {
		return out
	}
	if m.Type != nil {
		out.kind = *m.Type
	}
	if m.Value != nil {
		out.value = *m.Value
	}
	return out
}

// grpcPath is the path of an HTTP request by which a method is called.
func grpcPath(m *gatewayv1.GRPCMethodMatch) path {
	if m == nil {
		return httpPath(nil)
	}
	service, method := text(m.Service), text(m.Method)
	switch {
	case m.Type != nil && *m.Type == gatewayv1.GRPCMethodMatchRegularExpression:
		return path{gatewayv1.PathMatchRegularExpression, fmt.Sprintf("/%s/%s", cmp.Or(service, "[^/]+"), cmp.Or(method, "[^/]+"))}
	case service != "" && method != "":
		return path{gatewayv1.PathMatchExact, "/" + service + "/" + method}
	case service != "":
		return path{gatewayv1.PathMatchPathPrefix, "/" + service + "/"}
	}
	return path{gatewayv1.PathMatchRegularExpression, "/[^/]+/" + cmp.Or(method, "[^/]+")}
}

func text[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

func texts[T ~string](list []T) []string {
	var out []string
	for _, item := range list {
		out = append(out, string(item))
	}
	return out
}
