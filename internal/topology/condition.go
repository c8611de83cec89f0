package topology

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// State is what a condition says: true, false, or unknown where no controller has said
// anything about the newest generation.
type State string

// States of a condition.
const (
	True         State = "true"
	False        State = "false"
	StateUnknown State = "unknown"
)

// condition is a condition, as far as it speaks about the newest generation.
type condition struct {
	state           State
	reason, message string
}

// conditionOf reads a condition. One about an older generation says nothing any more;
// a controller that does not tell the generation (0) is believed.
func conditionOf(all []metav1.Condition, kind string, generation int64) condition {
	i := slices.IndexFunc(all, func(c metav1.Condition) bool { return c.Type == kind })
	if i < 0 {
		return condition{state: StateUnknown}
	}
	c := all[i]
	if c.ObservedGeneration != 0 && c.ObservedGeneration < generation {
		return condition{state: StateUnknown, reason: "Stale", message: "the controller has not looked at the newest generation yet"}
	}
	out := condition{state: StateUnknown, reason: c.Reason, message: c.Message}
	switch c.Status {
	case metav1.ConditionTrue:
		out.state = True
	case metav1.ConditionFalse:
		out.state = False
	}
	return out
}

// why a condition is not true, after a few words: "is not accepted (Reason: message)".
func (c condition) why(words string) string {
	switch {
	case c.reason == "" && c.message == "":
		return words
	case c.message == "":
		return fmt.Sprintf("%s (%s)", words, c.reason)
	}
	return fmt.Sprintf("%s (%s: %s)", words, c.reason, c.message)
}
