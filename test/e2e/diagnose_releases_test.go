package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

const (
	releaseVersion = "helm.m.crossplane.io/v1beta1"

	// waiting is a hook that ends once a ConfigMap is there. There are no pods: a Job that
	// wants none is complete at once, one that may have none never is, but may fail.
	waiting = `apiVersion: batch/v1
kind: Job
metadata: {name: {{ .Release.Name }}-migrate, annotations: {helm.sh/hook: pre-install}}
spec:
  parallelism: 0
  {{- if lookup "v1" "ConfigMap" .Release.Namespace (printf "%s-database" .Release.Name) }}
  completions: 0
  {{- else }}
  completions: 1
  {{- with .Values.deadline }}
  activeDeadlineSeconds: {{ . }}
  {{- end }}
  {{- end }}
  template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: example.com/migrate}]}}
`
	waitingChart, twiceChart = "waiting", "twice"
)

// diagnosed are the charts of what is diagnosed here: one whose hook waits, and one of
// which there is a newer version.
func diagnosed(dir string) error {
	return charts.Package(dir,
		charts.Chart{Name: waitingChart, Version: "1.0.0", Hook: waiting},
		charts.Chart{Name: twiceChart, Version: "1.0.0"}, charts.Chart{Name: twiceChart, Version: "2.0.0"},
	)
}

// TestDiagnoseReleases has provider-helm killed while a hook runs, a hook that fails, and a
// chart of which there is a newer version than the one that is asked for. Each is found as
// in the files, with what provider-helm says of it; the fix, run with kubectl, mends it.
func TestDiagnoseReleases(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	if err := doctor.Prepare(ctx, p); err != nil {
		t.Fatal(err)
	}
	configureProviders(ctx, t, p, namespace)
	d := diagnosedReleases{p, namespace}
	d.interrupt(ctx, t, "keda")
	d.release(ctx, t, "failed", d.waiting(), "{deadline: 1}")
	d.release(ctx, t, "gateway", "{url: 'oci://docker.io/example/"+twiceChart+"', version: 1.0.0}", "{}")

	cases := map[string]struct {
		reason         string
		release, check string
		says           []string
		// broken waits for what provider-helm does of itself, and well for what it does once
		// the fix was run.
		broken, well func(ctx context.Context, release string) error
	}{
		"Interrupted": {
			reason:  "provider-helm was killed while the hook ran",
			release: "keda", check: "release-stuck",
			says:   []string{`"pending-install"`, "another operation (install/upgrade/rollback) is in progress"},
			broken: d.in("pending-install"), well: d.installed("waiting-1.0.0"),
		},
		"Failed": {
			reason:  "the hook has failed",
			release: "failed", check: "release-stuck",
			says:   []string{`"failed"`, "nobody tries again"},
			broken: d.in("failed"), well: d.installed("waiting-1.0.0"),
		},
		"Loop": {
			reason:  "the newest chart is installed, and is not the version",
			release: "gateway", check: "release-loop",
			broken: d.grows, well: d.rests,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := tc.broken(ctx, tc.release); err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			ailment := doctor.Ailment{Namespace: namespace, Check: tc.check, Object: fmt.Sprintf("Release %q", namespace+"/"+tc.release), Says: tc.says}
			found, err := ailment.Found(ctx, p)
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			if err := doctor.AsInFiles(ctx, p, found); err != nil {
				t.Errorf("%s: %v", tc.reason, err)
			}
			d.provide(ctx, t, tc.release)
			if err := doctor.Do(ctx, p, found); err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if err := errors.Join(tc.well(ctx, tc.release), ailment.Gone(ctx, p)); err != nil {
				t.Errorf("%s: %v", tc.reason, err)
			}
		})
	}
}

// diagnosedReleases are the Releases of a namespace.
type diagnosedReleases struct {
	plane     *plane.Plane
	namespace string
}

func (d diagnosedReleases) waiting() string {
	return fmt.Sprintf("{name: %s, version: 1.0.0, repository: %q}", waitingChart, d.plane.ChartRepository())
}

