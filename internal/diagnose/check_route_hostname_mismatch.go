package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func routeHostnameMismatch() Check {
	c := Check{ID: "route-hostname-mismatch", Finds: "a route for hostnames to which no listener answers"}
	return mismatch(c, topology.AgainstHostname, func(_ *scene, u unattached, near []topology.Candidate) Finding {
		var hosts []string
		for _, c := range near {
			hosts = append(hosts, deref(c.Listener.Hostname))
		}
		slices.Sort(hosts)
		hosts = slices.Compact(hosts)
		f := Finding{
			Field: "spec.hostnames",
			Problem: fmt.Sprintf("No listener of %s answers to %s; everything else fits at %s, which %s to %s",
				u.parent(), list(u.route.Hostnames), list(listenerNames(near)), plural(len(near), "answers", "answer"), list(hosts)),
		}
		var renamed []any
		for _, host := range u.route.Hostnames {
			renamed = append(renamed, rehost(host, hosts))
		}
		f.Fix = do("Use a hostname that is answered to, or give a listener that of the route.",
			merge(u.object(), map[string]any{"spec": map[string]any{"hostnames": unique(renamed)}}))
		return f
	})
}

// rehost puts a hostname below the listener's that is nearest to it.
func rehost(host string, listeners []string) string {
	label, rest, _ := strings.Cut(host, ".")
	best := listeners[0]
	for _, l := range listeners {
		if distance(rest, strings.TrimPrefix(l, "*.")) < distance(rest, strings.TrimPrefix(best, "*.")) {
			best = l
		}
	}
	if under, wild := strings.CutPrefix(best, "*."); wild {
		return label + "." + under
	}
	return best
}

func unique(all []any) []any {
	var out []any
	for _, v := range all {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
