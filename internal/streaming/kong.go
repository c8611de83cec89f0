package streaming

// kong: read-timeout is the time between two reads from the Service, so it limits only
// idle streams; backendRequest sets the same clock.
// https://developer.konghq.com/kubernetes-ingress-controller/reference/annotations/
func kong(r Route) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	s := annotation(number(Millisecond), r.Service, "konghq.com/read-timeout", "Service")
	switch {
	case s != nil && r.BackendRequest != "":
		if d, err := ParseDuration(r.BackendRequest); s.err == nil && err == nil && d == s.duration {
			idle = clock{Lasting(s.duration), s.by}
			break
		}
		idle = clock{Unknown, s.by + " and timeouts.backendRequest of the route differ; which one wins is not known"}
	case s != nil && s.err != nil:
		idle = s.clock()
	case s != nil:
		idle = clock{Lasting(s.duration), s.by}
	case r.BackendRequest != "":
		b := read(ParseDuration, r.BackendRequest, "timeouts.backendRequest of the route")
		if idle = b.clock(); b.duration == 0 {
			idle = clock{Unknown, "what Kong makes of a timeouts.backendRequest of 0s is not known"}
		}
	default:
		return limit(total, idle, "Set the annotation konghq.com/read-timeout of the Service, in milliseconds.")
	}
	return limit(total, idle)
}
