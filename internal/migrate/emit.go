package migrate

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// emit makes the objects of the result.
func (m *migration) emit() ([]*unstructured.Unstructured, error) {
	gateways, err := m.gateways()
	if err != nil {
		return nil, err
	}
	out := &output{taken: map[string]*unstructured.Unstructured{}}
	for _, b := range gateways {
		if m.options.Gateway == nil {
			if err := m.emitGateway(out, b); err != nil {
				return nil, err
			}
		}
		for _, s := range b.sites {
			if err := m.emitSite(out, s, b.listeners); err != nil {
				return nil, err
			}
		}
	}
	m.reportTwice()
	return out.sorted(), nil
}

func (m *migration) emitGateway(out *output, b *gatewayBuild) error {
	if len(b.listeners.all) == 0 {
		return nil
	}
	if err := out.typed(m.gateway(b)); err != nil {
		return err
	}
	if spec := m.parametersOf(b); spec != nil {
		out.add(newObject(loadBalancerConfig, b.name, spec))
	}
	for _, s := range b.sites {
		if s.want.sslPolicy == "" {
			continue
		}
		// https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources#configure_ssl_policies
		kind := policyKind{apiVersion: "networking.gke.io/v1", kind: "GCPGatewayPolicy"}
		out.add(newObject(kind, b.name, map[string]any{
			"default":   map[string]any{"sslPolicy": s.want.sslPolicy},
			"targetRef": map[string]any{"group": gatewayv1.GroupName, "kind": "Gateway", "name": b.name.Name},
		}))
		break
	}
	return nil
}

func (m *migration) emitSite(out *output, s *site, l *listeners) error {
	var mains []string
	for _, route := range m.routesOf(s, l) {
		if err := out.typed(route); err != nil {
			return err
		}
		if leads(route) {
			mains = append(mains, route.Name)
		}
	}
	if len(mains) > 0 {
		for _, p := range s.want.policies {
			for _, each := range p.objects(s, mains) {
				if have := out.add(each); have != nil && !reflect.DeepEqual(have.Object["spec"], each.Object["spec"]) {
					s.lost(p.kind.kind+" "+each.GetName(), "", "another Ingress leads to the same Service and wants another one", "see which of the two the Service needs")
				}
			}
		}
	}
	for _, p := range s.clientPolicies(l) {
		out.add(p)
	}
	for _, o := range s.want.made {
		out.add(newObject(o.kind, Name{s.ingress.Namespace, o.name}, o.spec))
	}
	return nil
}

// leads tells whether a route leads to a Service, and does not only redirect.
func leads(route *gatewayv1.HTTPRoute) bool {
	return slices.ContainsFunc(route.Spec.Rules, func(r gatewayv1.HTTPRouteRule) bool { return len(r.BackendRefs) > 0 })
}

// objects are the policies of a kind with what they are attached to.
func (p *policy) objects(s *site, routes []string) []*unstructured.Unstructured {
	ref := func(name string) map[string]any {
		if p.kind.target == "Service" {
			return map[string]any{"group": "", "kind": "Service", "name": name}
		}
		return map[string]any{"group": gatewayv1.GroupName, "kind": p.kind.target, "name": name}
	}
	spec := func() map[string]any {
		out := runtime.DeepCopyJSON(p.spec)
		maps.Copy(out, p.kind.fixed)
		return out
	}
	names := routes
	if p.kind.target == "Service" {
		names = s.services()
	}
	if p.kind.target == "HTTPRoute" && !p.kind.one {
		var refs []any
		for _, name := range names {
			refs = append(refs, ref(name))
		}
		of := spec()
		of["targetRefs"] = refs
		return []*unstructured.Unstructured{newObject(p.kind, s.name(), of)}
	}
	var out []*unstructured.Unstructured
	for _, name := range names {
		of := spec()
		switch {
		case p.kind.kind == targetGroupConfig.kind:
			of["targetReference"] = map[string]any{"name": name}
		case p.kind.many:
			of["targetRefs"] = []any{ref(name)}
		default:
			of["targetRef"] = ref(name)
		}
		out = append(out, newObject(p.kind, Name{s.ingress.Namespace, name}, of))
	}
	return out
}

