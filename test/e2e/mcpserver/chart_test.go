package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/helm"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestInstall installs every values file of test/charts and of the examples, finds on
// the API server what Helm says it installed, and nothing after the uninstall.
func TestInstall(t *testing.T) {
	_, p, _ := suite.Start(t)
	for _, namespace := range []string{"keda", "envoy-gateway-system"} {
		made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		if err := client.IgnoreAlreadyExists(p.Client().Create(t.Context(), made)); err != nil {
			t.Fatal(err)
		}
	}
	cases, err := filepath.Glob(filepath.Join(root, "test", "charts", "testdata", "*.values.yaml"))
	if err != nil || len(cases) < 40 {
		t.Fatalf("found %d values files of test/charts: %v", len(cases), err)
	}
	examples, err := filepath.Glob(filepath.Join(root, "examples", "gateway-api", "*", "values.yaml"))
	if err != nil || len(examples) < 7 {
		t.Fatalf("found %d examples: %v", len(examples), err)
	}
	for _, file := range append(examples, cases...) {
		name := strings.TrimSuffix(filepath.Base(file), ".values.yaml")
		if name == "values.yaml" {
			name = "example-" + filepath.Base(filepath.Dir(file))
		}
		t.Run(name, func(t *testing.T) {
			// Every case has a namespace of its own, and waits for controllers.
			t.Parallel()
			ctx, p, namespace := suite.Start(t)
			manifests := filepath.Join(filepath.Dir(file), "manifests.yaml")
			if _, err := os.Stat(manifests); err == nil {
				create(ctx, t, p, namespace, manifests)
			}
			h := newHelm(t, p, namespace)
			installed, err := h.Install(ctx, readValues(t, file))
			if err != nil {
				t.Fatalf("cannot install: %v", err)
			}
			if diff := cmp.Diff(helm.Identities(installed), helm.Identities(live(ctx, t, p, h))); diff != "" {
				t.Errorf("-installed, +on the API server:\n%s", diff)
			}
			awaitPods(ctx, t, p, installed)
			if err := h.Uninstall(); err != nil {
				t.Fatalf("cannot uninstall: %v", err)
			}
			if left := live(ctx, t, p, h); len(left) > 0 {
				t.Errorf("left behind by the uninstall: %v", helm.Identities(left))
			}
		})
	}
}

// awaitPods waits until the pods of the Deployments are admitted: the API server has
// them pass Pod Security before a ReplicaSet counts them. No kubelet runs them.
func awaitPods(ctx context.Context, t *testing.T, p *plane.Plane, objects []*unstructured.Unstructured) {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() != "Deployment" {
			continue
		}
		deployment := plane.Reference("apps/v1", "Deployment", o.GetNamespace(), o.GetName())
		err := p.WaitFor(ctx, deployment, func(d *unstructured.Unstructured) error {
			want, found, err := unstructured.NestedInt64(d.Object, "spec", "replicas")
			if err != nil || !found {
				return fmt.Errorf("no replicas: %w", err)
			}
			got, _, err := unstructured.NestedInt64(d.Object, "status", "replicas")
			if err != nil || got != want {
				conditions, _, _ := unstructured.NestedSlice(d.Object, "status", "conditions")
				return errors.Join(err, fmt.Errorf("%d of %d pods are made: %v", got, want, conditions))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestUpgrade goes from pattern to pattern: what one has and the next has not goes
// away, and no field of the one before stays.
func TestUpgrade(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	h := newHelm(t, p, namespace)
	if err := client.IgnoreAlreadyExists(p.Client().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "keda"}})); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Install(ctx, map[string]any{}); err != nil {
		t.Fatalf("cannot install: %v", err)
	}
	steps := []string{
		"ingress-tls", "gateway-envoy-gateway", "redirect", "no-timeouts", "gateway-kgateway", "gateway-gke", "gateway-aws-lbc", "gateway-kong",
		"shared", "keda-prometheus", "keda-zero-interceptorroute", "keda-zero-httpscaledobject", "hpa",
		"network-policy", "toolhive", "other-image", "token", "nothing",
	}
	for _, step := range steps {
		values := readValues(t, filepath.Join(root, "test", "charts", "testdata", step+".values.yaml"))
		upgraded, err := h.Upgrade(ctx, values)
		if err != nil {
			t.Fatalf("cannot upgrade to %s: %v", step, err)
		}
		live := live(ctx, t, p, h)
		if diff := cmp.Diff(helm.Identities(upgraded), helm.Identities(live)); diff != "" {
			t.Errorf("%s: -rendered, +on the API server:\n%s", step, diff)
		}
		for _, o := range live {
			if o.GetKind() == "Service" {
				checkNoAnnotations(t, step, o, upgraded)
			}
		}
	}
	if err := h.Uninstall(); err != nil {
		t.Fatal(err)
	}
}

// checkNoAnnotations finds annotations of an earlier revision on a live object.
func checkNoAnnotations(t *testing.T, step string, live *unstructured.Unstructured, rendered []*unstructured.Unstructured) {
	t.Helper()
	for _, o := range rendered {
		if o.GetKind() != live.GetKind() || o.GetName() != live.GetName() {
			continue
		}
		for key := range live.GetAnnotations() {
			if _, found := o.GetAnnotations()[key]; !found && !strings.HasPrefix(key, "meta.helm.sh/") {
				t.Errorf("%s: annotation %s of an earlier revision stays on %s %s", step, key, live.GetKind(), live.GetName())
			}
		}
	}
}

// TestRefusedInstalls: what the chart or the API server refuses creates nothing.
func TestRefusedInstalls(t *testing.T) {
	cases := map[string]struct {
		reason string
		values string
		want   string
	}{
		"BothWaysIn": {
			reason: "The chart refuses contradictions.",
			values: "{ingress: {enabled: true}, gateway: {enabled: true, className: eg}}",
			want:   "Cannot enable both ingress.enabled and gateway.enabled",
		},
		"UnknownKey": {
			reason: "The schema refuses what it does not know.",
			values: "{gatway: {}}",
			want:   "gatway",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, p, namespace := suite.Start(t)
			h := newHelm(t, p, namespace)
			_, err := h.Install(ctx, parseValues(t, tc.values))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("\n%s\nthe error is %v, want one with %q", tc.reason, err, tc.want)
			}
			if live := live(ctx, t, p, h); len(live) > 0 {
				t.Errorf("\n%s\ncreated: %v", tc.reason, helm.Identities(live))
			}
			releases := &corev1.SecretList{}
			if err := p.Client().List(ctx, releases, client.InNamespace(h.Namespace)); err != nil || len(releases.Items) > 0 {
				t.Errorf("\n%s\n%d Secrets in the namespace: %v", tc.reason, len(releases.Items), err)
			}
		})
	}
}

// TestFieldValidationIsStrict shows that the tests above would find a field that the
// API server does not know: toolhive.spec passes fields on unchecked.
func TestFieldValidationIsStrict(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	h := newHelm(t, p, namespace)
	_, err := h.Install(ctx, parseValues(t, "{deployment: {method: toolhive}, toolhive: {spec: {targetPort: 3456}}}"))
	if err == nil || !strings.Contains(err.Error(), "targetPort") {
		t.Errorf("the unknown field targetPort is accepted: %v", err)
	}
}
