package composed

// Fields gives access to the fields of an object, whatever holds it.
type Fields interface {
	// Field returns what is at a path, as JSON has it; nil if there is nothing.
	Field(path ...string) any
}

// JSON is an object as it comes from YAML or JSON.
type JSON map[string]any

// Field returns what is at a path; nil if there is nothing.
func (j JSON) Field(path ...string) any {
	var value any = map[string]any(j)
	for _, name := range path {
		obj, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = obj[name]
	}
	return value
}

// Observed is what is known of the Cluster and of the resources that exist
// already, by their keys. Anything may be missing from it.
type Observed struct {
	Composite Fields
	Resources map[string]Fields
}

// Has says whether a resource exists.
func (o Observed) Has(key string) bool { return o.Resources[key] != nil }

// Field returns what is at a path of a resource; nil if there is nothing.
func (o Observed) Field(key string, path ...string) any {
	if r := o.Resources[key]; r != nil {
		return r.Field(path...)
	}
	return nil
}

// String returns the string at a path of a resource; empty if there is none.
func (o Observed) String(key string, path ...string) string {
	s, _ := o.Field(key, path...).(string)
	return s
}

// A Condition of a resource.
type Condition struct{ Type, Status, Reason, Message string }

// conditioned is an object that reads its conditions faster than by their fields.
type conditioned interface{ Conditions() []Condition }

// Conditions of a resource, in the order in which they stand there.
func (o Observed) Conditions(key string) []Condition {
	if c, ok := o.Resources[key].(conditioned); ok {
		return c.Conditions()
	}
	return ConditionsIn(o.Field(key, "status", "conditions"))
}

// ConditionsIn reads a list of conditions. What is none is passed over.
func ConditionsIn(list any) []Condition {
	items, _ := list.([]any)
	out := make([]Condition, 0, len(items))
	for _, item := range items {
		c, ok := item.(map[string]any)
		if !ok {
			continue
		}
		var read Condition
		read.Type, _ = c["type"].(string)
		read.Status, _ = c["status"].(string)
		read.Reason, _ = c["reason"].(string)
		read.Message, _ = c["message"].(string)
		out = append(out, read)
	}
	return out
}

// ConditionReady is the type of the condition by which resources say that they
// are ready.
const ConditionReady = "Ready"

// Ready says whether a resource was observed ready.
func (o Observed) Ready(key string) bool {
	for _, c := range o.Conditions(key) {
		if c.Type == ConditionReady {
			return c.Status == "True"
		}
	}
	return false
}
