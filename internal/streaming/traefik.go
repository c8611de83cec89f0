package streaming

// Traefik ignores timeouts of routes (https://github.com/traefik/traefik/issues/11902)
// and limits streams only by settings of its entry points.
func traefikGateway(r Route) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	var advice []string
	if r.Request != "" || r.BackendRequest != "" {
		advice = []string{"Traefik ignores the timeouts of the route."}
	}
	return limit(total, idle, advice...)
}

func traefikIngress(in Ingress) Limit { return fromTable(in.Controller.ControllerFacts) }
