package schemas

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestReferenceRenderings shows on real input that the validator neither refuses what clusters accept nor overlooks what
// they refuse: exactly the named faults of the reference renderings are found.
func TestReferenceRenderings(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(needShared(t), "contract", "golden", "*-all.desired.yaml"))
	if err != nil || len(files) != 3 {
		t.Fatalf("cannot find the three reference renderings: %q, %v", files, err)
	}

	// The composite's XRD belongs to the product and is tested there.
	composite := map[string][]string{
		"aws (composite)":    {"kind: FieldValueNotFound"},
		"azure (composite)":  {"kind: FieldValueNotFound"},
		"google (composite)": {"kind: FieldValueNotFound"},
	}
	refused := []string{"spec.forProvider.manifest.apiVersion: FieldValueInvalid"}

	cases := map[string]struct {
		reason string
		edit   *strings.Replacer
		want   map[string][]string
	}{
		"AsTheyAre": {
			reason: "The external-secrets chart serves v1 only, and the references still say v1beta1; everything else is accepted.",
			edit:   strings.NewReplacer(),
			want: merge(composite, map[string][]string{
				"aws a-team-eks-app-secret-store":      refused,
				"aws a-team-eks-secret-else":           refused,
				"aws a-team-eks-secret-push-secret":    refused,
				"azure a-team-aks-app-secret-store":    refused,
				"azure a-team-aks-secret-else":         refused,
				"azure a-team-aks-secret-push-secret":  refused,
				"google a-team-gke-app-secret-store":   refused,
				"google a-team-gke-secret-else":        refused,
				"google a-team-gke-secret-push-secret": refused,
			}),
		},
		"WithServedVersions": {
			reason: "The same stores and secrets are legal in v1, so that a rendering differs from the references in the version only.",
			edit:   strings.NewReplacer("external-secrets.io/v1beta1", "external-secrets.io/v1"),
			want:   composite,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := map[string][]string{}
			for _, file := range files {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				provider, _, _ := strings.Cut(filepath.Base(file), "-")
				for key, obj := range desired(t, tc.edit.Replace(string(content))) {
					for _, err := range loadSet(t).Validate(obj) {
						got[provider+" "+key] = append(got[provider+" "+key], err.Field+": "+string(err.Type))
					}
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nValidate(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// desired returns the resources of a reference rendering by their composition resource name, which is in a comment.
func desired(t *testing.T, content string) map[string]map[string]any {
	t.Helper()
	resources := map[string]map[string]any{}
	for _, doc := range documentSeparator.Split(content, -1) {
		doc = strings.TrimSpace(doc)
		if doc == "" {
			continue
		}
		comment, _, _ := strings.Cut(doc, "\n")
		key, found := strings.CutPrefix(comment, "# key: ")
		if !found {
			t.Fatalf("cannot read a resource's name from %q", comment)
		}
		resources[key] = object(t, doc)
	}
	if len(resources) < 60 {
		t.Fatalf("found %d resources in a reference rendering, want all of them", len(resources))
	}
	return resources
}

func object(t *testing.T, doc string) map[string]any {
	t.Helper()
	obj := map[string]any{}
	if err := yaml.Unmarshal([]byte(doc), &obj); err != nil {
		t.Fatalf("cannot parse %q: %v", doc, err)
	}
	return obj
}

func merge(a, b map[string][]string) map[string][]string {
	merged := map[string][]string{}
	for _, m := range []map[string][]string{a, b} {
		maps.Copy(merged, m)
	}
	return merged
}