// release makes a Release of a chart with values.
func (d diagnosedReleases) release(ctx context.Context, t *testing.T, name, chart, values string) {
	t.Helper()
	err := d.plane.ApplyYAML(ctx, fmt.Sprintf(`
apiVersion: helm.m.crossplane.io/v1beta1
kind: Release
metadata: {name: %[2]s, namespace: %[1]s}
spec:
  forProvider: {namespace: %[1]s, chart: %[3]s, values: %[4]s}
  providerConfigRef: {kind: ProviderConfig, name: plane}
`, d.namespace, name, chart, values))
	if err != nil {
		t.Fatal(err)
	}
}

// interrupt has provider-helm killed in the middle of an installation.
func (d diagnosedReleases) interrupt(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	d.release(ctx, t, name, d.waiting(), "{}")
	hook := plane.Reference("batch/v1", "Job", d.namespace, name+"-migrate")
	if err := d.plane.WaitFor(ctx, hook, func(*unstructured.Unstructured) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := d.plane.Kill("provider-helm"); err != nil {
		t.Fatal(err)
	}
	if err := d.plane.Restart(ctx, "provider-helm"); err != nil {
		t.Fatal(err)
	}
}

// provide makes what the hook of a Release waits for.
func (d diagnosedReleases) provide(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	if err := d.plane.Apply(ctx, plane.Reference("v1", "ConfigMap", d.namespace, name+"-database")); err != nil {
		t.Fatal(err)
	}
}

// observed waits until provider-helm says something of a Release.
func (d diagnosedReleases) observed(ctx context.Context, name string, check func(state string, revision int64, upToDate bool) error) error {
	object := plane.Reference(releaseVersion, "Release", d.namespace, name)
	return d.plane.WaitFor(ctx, object, func(o *unstructured.Unstructured) error {
		state, _, _ := unstructured.NestedString(o.Object, "status", "atProvider", "state")
		revision, _, _ := unstructured.NestedInt64(o.Object, "status", "atProvider", "revision")
		upToDate, _, _ := unstructured.NestedBool(o.Object, "status", "synced")
		return check(state, revision, upToDate)
	})
}

// in waits until Helm has left a Release in a state.
func (d diagnosedReleases) in(want string) func(context.Context, string) error {
	return func(ctx context.Context, name string) error {
		return d.observed(ctx, name, func(state string, _ int64, _ bool) error {
			if state != want {
				return fmt.Errorf("it is %q, want %q", state, want)
			}
			return nil
		})
	}
}

// installed waits until a version of a chart is there.
func (d diagnosedReleases) installed(want string) func(context.Context, string) error {
	return func(ctx context.Context, name string) error {
		if err := d.plane.WaitCondition(ctx, plane.Reference(releaseVersion, "Release", d.namespace, name), "Synced", "Ready"); err != nil {
			return err
		}
		made := &corev1.ConfigMap{}
		if err := d.plane.Client().Get(ctx, client.ObjectKey{Namespace: d.namespace, Name: name + "-stand-in"}, made); err != nil {
			return err
		}
		if got := made.Annotations[charts.StandInAnnotation]; got != want {
			return fmt.Errorf("chart %q is installed, want %q", got, want)
		}
		return nil
	}
}

// grows waits until provider-helm has upgraded twice what nobody has changed.
func (d diagnosedReleases) grows(ctx context.Context, name string) error {
	return d.observed(ctx, name, func(_ string, revision int64, upToDate bool) error {
		if revision < 3 || upToDate {
			return fmt.Errorf("its revision is %d, and that it is up to date is %t", revision, upToDate)
		}
		return nil
	})
}

// rests waits until provider-helm has what it wants, and looks once more whether it has
// upgraded since.
func (d diagnosedReleases) rests(ctx context.Context, name string) error {
	last := int64(0)
	err := d.observed(ctx, name, func(state string, revision int64, upToDate bool) error {
		last = revision
		if state != "deployed" || !upToDate {
			return fmt.Errorf("it is %q, and that it is up to date is %t", state, upToDate)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := d.installed("twice-1.0.0")(ctx, name); err != nil {
		return err
	}
	return d.observed(ctx, name, func(_ string, revision int64, _ bool) error {
		if revision != last {
			return fmt.Errorf("its revision has grown from %d to %d", last, revision)
		}
		return nil
	})
}
