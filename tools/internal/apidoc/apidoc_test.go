package apidoc

import (
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/tools/internal/manifest"
	"github.com/gatehouse-platform/gatehouse/tools/internal/schema"
)

func markdown(t *testing.T) string {
	t.Helper()
	version, err := schema.Load("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return string(Markdown(manifest.Schema(version)))
}

// TestMarkdown wants every field of the API in the reference, each cell where it
// belongs, and links that lead somewhere.
func TestMarkdown(t *testing.T) {
	doc := markdown(t)
	for _, want := range []string{
		"| `nodeSize` | string | `small` | yes | one of `small`, `medium`, `large` | The size of the nodes; small, medium, large. |",
		"| `creds` | [object](#specparameterscreds) |  |  |  |",
		"| `secrets` | list of [object](#specparametersappsexternalsecretssecrets) |",
		"| `mirror` | string |  |  | matches `^(oci\\|https?)://[^\\s@?#]+$` |",
		"| `apps` | map of [object](#statusapps) |",
		"Checked: existing takes kubeconfigSecretRef or inCluster, not both.",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("the reference does not say\n%s", want)
		}
	}

	bar := regexp.MustCompile(`(^|[^\\])\|`)
	anchors := map[string]bool{}
	for line := range strings.Lines(doc) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			anchors[slug(strings.TrimSpace(title))] = true
		}
		if strings.HasPrefix(line, "|") && len(bar.FindAllString(line, -1)) != 7 {
			t.Errorf("a row has the wrong number of cells: %s", line)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(doc, -1) {
		if !anchors[link[1]] {
			t.Errorf("link #%s leads nowhere", link[1])
		}
	}
}

// slug is GitHub's rule for anchors, written a second time.
func slug(title string) string {
	return strings.ReplaceAll(regexp.MustCompile(`[^\p{L}\p{N}_\- ]`).ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

// TestExample: the example that the reference starts with is a Cluster that the
// function composes without a doubt.
func TestExample(t *testing.T) {
	var obj map[string]any
	if err := yaml.Unmarshal([]byte(Example), &obj); err != nil {
		t.Fatal(err)
	}
	c, ignored, errs := v2.Decode(obj)
	c.Spec.Parameters.Default()
	errs = append(errs, c.Validate()...)
	for _, err := range errs {
		t.Error(err)
	}
	for _, doubt := range c.Doubts(ignored) {
		t.Error(doubt)
	}
	if !strings.Contains(markdown(t), Example) {
		t.Error("the reference does not show the example")
	}
}
