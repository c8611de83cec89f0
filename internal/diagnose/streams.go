package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// wanted is how long the requests of a rule are meant to last, and what says so; ok is
// false for rules of which nothing says that they carry streams.
//
// A rule carries streams if it asks for a minute or more (0s is no limit), or if one of
// its paths ends in /mcp or /sse, the endpoints of MCP's transports
// (https://modelcontextprotocol.io/specification): those want an hour.
func wanted(r topology.RuleFacts) (length streaming.Length, says string, ok bool) {
	if d, err := streaming.ParseDuration(r.Request); r.Request != "" && err == nil {
		switch {
		case d == 0:
			return streaming.Unlimited, "timeouts.request is 0s: no limit", true
		case d >= streaming.Minute:
			return streaming.Lasting(d), "timeouts.request is " + r.Request, true
		}
		return "", "", false
	}
	for _, path := range r.Paths {
		path = strings.TrimRight(path, "*/")
		if strings.HasSuffix(path, "/mcp") || strings.HasSuffix(path, "/sse") {
			return silent, path + " is where streams of MCP go", true
		}
	}
	return "", "", false
}

// silent is for how long a stream without heartbeats is expected to live at the least.
const silent = streaming.Length("1h")

// shorter says that a limit is less than what is wanted.
func shorter(limit, want streaming.Length) bool {
	d, limited := limit.Duration()
	w, bounded := want.Duration()
	return limited && (want == streaming.Unlimited || bounded && d < w)
}

// stream is a way of requests that is meant to last.
type stream struct {
	route         *topology.Facts
	at            *topology.Attachment
	rule, backend int
	want          streaming.Length
	says          string
}

// judge compares a limit with what is wanted; nil if it is enough.
func (x *scene) judge(s stream, l streaming.Limit) *Finding {
	row, _ := x.Controller(string(s.at.Gateway.Spec.GatewayClassName))
	f := &Finding{Object: routeObject(s.route), Field: fmt.Sprintf("spec.rules[%d].timeouts", s.rule)}
	switch {
	case shorter(l.Total, s.want):
		f.Severity = Warning
		f.Problem = fmt.Sprintf("A stream is cut after %s, busy or not (%s), while %s.", l.Total, l.TotalBy, s.says)
		f.Why = "The client sees its stream break in the middle and has to begin again."
	case shorter(l.Idle, s.want) && shorter(l.Idle, silent):
		f.Severity = Info
		f.Problem = fmt.Sprintf("A stream that is silent for %s is cut (%s), while %s.", l.Idle, l.IdleBy, s.says)
		f.Why = "A server that sends nothing for so long loses its clients. One that sends an SSE comment every 15 s does not."
	default:
		return nil
	}
	f.Fix = x.lengthen(s, row, l)
	return f
}

// lengthen lets a stream last as long as it is meant to, by what its controller reads.
func (x *scene) lengthen(s stream, row controllerRow, l streaming.Limit) Fix {
	advice := strings.Join(l.Advice, " ")
	if advice == "" {
		advice = "Send something more often than that: an SSE comment does."
	}
	if row.Name == "envoy-gateway" && (s.want == streaming.Unlimited || s.route.Rules[s.rule].Request == "") && s.route.Ref.Kind == "HTTPRoute" {
		return do("Set both timeouts of the rule to 0s: no limit, idle or not.", change(routeObject(s.route),
			set(fmt.Sprintf("/spec/rules/%d/timeouts", s.rule), map[string]any{"request": "0s", "backendRequest": "0s"})))
	}
	actions := x.clockPolicies(s.route, s.rule, row)
	if row.Name == "envoy-gateway" && s.route.Ref.Kind == "HTTPRoute" {
		actions = []Action{change(routeObject(s.route), set(fmt.Sprintf("/spec/rules/%d/timeouts/backendRequest", s.rule), s.route.Rules[s.rule].Request))}
	}
	if len(actions) == 0 {
		return byHand(advice)
	}
	return do("Set the limit where the controller reads it.", actions...)
}

// common says that two lists of hostnames have one in common; an empty list has all.
func common(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	return slices.ContainsFunc(a, func(one string) bool {
		return slices.ContainsFunc(b, func(other string) bool {
			_, ok := topology.Meet(one, other)
			return ok
		})
	})
}
