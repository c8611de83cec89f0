package catalog

import (
	"fmt"
	"regexp"
	"slices"
)

// clock is what Clocks may hold: words, or the durations of the Gateway API.
var clock = regexp.MustCompile(`^(none|unknown|([0-9]{1,5}(h|m|s|ms)){1,4})$`)

// mistakes are all that is wrong with the table, in its order.
func (c *Controllers) mistakes() []error {
	var all []error
	seen := map[string]bool{}
	once := func(what, value string) {
		if seen[what+value] {
			all = append(all, fmt.Errorf("%s %q stands twice", what, value))
		}
		seen[what+value] = true
	}
	for _, row := range c.Gateway {
		once("gateway controller", row.Name)
		for _, name := range row.GatewayClassControllers {
			once("GatewayClass controller", name)
		}
		all = append(all, row.mistakes("gateway controller")...)
		if len(row.GatewayClassControllers) == 0 {
			all = append(all, fmt.Errorf("gateway controller %q needs gatewayClassControllers", row.Name))
		}
		for _, h := range []Handling{row.Timeouts.Request, row.Timeouts.BackendRequest} {
			if !slices.Contains([]Handling{Honored, Ignored, Refused, HandlingUnknown}, h) {
				all = append(all, fmt.Errorf("gateway controller %q: timeouts cannot be %q", row.Name, h))
			}
		}
	}
	for _, row := range c.Ingress {
		once("ingress controller", row.Name)
		for _, name := range row.IngressClassControllers {
			once("IngressClass controller", name)
		}
		all = append(all, row.mistakes("ingress controller")...)
	}
	return all
}

func (f ControllerFacts) mistakes(what string) []error {
	var all []error
	needed := map[string]string{"name": f.Name, "title": f.Title, "versions": f.Versions, "guaranteed": f.Guaranteed}
	for _, field := range []string{"name", "title", "versions", "guaranteed"} {
		if needed[field] == "" {
			all = append(all, fmt.Errorf("%s %q needs %s", what, f.Name, field))
		}
	}
	if len(f.Source) == 0 {
		all = append(all, fmt.Errorf("%s %q needs a source", what, f.Name))
	}
	for _, value := range []string{f.Clocks.Total, f.Clocks.Idle} {
		if !clock.MatchString(value) {
			all = append(all, fmt.Errorf("%s %q: a clock is a duration, none or unknown, not %q", what, f.Name, value))
		}
	}
	if least := f.Clocks.IdleAtLeast; least != "" && !clock.MatchString(least) {
		all = append(all, fmt.Errorf("%s %q: idleAtLeast is a duration, not %q", what, f.Name, least))
	}
	return all
}
