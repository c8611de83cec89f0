package streaming

import (
	"fmt"
	"slices"
)

// envoyGateway follows internal/gatewayapi/route.go (processRouteTimeout) and
// internal/xds/translator/route.go (idleTimeout) of
// https://github.com/envoyproxy/gateway/tree/v1.9.1.
func envoyGateway(r Route) Limit {
	backend := mergedTrafficPolicies(ofKind(r.Policies, "BackendTrafficPolicy"))
	client := ofKind(r.Policies, "ClientTrafficPolicy")
	request := envoyGatewayRequest(r, backend)

	total, idle := defaults(r.Controller.ControllerFacts)
	if request != nil {
		total = request.clock()
	}
	var advice []string
	stream := firstField(backend, ParseDuration, "timeout", "http", "maxStreamDuration")
	listener := firstField(oneOf(client), ParseDuration, "connection", "connectionLimit", "maxStreamDuration")
	switch {
	case stream != nil:
		// Envoy uses no route timeout at all where the route has a maximum duration
		// (usingNewTimeouts in
		// https://github.com/envoyproxy/envoy/blob/v1.37.0/source/common/router/config_impl.cc),
		// and a maximum of the route replaces that of the listener.
		total = stream.clock()
	case listener != nil:
		total = shorter(total, listener.clock())
	}
	if _, limited := total.length.Duration(); limited {
		advice = append(advice, envoyGatewayAdvice(r, stream != nil))
	}

	listenerIdle := firstField(oneOf(client), ParseDuration, "timeout", "http", "streamIdleTimeout")
	routeIdle := firstField(backend, ParseDuration, "timeout", "http", "streamIdleTimeout")
	switch {
	case routeIdle != nil:
		idle = routeIdle.clock()
	case listenerIdle != nil:
		idle = listenerIdle.clock()
	case request != nil:
		idle = idleOfRequest(r, *request)
	}
	return limit(total, idle, advice...)
}

// envoyGatewayRequest is the route timeout that Envoy gets; nil for Envoy's own.
func envoyGatewayRequest(r Route, policies []Policy) *setting {
	if s := routeTimeout(r); s != nil {
		return s
	}
	return firstField(policies, ParseDuration, "timeout", "http", "requestTimeout")
}

// routeTimeout is the timeout of the rule where backendRequest, if there is one and no
// retry, replaces request; nil for none.
func routeTimeout(r Route) *setting {
	if r.BackendRequest != "" && !r.Retry {
		return read(ParseDuration, r.BackendRequest, "timeouts.backendRequest of the route")
	}
	if r.Request != "" {
		return read(ParseDuration, r.Request, "timeouts.request of the route")
	}
	return nil
}

// idleOfRequest is the idle limit that a request timeout brings with it.
func idleOfRequest(r Route, request setting) clock {
	if request.err != nil {
		return clock{Unknown, request.err.Error()}
	}
	if request.duration == 0 {
		return clock{Unlimited, request.by + " is 0s, which lifts the idle limit too"}
	}
	least, err := ParseDuration(r.Controller.Clocks.IdleAtLeast)
	if err != nil {
		least = Hour
	}
	return clock{Lasting(max(least, request.duration)), fmt.Sprintf("follows from %s, at least %s", request.by, Lasting(least))}
}

func envoyGatewayAdvice(r Route, byStream bool) string {
	if byStream {
		return "Set spec.timeout.http.maxStreamDuration of the BackendTrafficPolicy to 0s."
	}
	if r.BackendRequest != "" || r.Request != "" {
		return "Set timeouts.request and timeouts.backendRequest of the route to 0s: every stream is cut otherwise, busy or not."
	}
	return "Set timeouts.request and timeouts.backendRequest of the route to 0s, or attach a BackendTrafficPolicy with spec.timeout.http.requestTimeout 0s."
}

// mergedTrafficPolicies are those that count: the first, and behind it the next as long
// as the one before says that it is merged with its parent (spec.mergeType).
func mergedTrafficPolicies(policies []Policy) []Policy {
	for i, p := range policies {
		if merge, _ := p.Spec["mergeType"].(string); merge == "" {
			return policies[:i+1]
		}
	}
	return slices.Clone(policies)
}

// oneOf is the first policy: the most specific replaces the others as a whole.
func oneOf(policies []Policy) []Policy { return policies[:min(1, len(policies))] }
