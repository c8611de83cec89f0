// Package migrate turns Ingresses into a Gateway and HTTPRoutes that behave alike, and
// says of every annotation what became of it. It is pure: objects in, objects and a
// report out. What it relies on of the annotations stands beside each family, with its
// source; what it relies on of the clocks of streams is catalog/controllers.yaml.
package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

// ErrInput says that the input cannot be migrated as it is. Its text says what would do.
var ErrInput = errors.New("wrong input")

// Input is what is migrated. It is not changed.
type Input struct {
	// Ingresses to migrate.
	Ingresses []*networkingv1.Ingress
	// Services give the numbers of named ports, and carry annotations.
	Services []*corev1.Service
	// Secrets are looked at where a Middleware reads another form of them than an Ingress
	// does. Nothing of them is in the result or the report.
	Secrets []*corev1.Secret
	// Classes say which controller serves an Ingress; without them its class is known by name.
	Classes []*networkingv1.IngressClass
	// Others are what annotations refer to: Middlewares of Traefik, BackendConfigs and
	// FrontendConfigs of GKE.
	Others []*unstructured.Unstructured
}

// Options say what the result is for.
type Options struct {
	// Controller of the Gateway, by its name in the table of controllers; empty or "auto"
	// for what the standard promises, without policies.
	Controller string
	// GatewayClass of the Gateways; empty for the usual one of the controller, or else the
	// name of the Ingress's class.
	GatewayClass string
	// Gateway that is there already: no Gateway is made, the routes attach to it.
	Gateway *Name
}

// Name of an object in a namespace.
type Name struct{ Namespace, Name string }

func (n Name) String() string {
	if n.Namespace == "" {
		return n.Name
	}
	return n.Namespace + "/" + n.Name
}

// ParseName reads NAMESPACE/NAME.
func ParseName(s string) (Name, error) {
	namespace, name, found := strings.Cut(s, "/")
	if !found || namespace == "" || name == "" || strings.Contains(name, "/") {
		return Name{}, fmt.Errorf("cannot read %q: it is not of the form NAMESPACE/NAME: %w", s, ErrInput)
	}
	return Name{namespace, name}, nil
}

// Result of a migration.
type Result struct {
	// Objects to apply: Gateways, HTTPRoutes, policies, sorted by kind and name.
	Objects []*unstructured.Unstructured
	// Report says what became of everything.
	Report Report
}

// Run migrates Ingresses to the Gateway API. The error wraps ErrInput where the input or
// the options are wrong.
func Run(in Input, o Options) (*Result, error) {
	m, err := newMigration(in, o)
	if err != nil {
		return nil, err
	}
	if len(in.Ingresses) == 0 {
		return nil, fmt.Errorf("cannot find an Ingress (networking.k8s.io/v1) to migrate: %w", ErrInput)
	}
	if err := m.checkClasses(); err != nil {
		return nil, err
	}
	for _, s := range m.sites {
		m.read(s)
	}
	m.joinCanaries()
	objects, err := m.emit()
	if err != nil {
		return nil, err
	}
	return &Result{Objects: objects, Report: m.report()}, nil
}

// migration is one run.
type migration struct {
	in          Input
	options     Options
	controllers *catalog.Controllers
	// target is the row of the Gateway's controller; the zero value for "auto".
	target   catalog.GatewayController
	families []*family
	sites    []*site
}

func newMigration(in Input, o Options) (*migration, error) {
	controllers, err := catalog.LoadControllers()
	if err != nil {
		return nil, err
	}
	m := &migration{in: in, options: o, controllers: controllers, families: families()}
	if o.Controller != "" && o.Controller != auto {
		row, known := controllers.GatewayNamed(o.Controller)
		if !known {
			return nil, fmt.Errorf("cannot migrate for controller %q: known are %s: %w", o.Controller, strings.Join(Controllers(controllers), ", "), ErrInput)
		}
		m.target = row
	}
	for _, ingress := range in.Ingresses {
		m.sites = append(m.sites, m.newSite(ingress))
	}
	slices.SortFunc(m.sites, func(a, b *site) int { return compareNames(a.name(), b.name()) })
	for _, s := range m.sites {
		s.securedBy = m.secured(s)
	}
	for i, s := range m.sites[min(1, len(m.sites)):] {
		if s.name() == m.sites[i].name() {
			return nil, fmt.Errorf("cannot migrate Ingress %q: it stands in the input twice: %w", s.name(), ErrInput)
		}
	}
	return m, nil
}

// secured tells whether other Ingresses serve all hosts of one by HTTPS.
func (m *migration) secured(s *site) bool {
	for _, g := range s.groups {
		for _, host := range g.hosts {
			if !slices.ContainsFunc(m.sites, func(o *site) bool {
				return o != s && m.gatewayName(o) == m.gatewayName(s) && o.secretOf(host) != "" &&
					slices.ContainsFunc(o.groups, func(g *group) bool { return slices.Contains(g.hosts, host) })
			}) {
				return false
			}
		}
	}
	return len(s.groups) > 0
}

// auto stands for a controller of which nothing is assumed, as in the chart mcp-server.
const auto = "auto"

// Controllers are the names that [Options] takes.
func Controllers(table *catalog.Controllers) []string {
	names := []string{auto}
	for _, row := range table.Gateway {
		names = append(names, row.Name)
	}
	return names
}

// is tells whether the Gateway is served by one of these controllers of the table.
func (m *migration) is(names ...string) bool { return slices.Contains(names, m.target.Name) }

// service returns a Service of the input, nil if it is not there.
func (m *migration) service(n Name) *corev1.Service {
	i := slices.IndexFunc(m.in.Services, func(s *corev1.Service) bool { return s.Namespace == n.Namespace && s.Name == n.Name })
	if i < 0 {
		return nil
	}
	return m.in.Services[i]
}

// other returns an object of the input that an annotation refers to, nil if it is not there.
func (m *migration) other(kind string, n Name) *unstructured.Unstructured {
	i := slices.IndexFunc(m.in.Others, func(u *unstructured.Unstructured) bool {
		return u.GetKind() == kind && u.GetNamespace() == n.Namespace && u.GetName() == n.Name
	})
	if i < 0 {
		return nil
	}
	return m.in.Others[i]
}
