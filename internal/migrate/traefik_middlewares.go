package migrate

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// traefikMiddlewares: a list of NAMESPACE-NAME@kubernetescrd, each reported on its own.
// What the standard can say becomes filters; for Traefik's own Gateway the route refers
// to them.
func traefikMiddlewares(r *reading) {
	refs := list(r.value)
	if len(refs) == 0 {
		r.notNeeded("it names none")
		return
	}
	for i, ref := range refs {
		each := &reading{migration: r.migration, site: r.site, key: r.key, value: ref}
		each.entry = Entry{Field: r.key, Value: shown(r.key, ref)}
		each.middlewareRef(ref)
		if i < len(refs)-1 {
			r.site.add(each.entry)
			continue
		}
		r.entry = each.entry
	}
}

// mayGuard is said of what is not known here, and may be there to keep callers out.
const mayGuard = "; if it keeps callers out, " + everybody

func (r *reading) middlewareRef(ref string) {
	name, why, do := r.middlewareName(ref)
	switch {
	case why != "":
		r.lost(why+mayGuard, do)
	case r.is("traefik"):
		r.site.want.filter(extensionRef(traefikMiddlewareKind, name))
		r.translated(r.site.extensionPlaces()...)
	default:
		r.middlewareObject(name, 0)
	}
}

// middlewareName is the name of a Middleware of the Ingress's namespace. A namespace and a
// name are written with a hyphen between, and both may have hyphens: what is in the input
// says which is meant.
func (r *reading) middlewareName(ref string) (name, why, do string) {
	whole, provider, _ := strings.Cut(ref, "@")
	if provider != "kubernetescrd" {
		return "", "middleware " + ref + " is configuration of Traefik, not in the cluster", "write it as a Middleware, or find out what it does"
	}
	namespace := r.site.ingress.Namespace
	name, found := strings.CutPrefix(whole, namespace+"-")
	if !found || name == "" || (r.other("Middleware", Name{namespace, name}) == nil && r.middlewareElsewhere(whole)) {
		return "", "middleware " + ref + " is in another namespace", "copy it into namespace " + namespace + ": a route refers to its own namespace only"
	}
	return name, "", ""
}

func (r *reading) middlewareElsewhere(whole string) bool {
	return slices.ContainsFunc(r.in.Others, func(u *unstructured.Unstructured) bool {
		return u.GetKind() == "Middleware" && u.GetNamespace()+"-"+u.GetName() == whole
	})
}

// deepestChain of Middlewares that is followed.
const deepestChain = 8

// middlewareObject says a Middleware otherwise than by referring to it.
func (r *reading) middlewareObject(name string, depth int) {
	const other = "find a policy of the Gateway's controller that does it, or migrate for Traefik (--controller traefik), which refers to it"
	u := r.other("Middleware", Name{r.site.ingress.Namespace, name})
	if u == nil || depth > deepestChain {
		r.lost("Middleware "+name+" is not in the input"+mayGuard, "give it with the Ingress, or migrate for Traefik (--controller traefik), which refers to it")
		return
	}
	spec, _, _ := unstructured.NestedMap(u.Object, "spec")
	kinds := sortedKeys(spec)
	if len(kinds) != 1 {
		r.lost("Middleware "+name+" does not do exactly one thing"+mayGuard, other)
		return
	}
	fields, _ := spec[kinds[0]].(map[string]any)
	switch kinds[0] {
	case "chain":
		r.middlewareChain(name, fields, depth)
		return
	case "ipAllowList", "ipWhiteList":
		r.middlewareAddresses(name, fields)
		return
	case "basicAuth", "digestAuth":
		r.middlewareUsers(name, kinds[0], fields)
		return
	case "forwardAuth":
		r.middlewareAsks(name, fields)
		return
	}
	to, note, problem := r.middleware(spec)
	if problem != "" {
		if kinds[0] == "plugin" {
			problem += mayGuard
		}
		r.lost("Middleware "+name+": "+problem, other)
		return
	}
	r.translated(compactPlaces(to)...)
	r.note(note)
}

// middlewareChain is reported as a whole: with what is lost of it, if anything is.
func (r *reading) middlewareChain(name string, fields map[string]any, depth int) {
	links, _, _ := unstructured.NestedSlice(fields, "middlewares")
	var places []Place
	var notes []string
	var bad *Entry
	for _, link := range links {
		of, _ := link.(map[string]any)
		each := &reading{migration: r.migration, site: r.site, key: r.key, value: r.value}
		if namespace := text(of["namespace"]); namespace != "" && namespace != r.site.ingress.Namespace {
			each.lost("Middleware "+text(of["name"])+" is in another namespace"+mayGuard, "copy it into namespace "+r.site.ingress.Namespace)
		} else {
			each.middlewareObject(text(of["name"]), depth+1)
		}
		places = append(places, each.entry.To...)
		if each.entry.Outcome == Lost {
			if bad == nil {
				bad = &each.entry
				continue
			}
			bad.Why, bad.Do = bad.Why+"; "+each.entry.Why, bad.Do+"; "+each.entry.Do
		} else if each.entry.Why != "" {
			notes = append(notes, each.entry.Why)
		}
	}
	switch {
	case bad != nil:
		r.partly(bad.Why, bad.Do, compactPlaces(places)...)
	case len(places) == 0:
		r.notNeeded("Middleware " + name + " is a chain of nothing")
	default:
		r.translated(compactPlaces(places)...)
		r.note(joinSentences(notes))
	}
}