func newObject(kind policyKind, n Name, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": kind.apiVersion,
		"kind":       kind.kind,
		"metadata":   map[string]any{"name": n.Name, "namespace": n.Namespace},
		"spec":       spec,
	}}
}

// output collects objects, each once.
type output struct {
	all   []*unstructured.Unstructured
	taken map[string]*unstructured.Unstructured
}

// add keeps an object, or returns the one of the same name that is there.
func (o *output) add(u *unstructured.Unstructured) (have *unstructured.Unstructured) {
	key := u.GetKind() + " " + u.GetNamespace() + "/" + u.GetName()
	if have := o.taken[key]; have != nil {
		return have
	}
	o.taken[key] = u
	o.all = append(o.all, u)
	return nil
}

// typed adds an object of a Go type, without what only a cluster knows.
func (o *output) typed(obj any) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return fmt.Errorf("cannot write an object: %w", err)
	}
	delete(fields, "status")
	if meta, ok := fields["metadata"].(map[string]any); ok {
		delete(meta, "creationTimestamp")
	}
	u := &unstructured.Unstructured{Object: fields}
	if o.add(u) != nil {
		return fmt.Errorf("cannot write %s %s/%s: two Ingresses become routes of this name; rename one: %w", u.GetKind(), u.GetNamespace(), u.GetName(), ErrInput)
	}
	return nil
}

// sorted are the objects in the order in which one reads them: Gateways, routes, the rest.
func (o *output) sorted() []*unstructured.Unstructured {
	order := []string{"Gateway", "HTTPRoute"}
	rank := func(u *unstructured.Unstructured) int {
		if i := slices.Index(order, u.GetKind()); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(o.all, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)), cmp.Compare(a.GetKind(), b.GetKind()),
			cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()),
		)
	})
	return o.all
}

// reportTwice reports paths that two Ingresses have: at an Ingress the older one wins,
// at routes that are made together the first by its name.
func (m *migration) reportTwice() {
	first := map[routeKey]*site{}
	hosts := map[string]*site{}
	for _, s := range m.sites {
		if s.canary {
			continue
		}
		for _, g := range s.groups {
			for _, host := range s.hostsOf(g) {
				m.reportHost(s, host, hosts)
				m.reportPaths(s, g, host, first)
			}
		}
	}
}

// routeKey is what only one Ingress can have.
type routeKey struct{ gateway, protocol, host, path, kind string }

// reportPaths reports paths of a host that another Ingress has had first.
func (m *migration) reportPaths(s *site, g *group, host string, first map[routeKey]*site) {
	for _, l := range g.locations {
		if l.isDefault {
			continue
		}
		for _, protocol := range s.serves(host) {
			key := routeKey{m.gatewayName(s).String(), protocol, host, l.path, string(l.pathType)}
			if other := first[key]; other != nil && other != s {
				s.lostOnce(l.field, cmp.Or(host, "*")+l.path,
					"Ingress "+other.name().String()+" has the same host and path, and its route wins now; among Ingresses the older one does", "leave one of them out")
			} else if other == nil {
				first[key] = s
			}
		}
	}
}

// serves lists by what a host of the Ingress is served.
func (s *site) serves(host string) []string {
	var out []string
	if !s.want.hideHTTP {
		out = append(out, "http")
	}
	if !s.want.hideHTTPS && (s.secretOf(host) != "" || s.managedTLS) {
		out = append(out, "https")
	}
	return out
}

// reportHost reports a host that Gateways of two namespaces would serve.
func (m *migration) reportHost(s *site, host string, hosts map[string]*site) {
	other := hosts[host]
	if other == nil {
		hosts[host] = s
		return
	}
	if a, b := m.gatewayName(other), m.gatewayName(s); a != b && host != "" {
		s.lostOnce("spec.rules[].host", host, fmt.Sprintf("Gateway %s serves this host, too, and a name leads to one address", a), "let both attach to one Gateway: --gateway NAMESPACE/NAME")
	}
}
