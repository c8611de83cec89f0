package render

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
)

// ErrInput marks input that cannot be meant.
var ErrInput = errors.New("wrong input")

// Report says, a line each, what the rendering itself does not: doubts, and what
// is waited for.
func (r Rendered) Report() []string {
	var out []string
	for _, c := range r.Plan.Conditions {
		if c.Type == compose.ConditionParameters && c.Message != "" {
			for doubt := range strings.SplitSeq(c.Message, "; ") {
				out = append(out, "doubtful: "+doubt)
			}
		}
	}
	if n := len(r.Plan.Held); n > 0 && !r.Moment {
		return append(out, fmt.Sprintf("%d of %d resources are composed once others are ready", n, n+len(r.Plan.Resources)))
	}
	for _, h := range r.Plan.Held {
		if h.Resource.With == "" {
			out = append(out, fmt.Sprintf("not yet: %s, waits for %s", h.Resource.Key, strings.Join(h.For, ", ")))
		}
	}
	return out
}

// Checked is what is wrong with a Cluster.
type Checked struct {
	Document Document
	Doubts   []string
	// Err is nil if nothing is wrong.
	Err error
}

// Validate checks every Cluster of the documents.
func Validate(documents []Document) ([]Checked, error) {
	var out []Checked
	for _, d := range documents {
		if !d.IsCluster() {
			continue
		}
		InDefaultNamespace(d.Object)
		_, doubts, err := compose.Check(d.Object)
		out = append(out, Checked{d, doubts, err})
	}
	if len(out) == 0 {
		return nil, ErrNoCluster
	}
	return out, nil
}

// String says what is wrong, or that nothing is.
func (c Checked) String() string {
	if c.Err != nil {
		return fmt.Sprintf("%s: %s", c.Document, c.Err)
	}
	lines := []string{fmt.Sprintf("%s: Cluster %q is valid", c.Document, nameOf(c.Document.Object))}
	for _, doubt := range c.Doubts {
		lines = append(lines, "- doubtful: "+doubt)
	}
	return strings.Join(lines, "\n")
}

// Catalog writes what Gatehouse installs as a table.
func Catalog(w io.Writer, c *catalog.Catalog) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "APP\tCHART\tVERSION\tNAMESPACE\tSOURCE")
	for _, chart := range c.Charts {
		app, source := chart.App, chart.Repository
		if app == "" {
			app = "(" + chart.Always + ")"
		}
		if chart.URL != "" {
			source = chart.URL
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", app, chart.Name, chart.Version, chart.Namespace, source)
	}
	for _, image := range c.Images {
		_, _ = fmt.Fprintf(t, "%s\t(image)\t%s\t%s\t%s\n", image.App, image.Version, image.Namespace, image.Name)
	}
	return t.Flush()
}
