package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// site is an Ingress on its way: what it says, what its annotations ask for, and what is
// reported of it.
type site struct {
	ingress *networkingv1.Ingress
	// class is the name of its IngressClass; empty for none.
	class string
	// controller is the row of the table; the zero value where it is not known.
	controller catalog.IngressController
	// family of annotations that the controller reads; nil where it is not known.
	family *family
	groups []*group
	// gateway that serves it.
	gateway Name
	// managedTLS says that the load balancer has the certificate, in no Secret.
	managedTLS bool
	// securedBy says that another Ingress of the same Gateway serves its hosts by HTTPS.
	securedBy bool
	want      wishes
	clocks    clocks
	plan      clockPlan
	// canary says that the Ingress only adds to the rules of others.
	canary  bool
	entries []Entry
}

// group is one HTTPRoute: hosts with the same paths.
type group struct {
	// name of the HTTPRoute.
	name string
	// hosts as the Ingress has them, with aliases; one empty host for any.
	hosts     []string
	locations []*location
}

// location is a path of an Ingress.
type location struct {
	// field of the Ingress.
	field    string
	path     string
	pathType networkingv1.PathType
	backend  networkingv1.IngressBackend
	// match and filters come of the path and what the annotations make of it.
	match   gatewayv1.HTTPPathMatch
	filters []gatewayv1.HTTPRouteFilter
	// more are matches of the same rule.
	more []gatewayv1.HTTPPathMatch
	// slash is the path without the slash at its end, if that is redirected; empty if not.
	slash string
	// isDefault says that it stands for the default backend.
	isDefault bool
	// canaries are other backends, with their weight and the headers that lead there.
	canaries []canaryRule
}

func (s *site) name() Name { return Name{s.ingress.Namespace, s.ingress.Name} }

func (s *site) ref() Ref { return Ref{"Ingress", s.ingress.Namespace, s.ingress.Name} }

func compareNames(a, b Name) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

func (m *migration) newSite(in *networkingv1.Ingress) *site {
	s := &site{ingress: in}
	s.class, s.controller = m.classOf(in)
	s.family = m.familyOf(s)
	s.groups = groupsOf(in)
	s.gateway = m.gatewayName(s)
	s.canary = s.isCanary()
	s.managedTLS = (m.is("aws-lbc") && s.annotation("certificate-arn") != "") ||
		(m.is("gke") && in.Annotations["ingress.gcp.kubernetes.io/pre-shared-cert"] != "")
	return s
}

// classOf follows what controllers do: the annotation wins, then the field, then the
// default class. https://kubernetes.io/docs/concepts/services-networking/ingress/#deprecated-annotation
func (m *migration) classOf(in *networkingv1.Ingress) (string, catalog.IngressController) {
	class := in.Annotations[classAnnotation]
	if class == "" && in.Spec.IngressClassName != nil {
		class = *in.Spec.IngressClassName
	}
	controller := ""
	for _, c := range m.in.Classes {
		if (class == "" && c.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true") || c.Name == class {
			class, controller = c.Name, c.Spec.Controller
			break
		}
	}
	row, _ := m.controllers.ByIngressClass(controller, class)
	return class, row
}

// familyOf is the family of the controller; where that is not known, the only one of
// which the Ingress has annotations.
func (m *migration) familyOf(s *site) *family {
	var own []*family
	for _, f := range m.families {
		if s.controller.Name != "" && f.controller != s.controller.Name {
			continue
		}
		if slices.ContainsFunc(sortedKeys(s.ingress.Annotations), func(key string) bool { return f.knows(key) }) {
			own = append(own, f)
		}
	}
	if len(own) > 0 && (s.controller.Name != "" || len(own) == 1) {
		return own[0]
	}
	if s.controller.Name == "" {
		return nil
	}
	if i := slices.IndexFunc(m.families, func(f *family) bool { return f.controller == s.controller.Name }); i >= 0 {
		return m.families[i]
	}
	return nil
}

// groupsOf are the hosts of an Ingress, those with the same paths together, in the order
// in which the Ingress has them. The default backend stands behind the paths of each host.
func groupsOf(in *networkingv1.Ingress) []*group {
	byHost := map[string]*group{}
	var groups []*group
	of := func(host string) *group {
		host = strings.ToLower(host)
		if byHost[host] == nil {
			byHost[host] = &group{hosts: []string{host}}
			groups = append(groups, byHost[host])
		}
		return byHost[host]
	}
	for i, rule := range in.Spec.Rules {
		g := of(rule.Host)
		if rule.HTTP == nil {
			continue
		}
		for j, p := range rule.HTTP.Paths {
			l := &location{field: fmt.Sprintf("spec.rules[%d].http.paths[%d]", i, j), path: cmp.Or(p.Path, "/"), backend: p.Backend}
			l.pathType = networkingv1.PathTypeImplementationSpecific
			if p.PathType != nil {
				l.pathType = *p.PathType
			}
			g.locations = append(g.locations, l)
		}
	}
	if b := in.Spec.DefaultBackend; b != nil {
		of("")
		for _, g := range groups {
			if !slices.ContainsFunc(g.locations, func(l *location) bool { return l.path == "/" && l.pathType != networkingv1.PathTypeExact }) {
				g.locations = append(g.locations, &location{
					field: "spec.defaultBackend", path: "/", pathType: networkingv1.PathTypePrefix, backend: *b, isDefault: true,
				})
			}
		}
	}
	groups = slices.DeleteFunc(groups, func(g *group) bool { return len(g.locations) == 0 })
	return named(joined(groups), in.Name)
}

// joined puts hosts with the same paths together, up to as many as a route may have.
func joined(groups []*group) []*group {
	var out []*group
	for _, g := range groups {
		i := slices.IndexFunc(out, func(o *group) bool { return len(o.hosts) < mostHostnames && sameLocations(o, g) })
		if i < 0 || g.hosts[0] == "" || out[i].hosts[0] == "" {
			out = append(out, g)
			continue
		}
		out[i].hosts = append(out[i].hosts, g.hosts...)
	}
	return out
}

func sameLocations(a, b *group) bool {
	return slices.EqualFunc(a.locations, b.locations, func(a, b *location) bool {
		return a.path == b.path && a.pathType == b.pathType && sameBackend(a.backend, b.backend)
	})
}

func sameBackend(a, b networkingv1.IngressBackend) bool {
	if a.Service == nil || b.Service == nil {
		return a.Service == b.Service && a.Resource == b.Resource
	}
	return *a.Service == *b.Service
}

// named gives the routes their names: that of the Ingress where there is one only.
func named(groups []*group, ingress string) []*group {
	taken := names{}
	for _, g := range groups {
		g.name = ingress
		if len(groups) > 1 && g.hosts[0] != "" {
			g.name += "-" + slug(g.hosts[0])
		}
		g.name = taken.free(g.name)
	}
	return groups
}

// clocks are how long a stream lasts at the Ingress: what has to stay.
type clocks struct{ total, idle streaming.Length }

func (s *site) add(e Entry) {
	if e.Source == (Ref{}) {
		e.Source = s.ref()
	}
	s.entries = append(s.entries, e)
}

// lost reports something that is no annotation.
func (s *site) lost(field, value, why, do string) {
	s.add(Entry{Field: field, Value: value, Outcome: Lost, Why: why, Do: do})
}

// routes are the HTTPRoutes of the Ingress, as places of a field.
func (s *site) routes(field string) []Place {
	var out []Place
	for _, g := range s.groups {
		out = append(out, Place{Ref{"HTTPRoute", s.ingress.Namespace, g.name}, field})
	}
	return out
}
