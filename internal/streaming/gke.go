package streaming

// gkeGateway: https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources#configure_backend_service_timeout
func gkeGateway(r Route) Limit {
	if r.Request != "" || r.BackendRequest != "" {
		const why = "GKE refuses a route with timeouts"
		return limit(clock{Unknown, why}, clock{Unknown, why}, "Remove timeouts from the route and attach a GCPBackendPolicy with spec.default.timeoutSec to the Service.")
	}
	return backendService(r, "GCPBackendPolicy", "default", "timeoutSec")
}

// gkeIngress: https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#timeout
func gkeIngress(in Ingress) Limit {
	r := Route{Policies: in.Policies}
	r.Controller.ControllerFacts = in.Controller.ControllerFacts
	return backendService(r, "BackendConfig", "timeoutSec")
}

// backendService is the timeout of Google's backend service: a total, 1 second at the
// least, that no heartbeat resets.
func backendService(r Route, kind string, path ...string) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	policies := ofKind(r.Policies, kind)
	if s := firstField(policies, number(Second), path...); s != nil {
		total = clock{Lasting(s.duration), s.by}
		if s.err != nil {
			total = s.clock()
		}
		return limit(total, idle)
	}
	return limit(total, idle, "Raise the timeout with a "+kind+": 86400 seconds let a stream last a day.")
}
