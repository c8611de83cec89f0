package topology

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Match is one match of a rule: it takes a request that fits all of it. The zero value
// takes everything, as a rule without matches does.
type Match struct {
	path path
	// method of HTTP; empty for any.
	method string
	// service and rpc are those of a GRPCRoute; empty for any.
	service, rpc string
	// headers and query, in their order.
	headers, query []pair
}

// pair is a header or a query parameter that a match asks for.
type pair struct {
	regular     bool
	name, value string
}

// DefaultMethod is that of a request of which nothing else is said.
const DefaultMethod = "GET"

// Request is what a client asks for, as far as routes look at it.
type Request struct {
	// Host without port; empty for a call by address.
	Host string
	// Path begins with a slash and has no query.
	Path string
	// Method of HTTP.
	Method string
	// Headers by name in lower case.
	Headers map[string]string
	// Query parameters by name.
	Query map[string]string
}

// String is short, such as "GET /mcp*".
func (m Match) String() string {
	words := []string{m.path.String()}
	if m.method != "" {
		words = []string{m.method, m.path.String()}
	}
	for _, h := range m.headers {
		words = append(words, fmt.Sprintf("header %s=%s", h.name, h.value))
	}
	for _, q := range m.query {
		words = append(words, fmt.Sprintf("query %s=%s", q.name, q.value))
	}
	return strings.Join(words, " ")
}

// Key is the same for matches that take the same requests.
func (m Match) Key() string {
	value := m.path.value
	if m.path.isPrefix() {
		value = cmp.Or(strings.TrimSuffix(value, "/"), "/") // a trailing slash means nothing in a prefix
	}
	words := []string{fmt.Sprintf("%q %q", cmp.Or(m.path.kind, gatewayv1.PathMatchPathPrefix), cmp.Or(value, "/")), "method " + m.method}
	words = append(words, keys("header", m.headers, true)...)
	return strings.Join(append(words, keys("query", m.query, false)...), ";")
}

// Against says why a match does not take a request; empty if it does.
func (m Match) Against(r Request) string {
	switch fits, err := m.path.fits(r.Path); {
	case err != nil:
		return err.Error()
	case !fits:
		return "another path"
	case m.method != "" && m.method != r.Method:
		return "another method"
	}
	if h := missing(m.headers, func(name string) (string, bool) { v, ok := r.Headers[strings.ToLower(name)]; return v, ok }); h != nil {
		return fmt.Sprintf("header %s is not %s", h.name, h.value)
	}
	if q := missing(m.query, func(name string) (string, bool) { v, ok := r.Query[name]; return v, ok }); q != nil {
		return fmt.Sprintf("query parameter %s is not %s", q.name, q.value)
	}
	return ""
}

// missing is the first pair that a request does not bring. Of several with one name only
// the first counts: https://gateway-api.sigs.k8s.io/reference/spec/#httproutematch
func missing(pairs []pair, value func(name string) (string, bool)) *pair {
	seen := map[string]bool{}
	for i := range pairs {
		p := &pairs[i]
		name := strings.ToLower(p.name)
		if seen[name] {
			continue
		}
		seen[name] = true
		got, there := value(p.name)
		fits := got == p.value
		if p.regular {
			fits, _ = whole(p.value, got)
		}
		if !there || !fits {
			return p
		}
	}
	return nil
}

// whole says that a regular expression takes all of a text, which is how Envoy and most
// others read it; the Gateway API leaves it to the controller.
func whole(expression, s string) (bool, error) {
	e, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return false, fmt.Errorf("%q is no regular expression that can be read here", expression)
	}
	return e.MatchString(s), nil
}

// isPrefix says that a path takes what is below it, too; that is the default.
func (p path) isPrefix() bool { return p.kind == gatewayv1.PathMatchPathPrefix || p.kind == "" }

// fits says that a path takes that of a request. A prefix is made of whole elements: /a
// takes /a/b, and not /ab.
func (p path) fits(s string) (bool, error) {
	switch p.kind {
	case gatewayv1.PathMatchExact:
		return s == p.value, nil
	case gatewayv1.PathMatchRegularExpression:
		return whole(p.value, s)
	}
	prefix := strings.TrimSuffix(p.value, "/")
	rest, below := strings.CutPrefix(s, prefix)
	return below && (rest == "" || rest[0] == '/'), nil
}

// Sample is a request that a match takes, for a host; an error where only a regular
// expression knows what it takes.
func (m Match) Sample(host string) (Request, error) {
	r := Request{Host: host, Method: cmp.Or(m.method, DefaultMethod), Path: cmp.Or(m.path.value, "/"), Headers: map[string]string{}, Query: map[string]string{}}
	if m.service != "" || m.rpc != "" {
		r.Method = "POST"
		r.Path = "/" + cmp.Or(m.service, "Service") + "/" + cmp.Or(m.rpc, "Method")
	}
	for _, h := range m.headers {
		if name := strings.ToLower(h.name); r.Headers[name] == "" {
			r.Headers[name] = h.value
		}
	}
	for _, q := range m.query {
		if r.Query[q.name] == "" {
			r.Query[q.name] = q.value
		}
	}
	if why := m.Against(r); why != "" {
		return r, fmt.Errorf("cannot make up a request for the match %q: %s", m, why)
	}
	return r, nil
}

func httpMatch(m gatewayv1.HTTPRouteMatch) Match {
	out := Match{path: httpPath(m.Path), method: text(m.Method)}
	for _, h := range m.Headers {
		out.headers = append(out.headers, pair{text(h.Type) == string(gatewayv1.HeaderMatchRegularExpression), string(h.Name), h.Value})
	}
	for _, q := range m.QueryParams {
		out.query = append(out.query, pair{text(q.Type) == string(gatewayv1.QueryParamMatchRegularExpression), string(q.Name), q.Value})
	}
	return out
}

func grpcMatch(m gatewayv1.GRPCRouteMatch) Match {
	out := Match{path: grpcPath(m.Method)}
	if m.Method != nil {
		out.service, out.rpc = text(m.Method.Service), text(m.Method.Method)
	}
	for _, h := range m.Headers {
		out.headers = append(out.headers, pair{text(h.Type) == string(gatewayv1.GRPCHeaderMatchRegularExpression), string(h.Name), h.Value})
	}
	return out
}
