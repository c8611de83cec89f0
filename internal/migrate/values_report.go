package migrate

import (
	"slices"
	"strings"
)

// knownValues of ingress, of the chart and of the one that it follows.
var knownValues = []string{"enabled", "controller", "className", "host", "annotations", "timeouts", "tls"}

// reportOthers reports values of ingress that the chart does not have.
func (v *valuesWriter) reportOthers(ingress map[string]any) {
	for _, key := range sortedKeys(ingress) {
		if !slices.Contains(knownValues, key) {
			v.s.lost("ingress."+key, "", "the chart mcp-server has no such value", "see what it did, and whether gateway.routes.rules does it")
		}
	}
	if text(ingress["host"]) == "" {
		v.s.add(Entry{Field: "ingress.host", Outcome: NotNeeded, Why: "without a host the listeners answer to any, also to the default one, CHART.127.0.0.1.nip.io"})
	}
}

// entry is an entry about objects as one about values.
func (v *valuesWriter) entry(e Entry) Entry {
	isClock := e.Field == defaultClock || v.s.family != nil && v.s.family.isClock(e.Field)
	if v.source != (Ref{}) {
		e.Source = v.source
		e.Field = v.field(e.Field)
		if e.Value == chartSecret {
			e.Value = ""
		}
	}
	chart := Ref{Kind: "Values", Name: chartRelease}
	if isClock && v.s.clocks.total != "" && e.Outcome != NotNeeded {
		e.Outcome, e.To, e.Do, e.Why = Translated, []Place{{chart, "gateway.timeouts.request"}}, "", ""
		return e
	}
	if len(e.To) == 0 {
		return e
	}
	var to []Place
	for _, place := range e.To {
		field := v.valueOf(place)
		if field == "" {
			guards := slices.ContainsFunc(e.To, Place.guards)
			e.Outcome, e.To = Lost, nil
			e.Why = "the chart mcp-server has no value for it"
			if guards {
				e.Why += ": " + everybody
			}
			e.Do = "migrate the Ingress itself (gatehouse migrate -f) and apply its HTTPRoute beside the release, or write the rule into gateway.routes.rules"
			return e
		}
		to = append(to, Place{chart, field})
	}
	e.To = compactPlaces(to)
	if len(e.To) > 0 && e.To[0].Field == "gateway.httpsRedirect" && v.s.want.https != 301 {
		e.Why = "the chart redirects with 301"
	}
	return e
}

// guards tells whether a field keeps callers out.
func (p Place) guards() bool {
	return p.Object.Kind == securityPolicy.kind || p.Object.Kind == clientTrafficPolicy.kind ||
		p.Object.Kind == traefikMiddlewareKind.kind && slices.Contains([]string{"spec.basicAuth", "spec.forwardAuth", "spec.ipAllowList"}, p.Field)
}

// field is the value that a field of the Ingress comes of.
func (v *valuesWriter) field(field string) string {
	switch {
	case strings.HasPrefix(field, "(default)"), strings.HasPrefix(field, "ingress."):
		return field
	case field == "spec.ingressClassName":
		return "ingress.className"
	case strings.HasPrefix(field, "spec.tls"):
		return "ingress.tls"
	case strings.HasPrefix(field, "spec."):
		return "ingress"
	}
	return "ingress.annotations: " + field
}

// valueOf is the value of the chart that stands for a field of an object; empty for none.
func (v *valuesWriter) valueOf(p Place) string {
	if attached := v.m.target.Policy; attached != nil && attached.Kind == p.Object.Kind && slices.Contains(attached.Fields, p.Field) {
		return "gateway.policy"
	}
	switch p.Object.Kind {
	case "Gateway":
		return valueOfGateway(p.Field)
	case "HTTPRoute":
		return v.valueOfRoute(p)
	}
	return ""
}

func valueOfGateway(field string) string {
	switch {
	case field == "spec.gatewayClassName":
		return "gateway.className"
	case strings.HasSuffix(field, "certificateRefs"):
		return "gateway.listeners.https"
	case field == "spec.listeners":
		return "gateway.listeners"
	case field == "metadata.annotations":
		return "gateway.annotations"
	}
	return ""
}

func (v *valuesWriter) valueOfRoute(p Place) string {
	switch {
	case p.Field == "metadata.annotations":
		return "gateway.routes.annotations"
	case p.Field == "spec.parentRefs":
		return "gateway.existing"
	case p.Field == "spec.hostnames":
		return "gateway.hostnames"
	case p.Object.Name == redirectName(v.s.groups[0]):
		return "gateway.httpsRedirect"
	}
	return ""
}
