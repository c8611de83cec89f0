package catalog

import (
	_ "embed" // the table is part of the binary, and of what reads it without a cluster
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed controllers.yaml
var controllersSource []byte

// ControllersYAML is the table as it is written, comments included.
func ControllersYAML() []byte { return slices.Clone(controllersSource) }

// Controllers says for every controller that we know what limits a stream there.
type Controllers struct {
	// Gateway controllers implement the Gateway API.
	Gateway []GatewayController `json:"gateway"`
	// Ingress controllers implement Ingress.
	Ingress []IngressController `json:"ingress"`
}

// Handling is what a controller does with a timeout of an HTTPRoute's rule.
type Handling string

// What a controller does with a timeout.
const (
	// Honored: the timeout takes effect.
	Honored Handling = "honored"
	// Ignored: the route is accepted, the timeout has no effect.
	Ignored Handling = "ignored"
	// Refused: a route that sets the timeout is not accepted.
	Refused Handling = "refused"
	// HandlingUnknown: nothing is known of it.
	HandlingUnknown Handling = "unknown"
)

// Words that stand for a clock in place of a duration.
const (
	// NoLimit is a clock that never ends.
	NoLimit = "none"
	// UnknownLimit is a clock of which nothing is known.
	UnknownLimit = "unknown"
)

// GatewayController is a row of the table of gateway controllers.
type GatewayController struct {
	ControllerFacts `json:",inline"`

	// GatewayClassControllers are the values of GatewayClass.spec.controllerName.
	GatewayClassControllers []string `json:"gatewayClassControllers"`
	// Timeouts says what becomes of the timeouts of an HTTPRoute's rule.
	Timeouts Timeouts `json:"timeouts"`
}

// IngressController is a row of the table of ingress controllers.
type IngressController struct {
	ControllerFacts `json:",inline"`

	// IngressClassControllers are the values of IngressClass.spec.controller, also with
	// "/" and a suffix behind them.
	IngressClassControllers []string `json:"ingressClassControllers"`
	// IngressClasses are the class names under which the controller is known where no
	// IngressClass exists: the usual values of kubernetes.io/ingress.class.
	IngressClasses []string `json:"ingressClasses"`
}

// ControllerFacts is what is known of every controller.
type ControllerFacts struct {
	// Name is how the chart's values, messages and other tables call the controller.
	Name string `json:"name"`
	// Title is its proper name.
	Title string `json:"title"`
	// Versions of the controller at which the facts were read.
	Versions string `json:"versions"`
	// Clocks are those of a stream for which nothing sets a timeout.
	Clocks Clocks `json:"clocks"`
	// Policy is the resource that the chart mcp-server attaches; nil where there is none.
	Policy *Policy `json:"policy,omitempty"`
	// Annotations lift the idle limit; nil where there are none.
	Annotations *Annotations `json:"annotations,omitempty"`
	// Guaranteed says in one line what the chart mcp-server guarantees for a stream.
	Guaranteed string `json:"guaranteed"`
	// Cannot says in one line what nobody can promise there; empty if nothing.
	Cannot string `json:"cannot,omitempty"`
	// Unverified lists the fields of this row that are general knowledge: nobody has
	// read them in a source.
	Unverified []string `json:"unverified,omitempty"`
	// Source holds the addresses at which the facts were read.
	Source []string `json:"source"`
}

// Timeouts says what a controller does with rules[].timeouts of an HTTPRoute.
type Timeouts struct {
	Request        Handling `json:"request"`
	BackendRequest Handling `json:"backendRequest"`
}

// Clocks are the two limits of a stream: a duration in the syntax of Go and of the
// Gateway API ("15s", "5m"), NoLimit or UnknownLimit.
type Clocks struct {
	// Total is how long a response may last, busy or not.
	Total string `json:"total"`
	// Idle is how long a stream may be silent.
	Idle string `json:"idle"`
	// IdleFollowsRoute: a request timeout is the idle limit too, and 0s lifts both.
	IdleFollowsRoute bool `json:"idleFollowsRoute,omitempty"`
	// IdleAtLeast is the least idle limit that follows from a request timeout.
	IdleAtLeast string `json:"idleAtLeast,omitempty"`
}

// Policy is a resource by which streams get longer clocks.
type Policy struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	// Targets is the kind that the policy is attached to.
	Targets string `json:"targets"`
	// Fields are the paths that set the clocks.
	Fields []string `json:"fields"`
}

// Annotations are those by which streams get longer clocks.
type Annotations struct {
	// Carrier is the kind they stand on: Ingress or Service.
	Carrier string `json:"carrier"`
	// Set maps an annotation to its value, or to the unit of its value: seconds,
	// milliseconds or duration.
	Set map[string]string `json:"set"`
}

// LoadControllers reads the table that is built in. An error is a mistake in this
// repository: a test finds it.
func LoadControllers() (*Controllers, error) { return parseControllers(controllersSource) }

func parseControllers(raw []byte) (*Controllers, error) {
	c := &Controllers{}
	if err := yaml.UnmarshalStrict(raw, c); err != nil {
		return nil, fmt.Errorf("cannot read the table of controllers: %w", err)
	}
	if err := errors.Join(c.mistakes()...); err != nil {
		return nil, fmt.Errorf("cannot use the table of controllers: %w", err)
	}
	return c, nil
}

// ByGatewayClass returns the controller of a GatewayClass.spec.controllerName.
func (c *Controllers) ByGatewayClass(controllerName string) (GatewayController, bool) {
	i := slices.IndexFunc(c.Gateway, func(row GatewayController) bool {
		return slices.Contains(row.GatewayClassControllers, controllerName)
	})
	if i < 0 {
		return GatewayController{}, false
	}
	return c.Gateway[i], true
}

// ByIngressClass returns the controller of an IngressClass.spec.controller, or, where
// that is empty, of the name of a class that nothing declares.
func (c *Controllers) ByIngressClass(controller, class string) (IngressController, bool) {
	i := slices.IndexFunc(c.Ingress, func(row IngressController) bool {
		if controller == "" {
			return slices.Contains(row.IngressClasses, class)
		}
		return slices.ContainsFunc(row.IngressClassControllers, func(known string) bool {
			return controller == known || strings.HasPrefix(controller, known+"/")
		})
	})
	if i < 0 {
		return IngressController{}, false
	}
	return c.Ingress[i], true
}

// GatewayNamed returns the gateway controller of a name of the table.
func (c *Controllers) GatewayNamed(name string) (GatewayController, bool) {
	i := slices.IndexFunc(c.Gateway, func(row GatewayController) bool { return row.Name == name })
	if i < 0 {
		return GatewayController{}, false
	}
	return c.Gateway[i], true
}

// IngressNamed returns the ingress controller of a name of the table.
func (c *Controllers) IngressNamed(name string) (IngressController, bool) {
	i := slices.IndexFunc(c.Ingress, func(row IngressController) bool { return row.Name == name })
	if i < 0 {
		return IngressController{}, false
	}
	return c.Ingress[i], true
}
