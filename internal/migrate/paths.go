package migrate

import (
	"regexp"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// implementationPath is what a path of type ImplementationSpecific means to a controller.
type implementationPath struct {
	match gatewayv1.HTTPPathMatch
	// beginning says that it matches whatever begins with it, also within an element.
	beginning bool
	// note is a difference that stays.
	note string
}

// readPaths decides how every path is matched.
func (m *migration) readPaths(s *site) {
	for _, g := range s.groups {
		other := m.expressionsOf(s, g)
		for _, l := range g.locations {
			if other != nil && !l.isDefault {
				m.readExpression(s, l, other)
				continue
			}
			m.readPath(s, l)
			m.readSlash(s, g, l)
		}
	}
	for _, g := range s.groups {
		for _, l := range g.locations {
			m.anchor(&l.match)
		}
	}
}

// anchor: to Traefik an expression that is found anywhere in a path matches it, to others
// one that is the whole path.
// https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/#path-pathprefix-and-pathregexp
func (m *migration) anchor(match *gatewayv1.HTTPPathMatch) {
	if !m.is("traefik") || match.Type == nil || *match.Type != gatewayv1.PathMatchRegularExpression {
		return
	}
	rest, anyCase := strings.CutPrefix(*match.Value, "(?i)")
	if strings.Contains(rest, "|") {
		rest = "(?:" + rest + ")"
	}
	value := "^" + rest + "$"
	if anyCase {
		value = "(?i)" + value
	}
	match.Value = &value
}

// searched is an expression that is the whole of what another one is found in.
func searched(expression string) string { return ".*(?:" + expression + ").*" }

func (m *migration) readPath(s *site, l *location) {
	if s.want.rewrite != nil && !l.isDefault {
		m.readRewritten(s, l)
		return
	}
	m.readMatch(s, l)
	if !strings.HasPrefix(l.path, "/") {
		s.lost(l.field+".path", l.path, "the Gateway API takes paths that begin with / only", "write the path that is meant")
		l.backend = networkingv1.IngressBackend{}
	}
}

// readRewritten decides about a path that the backend sees as another one.
func (m *migration) readRewritten(s *site, l *location) {
	rule := s.want.rewrite(m, s, l)
	l.match = rule.match
	if rule.filter != nil {
		l.filters = append(l.filters, *rule.filter)
	}
	isPrefix := l.pathType != networkingv1.PathTypeExact && rule.match.Type != nil && *rule.match.Type == gatewayv1.PathMatchPathPrefix
	if rule.note == "" && s.family != nil && s.family.anyPrefix && isPrefix {
		rule.note = s.family.pathOf(s, l.path).note
	}
	if rule.note != "" {
		s.add(Entry{Field: l.field + ".path", Value: l.path, Outcome: Translated, To: s.routes("spec.rules[].matches"), Why: rule.note})
	}
}

// readMatch decides about a path that stays as it is.
func (m *migration) readMatch(s *site, l *location) {
	switch {
	case l.pathType == networkingv1.PathTypeExact:
		l.match = exact(l.path)
	case l.pathType == networkingv1.PathTypePrefix && (s.family == nil || !s.family.anyPrefix):
		l.match = prefix(trimmed(l.path))
	default:
		meaning := implementationPath{match: prefix(trimmed(l.path))}
		if s.family != nil && s.family.pathOf != nil {
			meaning = s.family.pathOf(s, l.path)
		}
		l.match = meaning.match
		if meaning.beginning && m.keepsOut(s) {
			l.more = append(l.more, pathMatch(gatewayv1.PathMatchRegularExpression, regexp.QuoteMeta(l.path)+"[^/].*"))
			m.anchor(&l.more[0])
			return
		}
		if meaning.note != "" {
			s.add(Entry{
				Field: l.field + ".pathType", Value: string(l.pathType) + " " + l.path,
				Outcome: Translated, To: s.routes("spec.rules[].matches"), Why: meaning.note,
			})
		}
	}
}

// trimmed is a path prefix without what the Gateway API refuses or ignores. Both Ingress
// and HTTPRoute match prefixes by their elements, so a slash at the end means nothing.
func trimmed(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if path = strings.TrimRight(path, "/"); path == "" {
		return "/"
	}
	return path
}

// stringPrefix is a path that matches whatever begins with it, also within an element.
func stringPrefix(_ *site, path string) implementationPath {
	out := implementationPath{match: prefix(trimmed(path))}
	if path != "/" && !strings.HasSuffix(path, "/") {
		out.beginning = true
		out.note = path + "x was matched too; now only " + path + " and what is below it are"
	}
	return out
}

// wildcards are paths in which a star at the end stands for the rest, and which are exact
// without one: those of load balancers.
func wildcards(_ *site, path string) implementationPath {
	head, found := strings.CutSuffix(path, "*")
	switch {
	case path == "/*" || path == "*":
		return implementationPath{match: prefix("/")}
	case found && strings.HasSuffix(head, "/") && !strings.ContainsAny(head, "*?"):
		return implementationPath{match: prefix(trimmed(head)), note: strings.TrimSuffix(head, "/") + " itself is matched now, too"}
	case strings.ContainsAny(path, "*?"):
		return implementationPath{
			match: pathMatch(gatewayv1.PathMatchRegularExpression, wildcardRegex(path)),
			note:  "it has become a regular expression, which not every controller matches (HTTPRouteMatch RegularExpression is implementation-specific)",
		}
	}
	return implementationPath{match: exact(path)}
}

func wildcardRegex(path string) string {
	return strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(path))
}

