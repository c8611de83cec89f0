package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// usage protects one ConfigMap for as long as another exists.
const usage = `
apiVersion: v1
kind: ConfigMap
metadata: {name: used, namespace: %[1]s}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: user, namespace: %[1]s}
---
apiVersion: protection.crossplane.io/v1beta1
kind: Usage
metadata: {name: keep, namespace: %[1]s}
spec:
  of: {apiVersion: v1, kind: ConfigMap, resourceRef: {name: used}}
  by: {apiVersion: v1, kind: ConfigMap, resourceRef: {name: user}}
`

// TestUsageProtects shows that Crossplane's webhook refuses the deletion of
// what is in use, and lets it go when the Usage is gone.
func TestUsageProtects(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	apply(ctx, t, p, namespace, usage)
	keep := plane.Reference("protection.crossplane.io/v1beta1", "Usage", namespace, "keep")
	if err := p.WaitCondition(ctx, keep, "Ready"); err != nil {
		t.Fatal(err)
	}
	used := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "used"}}
	err := p.Client().Delete(ctx, used)
	if err == nil {
		t.Fatal("the ConfigMap in use could be deleted, want a refusal")
	}
	// A webhook that cannot be reached refuses too.
	if want := "in-use by 1 usage"; !strings.Contains(err.Error(), want) {
		t.Errorf("the refusal is %q, want it to say %q", err, want)
	}
	if err := p.Client().Delete(ctx, keep); err != nil {
		t.Fatalf("cannot delete the Usage: %v", err)
	}
	if err := p.WaitGone(ctx, keep); err != nil {
		t.Fatal(err)
	}
	if err := p.Client().Delete(ctx, used); err != nil {
		t.Errorf("cannot delete the ConfigMap that is no longer in use: %v", err)
	}
}
