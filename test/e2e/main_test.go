// Package e2e proves the product on a real control plane: see package plane for
// what runs, and charts for what stands in for third-party charts.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
)

// settle is how long a test waits for the control plane to do something that
// takes it seconds when the machine is idle.
const settle = 2 * time.Minute

// suite is what all tests of this package share. TestMain fills it.
type suite struct {
	plane *plane.Plane
	err   error // why there is no plane
}

// shared is the one plane of this test program: starting one per test would
// take most of the time. Written by TestMain only.
var shared suite

func TestMain(m *testing.M) {
	if how := os.Getenv(childVariable); how != "" {
		os.Exit(runChild(how))
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run starts the plane, runs the tests and ends the plane. When the plane does
// not start, every test that asks for it fails with the reason.
func run(m *testing.M) (code int, err error) {
	shared.plane, shared.err = plane.Start(context.Background(), plane.Options{Components: product.Components(), Charts: product.Charts})
	if shared.plane != nil {
		defer func() { err = errors.Join(err, shared.plane.Close()) }()
	}
	return m.Run(), nil
}

// start returns the shared plane, a namespace of the test's own in it, and a
// context that ends before the test program is killed.
func start(t *testing.T) (context.Context, *plane.Plane, string) {
	t.Helper()
	if shared.err != nil {
		t.Fatalf("there is no plane: %v", shared.err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), settle)
	t.Cleanup(cancel)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"}}
	if err := shared.plane.Client().Create(ctx, namespace); err != nil {
		t.Fatalf("cannot make a namespace: %v", err)
	}
	return ctx, shared.plane, namespace.Name
}

// apply applies the YAML, in which %[1]s is the namespace.
func apply(ctx context.Context, t *testing.T, p *plane.Plane, namespace, yaml string) {
	t.Helper()
	if err := p.ApplyYAML(ctx, fmt.Sprintf(yaml, namespace)); err != nil {
		t.Fatal(err)
	}
}

// awaitReady waits until the object says of itself that it is Synced and Ready.
func awaitReady(ctx context.Context, t *testing.T, p *plane.Plane, object *unstructured.Unstructured) {
	t.Helper()
	if err := p.WaitCondition(ctx, object, "Synced", "Ready"); err != nil {
		t.Fatal(err)
	}
}
