package doctor

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
)

// An Ailment is one thing that is wrong in a cluster.
type Ailment struct {
	// Namespace in which is looked for it.
	Namespace string
	// Check finds it at the Object, such as Release "team/keda".
	Check, Object string
	// Says are parts of the problem: what the controllers have written.
	Says []string
}

// Found waits until the ailment is found, and returns what is said of it.
func (a Ailment) Found(ctx context.Context, p *plane.Plane) (diagnose.Finding, error) {
	var found diagnose.Finding
	err := Eventually(ctx, p, func(ctx context.Context) error {
		all, err := a.look(ctx, p)
		if err != nil {
			return err
		}
		for _, f := range all {
			if f.Check == a.Check && f.Object.String() == a.Object {
				found = f
				return a.says(f)
			}
		}
		return fmt.Errorf("%s of %s is not found, only %v", a.Check, a.Object, all)
	})
	return found, err
}

func (a Ailment) says(f diagnose.Finding) error {
	for _, part := range a.Says {
		if !strings.Contains(f.Problem, part) {
			return fmt.Errorf("%s of %s is found, and does not say %q: %s", a.Check, a.Object, part, f.Problem)
		}
	}
	return nil
}

// look returns what is found in the namespace, and of the cluster as a whole.
func (a Ailment) look(ctx context.Context, p *plane.Plane) ([]diagnose.Finding, error) {
	out, err := Run(ctx, p, "--kubeconfig", p.Kubeconfig(), "-n", a.Namespace)
	return out.Findings, err
}

// Gone waits until nothing is found of the ailment.
func (a Ailment) Gone(ctx context.Context, p *plane.Plane) error {
	return Eventually(ctx, p, func(ctx context.Context) error {
		all, err := a.look(ctx, p)
		if err != nil {
			return err
		}
		for _, f := range all {
			if f.Check == a.Check && f.Object.String() == a.Object {
				return fmt.Errorf("%s of %s is still found: %s", a.Check, a.Object, f.Problem)
			}
		}
		return nil
	})
}

// Mend does what is said to mend the ailment, which has to be found.
func (a Ailment) Mend(ctx context.Context, p *plane.Plane) error {
	found, err := a.Found(ctx, p)
	if err != nil {
		return err
	}
	if len(found.Fix.Actions) == 0 {
		return fmt.Errorf("%s of %s has no commands that mend it: %s", a.Check, a.Object, found.Fix.Summary)
	}
	return Do(ctx, p, found)
}

// AsInFiles compares a finding with those of the same check in the files of its minimal
// broken cluster, where the object has another name.
func AsInFiles(ctx context.Context, p *plane.Plane, found diagnose.Finding) error {
	root, err := product.Root()
	if err != nil {
		return err
	}
	out, err := Run(ctx, p, "-f", filepath.Join(root, "internal", "diagnose", "testdata", found.Check, "broken"))
	if err != nil {
		return err
	}
	var all []string
	for _, f := range out.Findings {
		got := strings.NewReplacer(found.Object.String(), f.Object.String(), found.Object.Namespace+"/", f.Object.Namespace+"/").Replace(Line(found))
		if got == Line(f) {
			return nil
		}
		all = append(all, Line(f))
	}
	return fmt.Errorf("want what is found in the files:\n%s\ngot\n%s", strings.Join(all, "\n"), Line(found))
}

// Line of a report that has to be the same for files and for a cluster. What a controller
// says differs, and the API server fills in defaults, which patches then go round.
func Line(f diagnose.Finding) string {
	return fmt.Sprintf("%s %s %s %s: %s", f.Severity, f.Check, f.Object, f.Field, f.Fix.Summary)
}
