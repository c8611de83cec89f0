package scale

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/internal/version"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/keda"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/prometheus"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// asleep is a workload that is scaled on requests which it counts itself.
const asleep = `
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: NAMESPACE, name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: main
        image: ghcr.io/gatehouse-platform/mcp-server:VERSION
        args: [--listen=0.0.0.0:8080, --metrics-listen=, --allow-unauthenticated]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {namespace: NAMESPACE, name: web}
spec:
  scaleTargetRef: {name: web}
  minReplicaCount: 0
  pollingInterval: 1
  cooldownPeriod: 1
  triggers:
  - type: prometheus
    metadata:
      serverAddress: http://PROMETHEUS:9090
      query: sum(rate(http_requests_total{namespace="NAMESPACE", service="web"}[1m]))
      threshold: "10"
`

// TestWhatScalesIsDiagnosed: a workload that KEDA has put to sleep and nothing wakes, and
// KEDA's metrics without anybody who serves them. Each is found as in the files, with what
// the API server says of it, and the fix, run with kubectl, mends it.
func TestWhatScalesIsDiagnosed(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	text := strings.NewReplacer("NAMESPACE", namespace, "VERSION", version.Version, "PROMETHEUS", prometheus.Name+"."+prometheus.Namespace)
	if err := p.ApplyYAML(ctx, text.Replace(asleep)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := p.Client().Delete(context.WithoutCancel(ctx), plane.Reference("keda.sh/v1alpha1", "ScaledObject", namespace, "web"))
		if err != nil {
			t.Error(err)
		}
	})
	workload := plane.Reference("apps/v1", "Deployment", namespace, "web")
	adapter := plane.Reference("apps/v1", "Deployment", keda.Namespace, keda.Adapter)
	registration := plane.Reference("apiregistration.k8s.io/v1", "APIService", "", "v1beta1.external.metrics.k8s.io")
	served := func(ctx context.Context) error {
		return errors.Join(p.WaitCondition(ctx, registration, "Available"), answers(p))
	}
	of := fmt.Sprintf("%s/%s", keda.Namespace, keda.Adapter)

	cases := []struct {
		name, reason  string
		check, object string
		says          []string
		// inFiles: a minimal broken cluster is about the same.
		inFiles bool
		// wrong makes it so, and well waits until everything works.
		wrong, well func(context.Context) error
	}{
		{
			name: "Asleep", reason: "no pod runs, so none counts requests", inFiles: true,
			check: "scale-never-wakes", object: fmt.Sprintf("ScaledObject %q", namespace+"/web"), says: []string{`metric http_requests_total is told by "web" itself`},
			wrong: func(ctx context.Context) error { return replicas(ctx, p, workload, 0) }, well: func(ctx context.Context) error { return replicas(ctx, p, workload, 1) },
		},
		{
			name: "Stopped", reason: "KEDA's metrics server is scaled to zero",
			check: "external-metrics", object: `APIService "v1beta1.external.metrics.k8s.io"`,
			says:  []string{fmt.Sprintf("Service %q does not answer", of), "MissingEndpoints", fmt.Sprintf("Deployment %q is scaled to zero", of)},
			wrong: func(ctx context.Context) error { return patch(ctx, p, adapter, `{"spec": {"replicas": 0}}`) }, well: served,
		},
		{
			name: "Another", reason: "another metrics server took the place of KEDA's", inFiles: true,
			check: "external-metrics", object: `APIService "v1beta1.external.metrics.k8s.io"`,
			says: []string{`Service "monitoring/prometheus-adapter" answers for external metrics, not KEDA's`, "ServiceNotFound"},
			wrong: func(ctx context.Context) error {
				return patch(ctx, p, registration, `{"spec": {"service": {"namespace": "monitoring", "name": "prometheus-adapter"}}}`)
			},
			well: served,
		},
		{
			name: "Unregistered", reason: "somebody removed another metrics server, and KEDA's registration with it",
			check: "external-metrics", object: `APIService "v1beta1.external.metrics.k8s.io"`, says: []string{"It does not exist"},
			wrong: func(ctx context.Context) error { return p.Client().Delete(ctx, registration.DeepCopy()) }, well: served,
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if err := tc.wrong(ctx); err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			ailment := doctor.Ailment{Namespace: namespace, Check: tc.check, Object: tc.object, Says: tc.says}
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
			if err := errors.Join(tc.well(ctx), ailment.Gone(ctx, p)); err != nil {
				t.Errorf("%s: %v", tc.reason, err)
			}
		})
	}
}