// middlewareAddresses: by default Traefik looks at the address of the connection, too.
// https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ipallowlist/
func (r *reading) middlewareAddresses(name string, fields map[string]any) {
	values, _, _ := unstructured.NestedStringSlice(fields, "sourceRange")
	ranges, ok := networks(strings.Join(values, ","))
	_, strategy := fields["ipStrategy"]
	status := whole(fields["rejectStatusCode"])
	if !ok || strategy || (status != 0 && status != 403) || len(r.site.want.callers.allowed) > 0 {
		r.lost("Middleware "+name+" looks at addresses as no policy does: "+everybody, "before anything else: a firewall rule of the load balancer, or a policy of the Gateway's controller")
		return
	}
	r.callers(func(c *callers) { c.allowed = ranges })
}

func (r *reading) middlewareUsers(name, kind string, fields map[string]any) {
	secret := text(fields["secret"])
	if !r.is("envoy-gateway") || kind != "basicAuth" || secret == "" || text(fields["headerField"]) != "" {
		r.lost("Middleware "+name+": the standard does not authenticate, and every controller wants another form of the Secret: "+everybody,
			"let the server authenticate, or see the policies of the Gateway's controller; or migrate for Traefik (--controller traefik), which refers to it")
		return
	}
	remove, _ := fields["removeHeader"].(bool)
	r.envoyBasicAuth(secret, remove)
}

func (r *reading) middlewareAsks(name string, fields map[string]any) {
	told, _, _ := unstructured.NestedStringSlice(fields, "authRequestHeaders")
	got, _, _ := unstructured.NestedStringSlice(fields, "authResponseHeaders")
	if len(told) == 0 {
		told = defaultTold()
	}
	if r.is("envoy-gateway") && text(fields["authResponseHeadersRegex"]) == "" {
		r.envoyExternalAuth(asked{address: text(fields["address"]), told: told, got: got})
		return
	}
	r.lost("Middleware "+name+": the filter ExternalAuth is experimental: after the move nobody is asked, and everybody gets in",
		"find a policy of the Gateway's controller that asks, or migrate for Traefik (--controller traefik), which refers to it")
}

// middleware says a Middleware with the filters of the standard, or what keeps it from it.
// https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/
func (r *reading) middleware(spec map[string]any) (to []Place, note, problem string) {
	s := r.site
	value := func(path ...string) string {
		value, _, _ := unstructured.NestedString(spec, path...)
		return value
	}
	kind := sortedKeys(spec)[0]
	if s.want.rewrite != nil && slices.Contains([]string{"stripPrefix", "addPrefix", "replacePath", "replacePathRegex"}, kind) {
		return nil, "", "a rule rewrites the path once"
	}
	rewrites := s.routes("spec.rules[].filters[].urlRewrite.path")
	switch kind {
	case "stripPrefix":
		prefixes, _, _ := unstructured.NestedStringSlice(spec, "stripPrefix", "prefixes")
		if len(prefixes) == 0 {
			return nil, "", "it strips nothing"
		}
		if !s.allBelow(prefixes) {
			return nil, "", "stripPrefix strips another prefix than the path of the rule, which a filter replaces as a whole"
		}
		s.want.rewrite = below(func(string) string { return "/" })
		return rewrites, "", ""
	case "addPrefix":
		added := value("addPrefix", "prefix")
		if !strings.HasPrefix(added, "/") {
			return nil, "", "it adds no path"
		}
		s.want.rewrite = below(func(path string) string { return trimmed(added + "/" + path) })
		return rewrites, "", ""
	case "replacePath":
		path := value("replacePath", "path")
		if !strings.HasPrefix(path, "/") {
			return nil, "", "it replaces by no path"
		}
		s.want.rewrite = func(_ *migration, _ *site, l *location) pathRule {
			rule := plainPath(l)
			rule.filter = fullPath(path)
			return rule
		}
		return rewrites, "a gateway does not tell the backend the path that was asked for (X-Replaced-Path)", ""
	case "replacePathRegex":
		return r.replacePathRegex(value("replacePathRegex", "regex"), value("replacePathRegex", "replacement"))
	case "redirectScheme":
		return s.redirectScheme(spec, value("redirectScheme", "scheme"))
	case "headers":
		return s.middlewareHeaders(spec)
	}
	return nil, "", "no filter of the standard does " + kind
}

// goPlaceholder is $1 or ${1}: what follows the first form without a break is a part of
// its name. https://pkg.go.dev/regexp#Regexp.Expand
var goPlaceholder = regexp.MustCompile(`\$(?:\{([0-9])\}|([0-9])\b)`)

// replacePathRegex is a filter of Envoy Gateway alone.
func (r *reading) replacePathRegex(expression, replacement string) (to []Place, note, problem string) {
	target := goPlaceholder.ReplaceAllString(replacement, `\$1$2`)
	_, err := regexp.Compile(expression)
	if !r.is("envoy-gateway") || expression == "" || err != nil || strings.Contains(target, "$") {
		return nil, "", "no filter of the standard does replacePathRegex"
	}
	r.site.want.rewrite = func(_ *migration, s *site, l *location) pathRule {
		rule := plainPath(l)
		filter, _ := s.extension(envoyHTTPRouteFilter, "rewrite", regexFilter(expression, target))
		rule.filter = &filter
		return rule
	}
	return r.site.extensionPlaces(), "a gateway does not tell the backend the path that was asked for (X-Replaced-Path)", ""
}
