package streaming

// azureGateway: https://learn.microsoft.com/azure/application-gateway/for-containers/server-sent-events
func azureGateway(r Route) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	policy := firstField(ofKind(r.Policies, "RoutePolicy"), goDuration, "default", "timeouts", "routeTimeout")
	switch {
	case policy != nil:
		return limit(policy.clock(), idle)
	case r.Request != "" || r.BackendRequest != "":
		total = clock{Unknown, "what " + r.Controller.Title + " does with the timeouts of a route is not known"}
	}
	return limit(total, idle, "Attach a RoutePolicy with spec.default.timeouts.routeTimeout 0s to the route.")
}
