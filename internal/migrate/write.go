package migrate

import (
	"fmt"
	"io"

	"sigs.k8s.io/yaml"
)

// YAML writes the objects, ready for kubectl apply.
func (r *Result) YAML(w io.Writer) error {
	for i, u := range r.Objects {
		raw, err := yaml.Marshal(u.Object)
		if err != nil {
			return fmt.Errorf("cannot write %s %q: %w", u.GetKind(), u.GetName(), err)
		}
		if i > 0 {
			raw = append([]byte("---\n"), raw...)
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
	}
	return nil
}
