package migrate

import (
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// canaryWish is what a canary Ingress of ingress-nginx says.
type canaryWish struct {
	weight, total int32
	header        string
	// value or pattern of the header; always and never where both are empty.
	value, pattern string
}

// canaryRule is what a canary adds to a path of another Ingress.
type canaryRule struct {
	wish    canaryWish
	backend networkingv1.IngressBackend
}

// nginxCanary: everything else on a canary Ingress is ignored, but what is about
// sessions and load balancing.
func nginxCanary() []annotation {
	const main = "canary"
	return append(part(main, "canary-weight", "canary-weight-total", "canary-by-header", "canary-by-header-value", "canary-by-header-pattern"),
		annotation{main, canary},
		annotation{"canary-by-cookie", func(r *reading) {
			if !truth(r.peer(main)) {
				r.notNeeded("it has no effect without canary")
				return
			}
			r.lost("the standard matches no cookies", "match the header Cookie with a regular expression, where the controller can, or use a header of its own")
		}})
}

func canary(r *reading) {
	if !r.on() {
		r.notNeeded("it is switched off")
		return
	}
	wish := &canaryWish{total: 100, header: r.peer("canary-by-header"), value: r.peer("canary-by-header-value"), pattern: r.peer("canary-by-header-pattern")}
	if n, err := strconv.ParseInt(r.peer("canary-weight-total"), 10, 32); err == nil && n > 0 && n <= 1000000 {
		wish.total = int32(n)
	}
	if n, err := strconv.ParseInt(r.peer("canary-weight"), 10, 32); err == nil {
		wish.weight = int32(max(0, min(n, int64(wish.total))))
	}
	mains := r.mains(r.site)
	if len(mains) == 0 {
		r.lost("no other Ingress of its namespace has the same host and path", "give the main Ingress with it")
		return
	}
	if wish.header != "" && !headerName(wish.header) {
		r.lost("it is no name of a header", "write one")
		return
	}
	r.site.want.canary = wish
	var to []Place
	for _, at := range mains {
		place := Place{Ref{"HTTPRoute", r.site.ingress.Namespace, at.group.name}, "spec.rules[].backendRefs[].weight"}
		if !slices.Contains(to, place) {
			to = append(to, place)
		}
	}
	r.translated(to...)
	if wish.header != "" {
		r.note("the header has a rule of its own, before the weights")
	}
}

func headerName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}

// main is a path of another Ingress that a canary belongs to.
type mainPath struct {
	group    *group
	location *location
	canary   *location
}

// mains are the paths that a canary Ingress belongs to.
func (m *migration) mains(canary *site) []mainPath {
	var out []mainPath
	for _, s := range m.sites {
		if s.name() == canary.name() || s.ingress.Namespace != canary.ingress.Namespace || s.isCanary() || s.class != canary.class {
			continue
		}
		for _, g := range s.groups {
			for _, l := range g.locations {
				if c := canary.locationAt(g.hosts, l); c != nil {
					out = append(out, mainPath{g, l, c})
				}
			}
		}
	}
	return out
}

func (s *site) isCanary() bool {
	return s.family != nil && s.family.controller == "ingress-nginx" && truth(s.annotation("canary"))
}

// locationAt is the path of a canary with one of the hosts and the same path.
func (s *site) locationAt(hosts []string, at *location) *location {
	for _, g := range s.groups {
		if !slices.ContainsFunc(g.hosts, func(h string) bool { return slices.Contains(hosts, h) }) {
			continue
		}
		for _, l := range g.locations {
			if l.path == at.path && l.pathType == at.pathType {
				return l
			}
		}
	}
	return nil
}

// joinCanaries adds canaries to the paths that they belong to. They have no route of
// their own.
func (m *migration) joinCanaries() {
	for _, s := range m.sites {
		if s.want.canary == nil {
			continue
		}
		for _, at := range m.mains(s) {
			at.location.canaries = append(at.location.canaries, canaryRule{*s.want.canary, at.canary.backend})
		}
	}
}

// headerMatches are what leads to the canary, and what leads to the main one for sure.
func (w canaryWish) headerMatches() (to, away []gatewayv1.HTTPHeaderMatch) {
	match := func(kind gatewayv1.HeaderMatchType, value string) []gatewayv1.HTTPHeaderMatch {
		return []gatewayv1.HTTPHeaderMatch{{Type: &kind, Name: gatewayv1.HTTPHeaderName(w.header), Value: value}}
	}
	switch {
	case w.header == "":
		return nil, nil
	case w.value != "":
		return match(gatewayv1.HeaderMatchExact, w.value), nil
	case w.pattern != "":
		return match(gatewayv1.HeaderMatchRegularExpression, searched(w.pattern)), nil
	}
	return match(gatewayv1.HeaderMatchExact, "always"), match(gatewayv1.HeaderMatchExact, "never")
}