// tail is an ending of a regular expression that stands for "and what is below".
type tail struct {
	text string
	// group is the number of the one that holds the rest, slash whether it begins with one.
	group int
	slash bool
}

// tails, the longest first.
func tails() []tail {
	return []tail{
		{text: "(/|$)(.*)", group: 2},
		{text: "(?:/|$)(.*)", group: 1},
		{text: "/?(.*)", group: 1},
		{text: "(/.*)?", group: 1, slash: true},
		{text: "(/.*)", group: 1, slash: true},
		{text: "/(.*)", group: 1},
		{text: "(.*)", group: 1, slash: true},
		{text: "/.*"},
	}
}

// metacharacters of regular expressions. A dot alone is taken as one: in a path like
// /v1.2 it means itself and hardly anything else that exists.
const metacharacters = `\^$|?*+()[]{}`

// capture is a regular expression that is a literal path with a tail.
type capture struct {
	literal string
	tail    tail
}

// captureOf reads a path as what people write: a literal and one of the tails.
func captureOf(path string) (capture, bool) {
	path = strings.TrimPrefix(path, "^")
	for _, t := range tails() {
		if literal, found := strings.CutSuffix(path, t.text); found && !strings.ContainsAny(literal, metacharacters) && (literal == "" || literal[0] == '/') {
			return capture{literal, t}, true
		}
	}
	path = strings.TrimSuffix(path, "$")
	return capture{literal: path}, !strings.ContainsAny(path, metacharacters) && strings.HasPrefix(path, "/")
}

// placeholder in what replaces a path: $1 of nginx, \1 of HAProxy.
var placeholder = regexp.MustCompile(`[$\\]([0-9])`)

// replaced is the filter that makes a target of the captured path; false if no filter of
// the standard does. Everything behind the literal has to stay as it is.
func (c capture) replaced(target string) (*gatewayv1.HTTPRouteFilter, bool) {
	used := placeholder.FindAllStringSubmatchIndex(target, -1)
	if len(used) == 0 {
		return fullPath(target), true
	}
	at := used[0]
	if len(used) != 1 || c.tail.group == 0 || at[1] != len(target) || target[at[2]:at[3]] != strconv.Itoa(c.tail.group) {
		return nil, false
	}
	head := target[:at[0]]
	if c.tail.slash == strings.HasSuffix(head, "/") {
		return nil, false // two slashes, or none
	}
	head = trimmed(head)
	if head == trimmed(c.literal) {
		return nil, true // it stays as it is
	}
	return prefixPath(head), true
}

// plainPath is a path without a rewriting, for controllers where ImplementationSpecific
// is a prefix.
func plainPath(l *location) pathRule {
	if l.pathType == networkingv1.PathTypeExact {
		return pathRule{match: exact(l.path)}
	}
	return pathRule{match: prefix(trimmed(l.path))}
}
