package migrate

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// Outcome is what became of a setting.
type Outcome string

// Outcomes.
const (
	// Translated: the result says the same.
	Translated Outcome = "translated"
	// NotNeeded: the result behaves alike without it.
	NotNeeded Outcome = "not needed"
	// Lost: the result does not have it. What to do about it is said.
	Lost Outcome = "lost"
	// Untouched: no ingress controller reads it.
	Untouched Outcome = "untouched"
)

// Ref names an object.
type Ref struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

func (r Ref) String() string { return r.Kind + " " + Name{r.Namespace, r.Name}.String() }

// Place is a field of the result.
type Place struct {
	Object Ref `json:"object"`
	// Field is a path, such as spec.rules[].timeouts.
	Field string `json:"field"`
}

// Entry says what became of one setting of one object.
type Entry struct {
	// Source is the object that has the setting; for a values file kind Values and its name.
	Source Ref `json:"source"`
	// Field is the annotation, or the path of the field.
	Field string `json:"field"`
	// Value of it; empty where it is long or may hold what nobody should read.
	Value   string  `json:"value,omitempty"`
	Outcome Outcome `json:"outcome"`
	// To is where the result has it; of what is lost: where it has something that does not
	// do the same, and that has to be looked at.
	To []Place `json:"to,omitempty"`
	// Why says why it is not needed or lost, or what is different.
	Why string `json:"why,omitempty"`
	// Do says what would mend it; only of what is lost.
	Do string `json:"do,omitempty"`
}

// Report says what became of everything.
type Report struct {
	// SchemaVersion of this form: 1. Fields may be added without another one.
	SchemaVersion int `json:"schemaVersion"`
	// Entries by source, those that need attention first.
	Entries []Entry `json:"entries"`
	// Summary counts them.
	Summary Summary `json:"summary"`
}

// Summary counts entries by their outcome.
type Summary struct {
	Translated int `json:"translated"`
	NotNeeded  int `json:"notNeeded"`
	Lost       int `json:"lost"`
	Untouched  int `json:"untouched"`
}

func newReport(entries []Entry) Report {
	order := []Outcome{Lost, Translated, NotNeeded, Untouched}
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(
			cmp.Compare(a.Source.Namespace, b.Source.Namespace),
			cmp.Compare(a.Source.Kind, b.Source.Kind),
			cmp.Compare(a.Source.Name, b.Source.Name),
			cmp.Compare(slices.Index(order, a.Outcome), slices.Index(order, b.Outcome)),
			strings.Compare(a.Field, b.Field),
		)
	})
	r := Report{SchemaVersion: 1, Entries: entries}
	for _, e := range entries {
		switch e.Outcome {
		case Translated:
			r.Summary.Translated++
		case NotNeeded:
			r.Summary.NotNeeded++
		case Lost:
			r.Summary.Lost++
		case Untouched:
			r.Summary.Untouched++
		}
	}
	return r
}

func (m *migration) report() Report {
	entries := []Entry{}
	for _, s := range m.sites {
		for _, e := range s.entries {
			// Two Ingresses may lead to one Service.
			if e.Source.Kind != "Service" || !slices.ContainsFunc(entries, func(o Entry) bool { return reflect.DeepEqual(o, e) }) {
				entries = append(entries, e)
			}
		}
	}
	return newReport(entries)
}

// secretive are parts of names of annotations whose values are not repeated: snippets and
// whatever may hold a credential.
var secretive = []string{"snippet", "config-backend", "auth-idp", "custom-headers", "headers", "last-applied"}

// longestValue that is repeated in a report.
const longestValue = 120

func shown(field, value string) string {
	if strings.ContainsAny(value, "\n\r") || len(value) > longestValue {
		return ""
	}
	if slices.ContainsFunc(secretive, func(part string) bool { return strings.Contains(field, part) }) {
		return ""
	}
	return value
}
