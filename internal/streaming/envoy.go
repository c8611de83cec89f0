package streaming

// istio takes 0s for no timeout at all
// (https://github.com/istio/istio/blob/1.30.0/pilot/pkg/config/kube/gateway/conversion.go).
func istio(r Route) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	if s := shortestTimeout(r); s != nil {
		total = s.clock()
	}
	return limit(total, idle, cutAdvice(total)...)
}

// cilium takes the shorter of both timeouts, also when that is 0s: no limit
// (timeoutMutation in
// https://github.com/cilium/cilium/blob/v1.20.2/operator/pkg/model/translation/envoy_virtual_host.go).
func cilium(r Route) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	for _, s := range timeouts(r) {
		if s.duration == 0 {
			return limit(clock{Unlimited, s.by + " is 0s"}, idle)
		}
	}
	r.Retry = false
	if s := shortestTimeout(r); s != nil {
		total = s.clock()
	}
	return limit(total, idle, cutAdvice(total)...)
}

// contour lets backendRequest replace request (parseHTTPRouteTimeouts in
// https://github.com/projectcontour/contour/blob/v1.33.0/internal/dag/gatewayapi_processor.go).
func contour(r Route) Limit {
	r.Retry = false
	total, idle := defaults(r.Controller.ControllerFacts)
	if s := routeTimeout(r); s != nil {
		total = s.clock()
	}
	return limit(total, idle, cutAdvice(total)...)
}

// kgateway: what wins when route and TrafficPolicy both set a timeout is not known.
// https://kgateway.dev/docs/envoy/latest/resiliency/timeouts/
func kgateway(r Route) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	policies := ofKind(r.Policies, "TrafficPolicy")
	route, policy := shortestTimeout(r), firstField(policies, goDuration, "timeouts", "request")
	switch {
	case route == nil && r.Request != "":
		total = clock{Unlimited, "timeouts.request of the route is 0s"}
	case route == nil && r.BackendRequest != "" && !r.Retry:
		total = clock{Unknown, "what a timeouts.backendRequest of 0s alone does is not known"}
	case route != nil:
		total = route.clock()
	}
	if policy != nil {
		set := r.Request != "" || r.BackendRequest != ""
		byPolicy := policy.clock()
		if set && byPolicy.length != total.length {
			byPolicy = clock{Unknown, "the route and " + policy.by + " differ; which one wins is not known"}
		}
		total = byPolicy
	}
	if s := firstField(policies, goDuration, "timeouts", "streamIdle"); s != nil {
		idle = s.clock()
	}
	return limit(total, idle, cutAdvice(total)...)
}

// timeouts of the rule that hold for a whole response.
func timeouts(r Route) []setting {
	var all []setting
	add := func(value, field string) {
		if value != "" {
			all = append(all, *read(ParseDuration, value, field+" of the route"))
		}
	}
	add(r.Request, "timeouts.request")
	// Envoy ignores the timeout of a try once the response has begun (onPerTryTimeout in
	// https://github.com/envoyproxy/envoy/blob/v1.37.0/source/common/router/upstream_request.cc).
	if !r.Retry {
		add(r.BackendRequest, "timeouts.backendRequest")
	}
	return all
}

// shortestTimeout that is a limit; nil for none.
func shortestTimeout(r Route) *setting {
	var shortest *setting
	for _, s := range timeouts(r) {
		if s.duration > 0 && (shortest == nil || s.duration < shortest.duration) {
			shortest = &s
		}
	}
	return shortest
}

func cutAdvice(total clock) []string {
	d, limited := total.length.Duration()
	if !limited || d > 24*Hour {
		return nil
	}
	return []string{"Set timeouts.request and timeouts.backendRequest of the route to 0s: every stream is cut otherwise, busy or not."}
}
