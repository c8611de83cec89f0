package migrate

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// callers are addresses: of those who alone are let in, if there are any, and of those
// who are not.
type callers struct{ allowed, denied []string }

// everybody says what it means that a setting is lost that kept callers out.
const everybody = "after the move everybody gets in"

// newerNames of annotations, by the old ones, which mean the same.
var newerNames = map[string]string{
	// https://github.com/kubernetes/ingress-nginx/blob/controller-v1.11.1/internal/ingress/annotations/ipallowlist/main.go#L42
	"whitelist-source-range": "allowlist-source-range",
	"whitelist":              "allow-list",
	"blacklist":              "deny-list",
}

// allowFrom lets in some addresses only.
func allowFrom(r *reading) {
	if ranges, ok := r.addresses(); ok {
		r.callers(func(c *callers) { c.allowed = ranges })
	}
}

// denyFrom keeps some addresses out.
func denyFrom(r *reading) {
	if ranges, ok := r.addresses(); ok {
		r.callers(func(c *callers) { c.denied = ranges })
	}
}

// addresses of an annotation; false, and reported, if they cannot be read.
func (r *reading) addresses() ([]string, bool) {
	_, name, _ := strings.Cut(r.key, "/")
	if newer := newerNames[name]; newer != "" && r.peer(newer) != "" {
		if r.peer(newer) == r.value {
			r.notNeeded(newer + " says it")
			return nil, false
		}
		if r.site.family.controller == "ingress-nginx" {
			r.notNeeded("it is the old name of " + newer + ", which wins")
			return nil, false
		}
		r.lost(newer+" has another value, and means the same: "+newer+" is taken", "leave one of the two out, and migrate again")
		return nil, false
	}
	ranges, ok := networks(r.value)
	if !ok {
		r.lost("its value is not a list of addresses and ranges: "+everybody, "write the ranges out, and migrate again")
	}
	return ranges, ok
}

// callers changes who is let in, for the controllers that look at addresses. Who is kept
// out stays out, whoever is let in.
func (r *reading) callers(change func(*callers)) {
	seen := "it is the address that the gateway sees: where a load balancer stands in front, tell the gateway how many proxies to trust"
	c := &r.site.want.callers
	before := *c
	change(c)
	switch {
	case r.is("envoy-gateway"):
		r.translated(r.site.set(securityPolicy, c.envoyGateway(), "authorization")...)
		if r.options.Gateway != nil {
			seen += "; a SecurityPolicy of Gateway " + r.options.Gateway.String() + " does not hold for these routes any more"
		}
		r.note(seen)
	case r.is("traefik") && len(c.denied) == 0:
		filter, place := r.site.extension(traefikMiddlewareKind, "allow", map[string]any{"ipAllowList": map[string]any{"sourceRange": anyList(c.allowed)}})
		r.site.want.guard(rankAddresses, filter)
		r.translated(append(r.site.extensionPlaces(), place)...)
		r.note(seen)
	case r.is("traefik"):
		*c = before
		r.lost("Traefik knows addresses that are let in only: after the move the others get in, too",
			"before anything else: a firewall rule of the load balancer, or a NetworkPolicy")
	default:
		*c = before
		r.lost("the standard knows no addresses of callers: "+everybody,
			"before anything else: a firewall rule of the load balancer, a NetworkPolicy, or a policy of the Gateway's controller")
	}
}

// envoyGateway is the authorization of a SecurityPolicy, of which the first rule that
// matches decides.
// https://github.com/envoyproxy/gateway/blob/v1.7.0/api/v1alpha1/authorization_types.go
func (c callers) envoyGateway() map[string]any {
	var rules []any
	rule := func(action string, ranges []string) {
		if len(ranges) > 0 {
			rules = append(rules, map[string]any{"action": action, "principal": map[string]any{"clientCIDRs": anyList(ranges)}})
		}
	}
	rule("Deny", c.denied)
	rule("Allow", c.allowed)
	rest := "Allow"
	if len(c.allowed) > 0 {
		rest = "Deny"
	}
	return map[string]any{"defaultAction": rest, "rules": rules}
}

// secretName reads NAMESPACE/NAME, or a NAME in the namespace of the Ingress; false if it
// is in another one.
func (r *reading) secretName(value string) (string, bool) {
	namespace, name, found := strings.Cut(value, "/")
	if !found {
		return value, value != ""
	}
	return name, name != "" && namespace == r.site.ingress.Namespace
}

// secret of the namespace of the Ingress, if it is in the input.
func (r *reading) secret(name string) *corev1.Secret {
	for _, s := range r.in.Secrets {
		if s.Name == name && cmp.Or(s.Namespace, defaultNamespace) == r.site.ingress.Namespace {
			return s
		}
	}
	return nil
}

// keepers are annotations of all families that keep callers out by what is made here.
func keepers() []string {
	return []string{
		"whitelist-source-range", "allowlist-source-range", "denylist-source-range", "whitelist", "allow-list", "blacklist", "deny-list",
		"auth-type", "auth-url", "auth-tls-secret", "router.middlewares",
	}
}

// keepsOut tells whether callers are kept out of the paths of an Ingress by something that
// is made here. What such a path matched it has to match still, as it may lead to the same
// Service by another Ingress, and by that one for everybody: the controllers that keep
// callers out all match expressions.
func (m *migration) keepsOut(s *site) bool {
	return m.is("envoy-gateway", "traefik") && slices.ContainsFunc(keepers(), func(name string) bool { return s.annotation(name) != "" })
}
