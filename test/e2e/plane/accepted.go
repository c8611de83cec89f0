package plane

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Accepted returns nil when the controller of a Gateway API object, or of a policy, takes
// it as it is now: all conditions Accepted and ResolvedRefs that its status has, of itself
// and of its listeners, parents and ancestors, are True. No such condition is an error.
func Accepted(object *unstructured.Unstructured) error {
	var errs []error
	judged := conditionsIn(object.Object["status"], func(condition map[string]any) {
		generation, _, _ := unstructured.NestedInt64(condition, "observedGeneration")
		if condition["status"] != "True" || generation != object.GetGeneration() {
			errs = append(errs, fmt.Errorf("%s is not taken: %v", describe(object), condition))
		}
	})
	if judged == 0 {
		return fmt.Errorf("nobody has judged %s", describe(object))
	}
	return errors.Join(errs...)
}

// conditionsIn counts the conditions Accepted and ResolvedRefs anywhere in a status, and
// hands over each.
func conditionsIn(status any, each func(map[string]any)) int {
	count := 0
	switch status := status.(type) {
	case map[string]any:
		if kind := status["type"]; kind == "Accepted" || kind == "ResolvedRefs" {
			each(status)
			return 1
		}
		for _, value := range status {
			count += conditionsIn(value, each)
		}
	case []any:
		for _, value := range status {
			count += conditionsIn(value, each)
		}
	}
	return count
}
