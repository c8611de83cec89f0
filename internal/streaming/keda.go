package streaming

// ThroughInterceptor is the limit where KEDA's HTTP add-on stands in between, which
// proxies every request. Since version 0.14 it has no total limit, unless the
// InterceptorRoute sets one; it ends open streams a while after it is told to stop.
// request is timeouts.request of the InterceptorRoute, empty for none, and by names it.
// https://github.com/kedacore/http-add-on
func (l Limit) ThroughInterceptor(request, by string) Limit {
	total := clock{l.Total, l.TotalBy}
	if request != "" {
		total = shorter(total, read(goDuration, request, "timeouts.request of "+by).clock())
	}
	advice := append([]string{}, l.Advice...)
	return Limit{
		Total: total.length, TotalBy: total.by, Idle: l.Idle, IdleBy: l.IdleBy,
		Advice: append(advice, "KEDA's interceptor ends open streams when it is restarted: clients have to come back by themselves."),
	}
}
