// Package streaming says how long a stream (a response that goes on, such as
// server-sent events) may last behind a gateway or ingress controller, and which clock
// cuts it. What it relies on stands in catalog/controllers.yaml, with its sources. It
// is pure: the same input gives the same answer. What is not known is called unknown,
// never guessed.
package streaming

import (
	"fmt"
	"slices"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

// Limit is how long a stream may last.
type Limit struct {
	// Total is how long a response may last, busy or not.
	Total Length `json:"total"`
	// TotalBy says in one line which clock that is.
	TotalBy string `json:"totalBy"`
	// Idle is how long a stream may be silent.
	Idle Length `json:"idle"`
	// IdleBy says in one line which clock that is.
	IdleBy string `json:"idleBy"`
	// Advice says what would let streams last longer, one line each.
	Advice []string `json:"advice,omitempty"`
}

// Route is one rule of an HTTPRoute or GRPCRoute, with what applies to it.
type Route struct {
	// Controller of the Gateway; the zero value where it is not known.
	Controller catalog.GatewayController
	// Request and BackendRequest are the rule's timeouts; empty for none.
	Request, BackendRequest string
	// Retry says that the rule retries, so that backendRequest holds for each try.
	Retry bool
	// Policies that apply, the most specific first, at the same object the oldest first.
	Policies []Policy
	// Service holds the annotations of the Service behind the rule.
	Service map[string]string
}

// Ingress is an Ingress, with what applies to one of its Services.
type Ingress struct {
	// Controller of the Ingress; the zero value where it is not known.
	Controller catalog.IngressController
	// Annotations of the Ingress.
	Annotations map[string]string
	// Policies that the Service refers to.
	Policies []Policy
	// Service holds the annotations of the Service.
	Service map[string]string
}

// OfRoute says how long a stream may last through a rule of a route.
func OfRoute(r Route) Limit {
	name := r.Controller.Name
	if name == "" {
		return limit(
			clock{Unknown, "the controller of the Gateway is not in the table of controllers"},
			clock{Unknown, "the controller of the Gateway is not in the table of controllers"},
		)
	}
	for _, field := range []string{r.Request, r.BackendRequest} {
		if _, err := ParseDuration(field); field != "" && err != nil {
			return limit(clock{Unknown, err.Error()}, clock{Unknown, err.Error()})
		}
	}
	i := slices.IndexFunc(gateways, func(f gatewayFamily) bool { return f.controller == name })
	if i < 0 {
		return fromTable(r.Controller.ControllerFacts)
	}
	return gateways[i].limit(r)
}

// OfIngress says how long a stream may last through an Ingress.
func OfIngress(in Ingress) Limit {
	if in.Controller.Name == "" {
		const why = "the controller of the Ingress is not in the table of controllers"
		return limit(clock{Unknown, why}, clock{Unknown, why})
	}
	i := slices.IndexFunc(ingresses, func(f ingressFamily) bool { return f.controller == in.Controller.Name })
	if i < 0 {
		return fromTable(in.Controller.ControllerFacts)
	}
	return ingresses[i].limit(in)
}

// OfService says how long a stream may last through a Service of type LoadBalancer or
// NodePort. Nothing there reads HTTP, but a load balancer may forget idle connections.
func OfService(annotations map[string]string) Limit {
	total := clock{Unlimited, "no proxy reads HTTP in between"}
	if l, ok := awsListener(annotations); ok {
		return limit(total, l)
	}
	return limit(total, clock{Unknown, "what the load balancer in front does with idle connections is not in the cluster"},
		"Send something at least every 60s: an SSE comment does.")
}

// clock is a limit and what sets it.
type clock struct {
	length Length
	by     string
}

// keepAlive is the shortest idle limit that needs no advice: who is silent for longer
// than that will not be told by us to speak.
const keepAlive = Hour

func limit(total, idle clock, advice ...string) Limit {
	if d, limited := idle.length.Duration(); limited && d < keepAlive {
		advice = append(advice, fmt.Sprintf("Send something at least every %s: an SSE comment does.", Lasting(d/2)))
	}
	return Limit{Total: total.length, TotalBy: total.by, Idle: idle.length, IdleBy: idle.by, Advice: advice}
}

// defaults are the clocks of the table, for when nothing sets others.
func defaults(f catalog.ControllerFacts) (total, idle clock) {
	return fact(f, "total", f.Clocks.Total), fact(f, "idle", f.Clocks.Idle)
}

func fact(f catalog.ControllerFacts, field, value string) clock {
	unverified := ""
	if slices.Contains(f.Unverified, "clocks."+field) {
		unverified = " (not verified)"
	}
	switch value {
	case catalog.NoLimit:
		return clock{Unlimited, fmt.Sprintf("%s has no %s limit unless it is set%s", f.Title, field, unverified)}
	case catalog.UnknownLimit:
		return clock{Unknown, fmt.Sprintf("the default %s limit of %s is not known", field, f.Title)}
	}
	d, err := ParseDuration(value)
	if err != nil {
		return clock{Unknown, err.Error()}
	}
	return clock{Lasting(d), fmt.Sprintf("default of %s%s", f.Title, unverified)}
}

func fromTable(f catalog.ControllerFacts) Limit {
	total, idle := defaults(f)
	return limit(total, idle)
}
