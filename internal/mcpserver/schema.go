package mcpserver

import (
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemaOf is the JSON schema of a Go type, in the form that most clients
// understand: one type for each field. Absent fields are absent, never null, so a
// list in an output is either left out or made.
func schemaOf[T any]() *jsonschema.Schema {
	schema, err := jsonschema.For[T](nil)
	if err != nil {
		panic(fmt.Sprintf("mcpserver: %v", err)) // a mistake in a type of this package: every test finds it
	}
	withoutNull(schema)
	return schema
}

func withoutNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	s.Types = slices.DeleteFunc(s.Types, func(name string) bool { return name == "null" })
	if len(s.Types) == 1 {
		s.Type, s.Types = s.Types[0], nil
	}
	for _, property := range s.Properties {
		withoutNull(property)
	}
	withoutNull(s.Items)
	withoutNull(s.AdditionalProperties)
}

// extensible lets an output have more fields than are known today, so that a client
// that has kept its schema copes with the next version of the server.
func extensible(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Not != nil {
		s.AdditionalProperties = nil
	}
	for _, property := range s.Properties {
		extensible(property)
	}
	extensible(s.Items)
	extensible(s.AdditionalProperties)
}

// oneOf are the values that a string may have; the first is the default.
func oneOf(s *jsonschema.Schema, values ...string) {
	for _, value := range values {
		s.Enum = append(s.Enum, value)
	}
	s.Default = []byte(`"` + values[0] + `"`)
}

// yamlText says how much text is taken. It is no maxLength: the validator of the
// SDK would answer with the whole text.
func yamlText(s *jsonschema.Schema, most int) {
	s.Description += fmt.Sprintf(" At most %d KiB.", most>>10)
}

// requiredName is an objectName that may not be empty.
func requiredName(schemas ...*jsonschema.Schema) {
	objectName(schemas...)
	for _, s := range schemas {
		s.MinLength = new(1)
	}
}

// objectName bounds the name of an object or a namespace.
func objectName(schemas ...*jsonschema.Schema) {
	for _, s := range schemas {
		s.MaxLength = new(253)
	}
}
