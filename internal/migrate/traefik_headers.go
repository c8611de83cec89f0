package migrate

import (
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// middlewareHeaders sets headers. An empty value takes one out.
// https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/headers/
func (s *site) middlewareHeaders(spec map[string]any) (to []Place, note, problem string) {
	headers, _, _ := unstructured.NestedMap(spec, "headers")
	secure, rest := secureHeaders(headers)
	for _, field := range rest {
		values, _, err := unstructured.NestedStringMap(spec, "headers", field)
		if err != nil || (field != "customRequestHeaders" && field != "customResponseHeaders") {
			return nil, "", "no filter of the standard does headers." + field
		}
		for _, name := range sortedKeys(values) {
			if !headerName(name) {
				return nil, "", "header " + name + " has no name that can be said"
			}
		}
	}
	for _, field := range rest {
		values, _, _ := unstructured.NestedStringMap(spec, "headers", field)
		set, where := s.want.requestHeader, "requestHeaderModifier"
		if field == "customResponseHeaders" {
			set, where = s.want.responseHeader, "responseHeaderModifier"
		}
		for _, name := range sortedKeys(values) {
			set(name, values[name])
		}
		to = append(to, s.routes("spec.rules[].filters[]."+where)...)
	}
	for _, name := range sortedKeys(secure) {
		s.want.responseHeader(name, secure[name])
		to = append(to, s.routes("spec.rules[].filters[].responseHeaderModifier")...)
	}
	if len(to) == 0 {
		return nil, "", "it does nothing"
	}
	return to, "", ""
}

// secureHeaders are the headers of responses that fields of their own ask for, and the
// fields that are left. Strict-Transport-Security means nothing to a browser that has
// asked by HTTP, so it may stand on every response.
// https://www.rfc-editor.org/rfc/rfc6797#section-8.1
func secureHeaders(fields map[string]any) (set map[string]string, rest []string) {
	set = map[string]string{}
	switched := map[string][2]string{
		"contentTypeNosniff": {"X-Content-Type-Options", "nosniff"},
		"frameDeny":          {"X-Frame-Options", "DENY"},
		"browserXssFilter":   {"X-XSS-Protection", "1; mode=block"},
	}
	for _, field := range sortedKeys(fields) {
		header, isSwitch := switched[field]
		on, _ := fields[field].(bool)
		switch value := text(fields[field]); {
		case isSwitch && on && set[header[0]] == "": // customFrameOptionsValue wins, and comes before
			set[header[0]] = header[1]
		case isSwitch:
		case field == "stsSeconds" && whole(fields[field]) > 0:
			set["Strict-Transport-Security"] = strictTransport(fields)
		case field == "stsIncludeSubdomains", field == "stsPreload": // stsSeconds has read them
		case plainHeaders[field] != "" && value != "":
			set[plainHeaders[field]] = value
		default:
			rest = append(rest, field)
		}
	}
	return set, rest
}

func strictTransport(fields map[string]any) string {
	value := "max-age=" + strconv.FormatInt(whole(fields["stsSeconds"]), 10)
	if sub, _ := fields["stsIncludeSubdomains"].(bool); sub {
		value += "; includeSubDomains"
	}
	if preload, _ := fields["stsPreload"].(bool); preload {
		value += "; preload"
	}
	return value
}

// whole is a number of an object, which YAML and JSON read as different types; 0 for none.
func whole(v any) int64 {
	switch n := v.(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// plainHeaders are the headers that fields hold the values of.
var plainHeaders = map[string]string{
	"customBrowserXSSValue":   "X-XSS-Protection",
	"customFrameOptionsValue": "X-Frame-Options",
	"contentSecurityPolicy":   "Content-Security-Policy",
	"referrerPolicy":          "Referrer-Policy",
	"permissionsPolicy":       "Permissions-Policy",
}
