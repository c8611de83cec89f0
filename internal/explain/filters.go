package explain

import (
	"cmp"
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// filtersOf describes the filters of a rule, one line each. A redirect is told apart: the
// Gateway answers by itself. Names of headers are told, never their values.
func (w *way) filtersOf(c *topology.Claim) (lines []string, redirect string) {
	namespace, name := c.Route.Ref.Namespace, c.Route.Ref.Name
	if c.Route.Ref.Kind == "GRPCRoute" {
		for _, f := range w.Objects.GRPCRoutes.Get(namespace, name).Spec.Rules[c.Rule].Filters {
			lines = append(lines, describeFilter(gatewayv1.HTTPRouteFilter{
				Type: gatewayv1.HTTPRouteFilterType(f.Type), RequestHeaderModifier: f.RequestHeaderModifier,
				ResponseHeaderModifier: f.ResponseHeaderModifier, RequestMirror: f.RequestMirror, ExtensionRef: f.ExtensionRef,
			}))
		}
		return lines, ""
	}
	for _, f := range w.Objects.HTTPRoutes.Get(namespace, name).Spec.Rules[c.Rule].Filters {
		lines = append(lines, describeFilter(f))
		if f.RequestRedirect != nil {
			redirect = describeRedirect(f.RequestRedirect)
		}
	}
	return lines, redirect
}

func describeFilter(f gatewayv1.HTTPRouteFilter) string {
	switch {
	case f.RequestHeaderModifier != nil:
		return "changes headers of the request: " + headerWords(f.RequestHeaderModifier)
	case f.ResponseHeaderModifier != nil:
		return "changes headers of the response: " + headerWords(f.ResponseHeaderModifier)
	case f.RequestMirror != nil:
		return fmt.Sprintf("sends a copy to %s %q, and throws the answer away", cmp.Or(text(f.RequestMirror.BackendRef.Kind), "Service"), f.RequestMirror.BackendRef.Name)
	case f.RequestRedirect != nil:
		return describeRedirect(f.RequestRedirect)
	case f.URLRewrite != nil:
		var words []string
		if f.URLRewrite.Hostname != nil {
			words = append(words, "the host to "+oneLine(string(*f.URLRewrite.Hostname)))
		}
		if f.URLRewrite.Path != nil {
			words = append(words, pathWords(f.URLRewrite.Path))
		}
		return "rewrites " + strings.Join(words, " and ")
	case f.CORS != nil:
		return "answers CORS requests of browsers"
	case f.ExternalAuth != nil:
		return fmt.Sprintf("asks %s %q whether the request may pass", cmp.Or(text(f.ExternalAuth.BackendRef.Kind), "Service"), f.ExternalAuth.BackendRef.Name)
	case f.ExtensionRef != nil:
		return fmt.Sprintf("%s %q of the controller, which is not looked at here", f.ExtensionRef.Kind, f.ExtensionRef.Name)
	}
	return oneLine(string(f.Type))
}

func headerWords(f *gatewayv1.HTTPHeaderFilter) string {
	var words []string
	add := func(verb string, names []string) {
		if len(names) > 0 {
			words = append(words, verb+" "+strings.Join(names, ", "))
		}
	}
	add("sets", headerNames(f.Set))
	add("adds", headerNames(f.Add))
	add("removes", f.Remove)
	return oneLine(strings.Join(words, "; "))
}

func headerNames(all []gatewayv1.HTTPHeader) []string {
	var out []string
	for _, h := range all {
		out = append(out, string(h.Name))
	}
	return out
}

func describeRedirect(r *gatewayv1.HTTPRequestRedirectFilter) string {
	code := 302 // the API's default
	if r.StatusCode != nil {
		code = *r.StatusCode
	}
	var to []string
	if r.Scheme != nil {
		to = append(to, "scheme "+oneLine(*r.Scheme))
	}
	if r.Hostname != nil {
		to = append(to, "host "+oneLine(string(*r.Hostname)))
	}
	if r.Port != nil {
		to = append(to, fmt.Sprintf("port %d", *r.Port))
	}
	if r.Path != nil {
		to = append(to, pathWords(r.Path))
	}
	return fmt.Sprintf("a redirect (%d) to %s", code, cmp.Or(strings.Join(to, ", "), "the same address"))
}

func pathWords(p *gatewayv1.HTTPPathModifier) string {
	if p.ReplaceFullPath != nil {
		return "the path to " + oneLine(*p.ReplaceFullPath)
	}
	if p.ReplacePrefixMatch != nil {
		return "the prefix of the path to " + oneLine(*p.ReplacePrefixMatch)
	}
	return "the path"
}

func text[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}
