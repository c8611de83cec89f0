package install

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FoundError is something that was found and has to be settled by people, in contrast to
// what could not be tried.
type FoundError struct{ Message string }

// Error says it.
func (e *FoundError) Error() string { return e.Message }

func found(format string, args ...any) error {
	return &FoundError{fmt.Sprintf(format, args...)}
}

// ConflictError says which fields of an object others own.
type ConflictError struct {
	Object string
	// Owners are lines "FIELD is owned by MANAGER", sorted.
	Owners []string
}

// Error lists them, one a line.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("cannot apply %s: others own what would change (--force-conflicts takes it)\n- %s", e.Object, strings.Join(e.Owners, "\n- "))
}

// conflictOf reads the owners from the refusal of a server-side apply; nil if it is none.
func conflictOf(object string, err error) *ConflictError {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsConflict(err) || status.Status().Details == nil {
		return nil
	}
	var owners []string
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			owners = append(owners, fmt.Sprintf("%s is owned by %s", strings.TrimPrefix(cause.Field, "."), managerIn(cause.Message)))
		}
	}
	if len(owners) == 0 {
		return nil
	}
	slices.Sort(owners)
	return &ConflictError{Object: object, Owners: slices.Compact(owners)}
}

// managerIn reads the manager from `conflict with "kubectl" using v1`.
func managerIn(message string) string {
	return strings.TrimPrefix(message, "conflict with ")
}

// absent says that an object does not exist, or not even its kind.
func absent(err error) bool { return apierrors.IsNotFound(err) || meta.IsNoMatchError(err) }
