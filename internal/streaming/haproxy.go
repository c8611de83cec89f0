package streaming

// haproxyDuration reads HAProxy's syntax; a bare number is milliseconds.
// https://docs.haproxy.org/3.1/configuration.html#2.5
func haproxyDuration(s string) (Duration, error) {
	return suffixed(map[string]Duration{
		"": Millisecond, "us": Microsecond, "ms": Millisecond, "s": Second,
		"m": Minute, "h": Hour, "d": 24 * Hour,
	})(s)
}

// Annotations of HAProxy Technologies' controller and of HAProxy Ingress.
func haproxyKeys() []string {
	return []string{"haproxy.org/timeout-server", "haproxy-ingress.github.io/timeout-server"}
}

func haproxyGateway(r Route) Limit {
	return haproxy(r.Controller.Title, fromTable(r.Controller.ControllerFacts), nil, r.Service)
}

func haproxyIngress(in Ingress) Limit {
	return haproxy(in.Controller.Title, fromTable(in.Controller.ControllerFacts), in.Annotations, in.Service)
}

// haproxy: the server side can be longer by annotation, while the client side is one
// setting of the whole controller, which is not in the cluster in a form we read. So a
// shorter server side is the limit, and a longer one leaves the limit unknown.
func haproxy(title string, table Limit, ingress, service map[string]string) Limit {
	total := clock{table.Total, table.TotalBy}
	for _, key := range haproxyKeys() {
		s := annotation(haproxyDuration, service, key, "Service")
		if s == nil {
			s = annotation(haproxyDuration, ingress, key, "Ingress")
		}
		if s == nil {
			continue
		}
		if d, limited := table.Idle.Duration(); s.err == nil && s.duration > 0 && limited && s.duration <= d {
			return limit(total, clock{Lasting(s.duration), s.by})
		}
		if s.err != nil {
			return limit(total, s.clock())
		}
		return limit(total, clock{Unknown, s.by + " lifts the limit of the server side; that of the client side (timeout-client of " + title + ", 50s by default) is not in the cluster"},
			"Send something at least every 25s: an SSE comment does.")
	}
	return limit(total, clock{table.Idle, table.IdleBy}, "Set the annotation haproxy.org/timeout-server (HAProxy Ingress: haproxy-ingress.github.io/timeout-server).")
}
