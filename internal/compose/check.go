package compose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// InvalidError says everything that is wrong with a Cluster.
type InvalidError struct {
	// Name of the Cluster; may be empty.
	Name   string
	Errors field.ErrorList
}

// Error lists all problems, one a line.
func (e *InvalidError) Error() string {
	lines := make([]string, 0, len(e.Errors)+1)
	lines = append(lines, fmt.Sprintf("cannot compose Cluster %q: %s", e.Name, problems(len(e.Errors))))
	for _, err := range e.Errors {
		lines = append(lines, "- "+err.Error())
	}
	return strings.Join(lines, "\n")
}

func problems(n int) string {
	if n == 1 {
		return "1 problem"
	}
	return fmt.Sprintf("%d problems", n)
}

// Check decodes a Cluster, applies the defaults and checks it. doubts are what
// its user probably does not mean. The error is an *InvalidError.
func Check(obj map[string]any) (cluster *v2.Cluster, doubts []string, err error) {
	cluster, ignored, errs := v2.Decode(obj)
	if p := cluster.Spec.Parameters; p != nil {
		p.Default()
	}
	errs = append(errs, withoutRepeats(errs, cluster.Validate())...)
	if len(errs) > 0 {
		return nil, nil, &InvalidError{Name: cluster.Name, Errors: errs}
	}
	return cluster, cluster.Doubts(ignored), nil
}

// withoutRepeats leaves out what is said already of the form of a field, or of a
// part of it: a value of the wrong type counts as absent afterwards.
func withoutRepeats(form, content field.ErrorList) field.ErrorList {
	var out field.ErrorList
	for _, err := range content {
		said := false
		for _, f := range form {
			said = said || f.Field == err.Field || strings.HasPrefix(err.Field, f.Field+".") || strings.HasPrefix(f.Field, err.Field+".")
		}
		if !said {
			out = append(out, err)
		}
	}
	return out
}

// checkRegion refuses to move a cluster that exists: the cloud would not, or
// only by creating another one.
func checkRegion(s *composed.Scope, platform composed.Cloud, observed composed.Observed) error {
	if platform.RegionField == "" {
		return nil
	}
	now := observed.String(platform.ControlPlane(s.Name()), "spec", "forProvider", platform.RegionField)
	if now == "" || now == s.Cluster.Region() {
		return nil
	}
	path := field.NewPath("spec", "parameters", "region")
	return &InvalidError{Name: s.Name(), Errors: field.ErrorList{
		field.Invalid(path, s.Cluster.Region(), fmt.Sprintf("must stay %q: a cluster cannot move to another region", now)),
	}}
}