// answers asks who serves external metrics what there is.
func answers(p *plane.Plane) error {
	clients, err := kubernetes.NewForConfig(p.Config())
	if err != nil {
		return err
	}
	_, err = clients.Discovery().ServerResourcesForGroupVersion("external.metrics.k8s.io/v1beta1")
	return err
}

// replicas waits until a Deployment is scaled, and all its pods are ready.
func replicas(ctx context.Context, p *plane.Plane, deployment *unstructured.Unstructured, want int64) error {
	return p.WaitFor(ctx, deployment.DeepCopy(), func(o *unstructured.Unstructured) error {
		wanted, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
		if wanted != want || ready != want {
			return fmt.Errorf("%d pods are wanted and %d ready, not %d", wanted, ready, want)
		}
		return nil
	})
}

func patch(ctx context.Context, p *plane.Plane, object *unstructured.Unstructured, merge string) error {
	return p.Client().Patch(ctx, object.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(merge)))
}

// lonely is a second Prometheus, of which only the configuration is wanted, and a monitor
// that neither of the two selects.
const lonely = `
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: kube-prometheus-stack, namespace: monitoring}
spec:
  replicas: 0
  podMonitorSelector: {matchLabels: {release: kube-prometheus-stack}}
  podMonitorNamespaceSelector: {matchLabels: {scrape: "yes"}}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: envoy, namespace: NAMESPACE}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: envoy}}
  podMetricsEndpoints: [{port: metrics, path: /stats/prometheus}]
`

// TestMonitorsAreDiagnosed: a PodMonitor that no Prometheus selects is found as in the
// files, and after its fix, run with kubectl, it is in the configuration that
// prometheus-operator makes.
func TestMonitorsAreDiagnosed(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	objects, err := plane.ParseObjects([]byte(strings.ReplaceAll(lonely, "NAMESPACE", namespace)))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(ctx, objects...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, o := range objects {
			if err := p.Client().Delete(context.WithoutCancel(ctx), o); err != nil {
				t.Error(err)
			}
		}
	})
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	const configuration = "prometheus-kube-prometheus-stack"
	job := fmt.Sprintf("job_name: podMonitor/%s/envoy/0", namespace)
	if err := p.Poll(ctx, "the configuration without the monitor", func(ctx context.Context) error {
		text, err := configured(ctx, p, configuration)
		if err == nil && strings.Contains(text, job) {
			err = errors.New("it is selected already")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ailment := doctor.Ailment{
		Namespace: namespace, Check: "pod-monitor-not-selected", Object: fmt.Sprintf("PodMonitor %q", namespace+"/envoy"),
		Says: []string{"release=kube-prometheus-stack, which it does not match", fmt.Sprintf("does not look into namespace %q", namespace)},
	}
	found, err := ailment.Found(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(doctor.AsInFiles(ctx, p, found), doctor.Do(ctx, p, found)); err != nil {
		t.Fatal(err)
	}
	err = p.Poll(ctx, "the configuration with the monitor", func(ctx context.Context) error {
		text, err := configured(ctx, p, configuration)
		if err == nil && !strings.Contains(text, job) {
			err = fmt.Errorf("%q is not in it", job)
		}
		return err
	})
	if err := errors.Join(err, ailment.Gone(ctx, p)); err != nil {
		t.Error(err)
	}
}

// configured is the configuration that prometheus-operator keeps for a Prometheus.
func configured(ctx context.Context, p *plane.Plane, name string) (string, error) {
	secret := &corev1.Secret{}
	if err := p.Client().Get(ctx, client.ObjectKey{Namespace: "monitoring", Name: name}, secret); err != nil {
		return "", err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(secret.Data["prometheus.yaml.gz"]))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(unpacked)
	return string(text), err
}
