package apidoc

import (
	"fmt"
	"slices"
	"strings"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

func typeOf(s *extv1.JSONSchemaProps, link string) string {
	name := s.Type
	switch {
	case s.Items != nil:
		return "list of " + typeOf(s.Items.Schema, link)
	case s.AdditionalProperties != nil:
		return "map of " + typeOf(s.AdditionalProperties.Schema, link)
	case s.XPreserveUnknownFields != nil && *s.XPreserveUnknownFields:
		return "any object"
	}
	if link != "" {
		return fmt.Sprintf("[%s](%s)", name, link)
	}
	return name
}

func defaultOf(s *extv1.JSONSchemaProps) string {
	if s.Default == nil {
		return ""
	}
	return code(strings.Trim(string(s.Default.Raw), `"`))
}

func requiredOf(parent *extv1.JSONSchemaProps, name string) string {
	if slices.Contains(parent.Required, name) {
		return "yes"
	}
	return ""
}

func constraintsOf(s *extv1.JSONSchemaProps) string {
	var out []string
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			values = append(values, strings.Trim(string(v.Raw), `"`))
		}
		out = append(out, "one of "+quoted(values))
	}
	for _, bound := range []struct {
		what  string
		value *float64
	}{{"at least", s.Minimum}, {"at most", s.Maximum}} {
		if bound.value != nil {
			out = append(out, fmt.Sprintf("%s %v", bound.what, *bound.value))
		}
	}
	for _, bound := range []struct {
		what, unit string
		value      *int64
	}{
		{"at least", "character", s.MinLength},
		{"at most", "character", s.MaxLength},
		{"at least", "item", s.MinItems},
		{"at most", "item", s.MaxItems},
	} {
		if bound.value != nil {
			out = append(out, fmt.Sprintf("%s %s", bound.what, count(*bound.value, bound.unit)))
		}
	}
	if s.Pattern != "" {
		out = append(out, "matches "+code(s.Pattern))
	}
	return strings.Join(out, "; ")
}

func count(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// code is safe in a table: a bar would end the cell, even in code.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

// sentence is a description on one line. The comments are wrapped, and angle
// brackets would be HTML.
func sentence(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(strings.Join(strings.Fields(s), " "))
}

func quoted(names []string) string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, code(n))
	}
	return strings.Join(out, ", ")
}
