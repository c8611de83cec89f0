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

// StoppedError says that an installation or removal was stopped before its end.
type StoppedError struct {
	// Cause is what stopped it: a signal, or the loss of the lock.
	Cause error
	// Unfinished are the things that are not as desired yet, a line each.
	Unfinished []string
}

// Error lists them, one a line.
func (e *StoppedError) Error() string {
	if len(e.Unfinished) == 0 {
		return fmt.Sprintf("stopped (%v)", e.Cause)
	}
	return fmt.Sprintf("stopped (%v), %d unfinished: run it again to go on\n- %s", e.Cause, len(e.Unfinished), strings.Join(e.Unfinished, "\n- "))
}

// Unwrap returns the cause.
func (e *StoppedError) Unwrap() error { return e.Cause }

// FailedError says what failed, and what therefore did not begin.
type FailedError struct {
	Failures []error
	// Held are things that wait for what failed.
	Held []string
}

// Error lists everything, one a line.
func (e *FailedError) Error() string {
	out := make([]string, 0, len(e.Failures)+len(e.Held)+1)
	out = append(out, e.title())
	for _, err := range e.Failures {
		out = append(out, "- "+strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	for _, held := range e.Held {
		out = append(out, "- not begun: "+held)
	}
	return strings.Join(out, "\n")
}

func (e *FailedError) title() string {
	if len(e.Held) == 0 {
		return fmt.Sprintf("%d failed", len(e.Failures))
	}
	return fmt.Sprintf("%d failed, %d did not begin", len(e.Failures), len(e.Held))
}

// Found says whether everything that failed is for people to settle: then trying again
// changes nothing.
func (e *FailedError) Found() bool {
	return !slices.ContainsFunc(e.Failures, func(err error) bool { return !IsFound(err) })
}

// IsFound tells what was found, and is for people to settle, from what could not be tried.
func IsFound(err error) bool {
	if failed, ok := errors.AsType[*FailedError](err); ok {
		return failed.Found()
	}
	_, isFound := errors.AsType[*FoundError](err)
	_, conflict := errors.AsType[*ConflictError](err)
	return isFound || conflict
}
