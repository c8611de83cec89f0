package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

const (
	// inUse is a ProviderConfig of its own for one Release.
	inUse = `
apiVersion: helm.m.crossplane.io/v1beta1
kind: ProviderConfig
metadata: {name: prod, namespace: %[1]s}
spec:
  credentials: {source: Secret, secretRef: {namespace: %[1]s, name: plane, key: kubeconfig}}
`

	// usages keep it for that Release, and two other Releases for a reason and for somebody
	// who does not exist. Deletions are tried again once they can be.
	usages = `
apiVersion: protection.crossplane.io/v1beta1
kind: Usage
metadata: {name: prod-config-by-keda, namespace: %[1]s}
spec:
  replayDeletion: true
  of: {apiVersion: helm.m.crossplane.io/v1beta1, kind: ProviderConfig, resourceRef: {name: prod}}
  by: {apiVersion: helm.m.crossplane.io/v1beta1, kind: Release, resourceRef: {name: keda}}
---
apiVersion: protection.crossplane.io/v1beta1
kind: Usage
metadata: {name: shop-runs, namespace: %[1]s}
spec:
  replayDeletion: true
  of: {apiVersion: helm.m.crossplane.io/v1beta1, kind: Release, resourceRef: {name: shop}}
  reason: the shop is open
---
apiVersion: protection.crossplane.io/v1beta1
kind: Usage
metadata: {name: blog-by-nobody, namespace: %[1]s}
spec:
  replayDeletion: true
  of: {apiVersion: helm.m.crossplane.io/v1beta1, kind: Release, resourceRef: {name: blog}}
  by: {apiVersion: helm.m.crossplane.io/v1beta1, kind: Release, resourceRef: {name: nobody}}
`
)

// TestDiagnoseUsages deletes what Usages keep. It is found what keeps it; the fix, run with
// kubectl, lets the deletion end.
func TestDiagnoseUsages(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	if err := doctor.Prepare(ctx, p); err != nil {
		t.Fatal(err)
	}
	configureProviders(ctx, t, p, namespace)
	apply(ctx, t, p, namespace, inUse)
	for name, config := range map[string]string{"keda": "prod", "shop": "plane", "blog": "plane"} {
		made := release(name, fmt.Sprintf("{name: %s, version: 1.0.0, repository: %q}", twiceChart, p.ChartRepository()))
		// As the product's: nothing is uninstalled with them. provider-helm waits for half a
		// minute before it believes that something so new is gone.
		kept := "name: " + config + "}\n  managementPolicies: [Create, Update, Observe]"
		apply(ctx, t, p, namespace, strings.Replace(made, "name: plane}", kept, 1))
	}
	apply(ctx, t, p, namespace, usages)

	cases := map[string]struct {
		reason string
		used   *unstructured.Unstructured
		says   []string
		// inFiles: a minimal broken cluster is about the same.
		inFiles bool
	}{
		"User": {
			reason:  "the Release has to go first, and takes its Usage with it",
			used:    plane.Reference(releaseVersion, "ProviderConfig", namespace, "prod"),
			says:    []string{`Usage "` + namespace + `/prod-config-by-keda"`, `as long as Release "` + namespace + `/keda" exists`},
			inFiles: true,
		},
		"Reason": {
			reason: "nothing but the Usage keeps it, and it says why",
			used:   plane.Reference(releaseVersion, "Release", namespace, "shop"),
			says:   []string{`Usage "` + namespace + `/shop-runs"`, `"the shop is open"`},
		},
		"Nobody": {
			reason: "a Usage protects for a user that does not exist, too",
			used:   plane.Reference(releaseVersion, "Release", namespace, "blog"),
			says:   []string{`Usage "` + namespace + `/blog-by-nobody"`, `Release "` + namespace + `/nobody", which does not exist`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := p.WaitFor(ctx, tc.used.DeepCopy(), func(o *unstructured.Unstructured) error {
				if o.GetLabels()["crossplane.io/in-use"] != "true" {
					return errors.New("no Usage has taken hold of it")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Client().Delete(ctx, tc.used.DeepCopy()); err == nil || !strings.Contains(err.Error(), "in-use by 1 usage") {
				t.Fatalf("%s: the deletion is answered with %v, want a refusal", tc.reason, err)
			}
			ailment := doctor.Ailment{
				Namespace: namespace, Check: "deletion-blocked",
				Object: fmt.Sprintf("%s %q", tc.used.GetKind(), namespace+"/"+tc.used.GetName()), Says: tc.says,
			}
			found, err := ailment.Found(ctx, p)
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			if tc.inFiles {
				err = doctor.AsInFiles(ctx, p, found)
			}
			if err := errors.Join(err, doctor.Do(ctx, p, found)); err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			if err := errors.Join(p.WaitGone(ctx, tc.used), ailment.Gone(ctx, p)); err != nil {
				t.Errorf("%s: %v", tc.reason, err)
			}
		})
	}
}
