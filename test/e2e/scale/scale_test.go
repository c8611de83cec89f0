package scale

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/prometheus"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

const (
	name = "mcp-mcp-server" // of what the chart makes
	host = "scale.example.test"

	cooldown = 6 * time.Second
	perPod   = 2 // streams
	streams  = 6
)

// values have the chart scale on what Prometheus says, quickly. Prometheus is where the
// chart expects it. Two queries take the place of Envoy Gateway's: the streams that the
// server has open, from its own metrics, which the PodMonitor selects; and the requests
// that the gateway counts for it, which are there while no pod is.
const values = `
gateway: {enabled: true, className: traefik, controller: traefik, listeners: {http: {hostname: HOST}}}
podMonitor: {enabled: true, interval: 1s, secret: {name: metrics, key: token}}
drain: {delaySeconds: 1}
autoscaling:
  behavior: {scaleDown: {stabilizationWindowSeconds: 0}}
  keda:
    enabled: true
    maxReplicas: 5
    pollingInterval: 1
    cooldownPeriod: COOLDOWN
    prometheus:
      openStreams: PERPOD
      openStreamsQuery: sum(gatehouse_mcp_open_streams{namespace="NAMESPACE"}) or vector(0)
      requestsPerSecond: 100
      requestsQuery: sum(rate(traefik_router_requests_total{router=~"httproute-NAMESPACE-.*"}[5s])) or vector(0)
`

// TestTrafficScales takes the Deployment from no pod to one, to as many as the streams
// need, and back to none; a stream that is open keeps its pod meanwhile.
func TestTrafficScales(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name, secret.StringData = namespace, "metrics", map[string]string{"token": "only-for-prometheus"}
	if err := p.Client().Create(ctx, secret); err != nil {
		t.Fatal(err)
	}
	given := strings.NewReplacer("NAMESPACE", namespace, "HOST", host, "PERPOD", strconv.Itoa(perPod), "COOLDOWN", fmt.Sprint(cooldown.Seconds())).Replace(values)
	objects := install(ctx, t, p, namespace, given)
	who := caller(ctx, t, p, namespace, objects)
	measured(ctx, t, p, namespace)
	allowZero(ctx, t, p, namespace)
	waitPods(ctx, t, p, namespace, 0)

	session := wake(ctx, t, p, who)
	first := waitPods(ctx, t, p, namespace, 1)[0]
	open := []<-chan error{waiting(ctx, session, namespace)}
	held := hold(ctx, t, p, namespace, first, open[0])

	for len(open) < streams {
		open = append(open, waiting(ctx, session, namespace))
	}
	waitPods(ctx, t, p, namespace, streams/perPod)

	begun := time.Now()
	ready(ctx, t, p, namespace)
	for i, done := range open {
		if err := <-done; err != nil {
			t.Errorf("stream %d does not end with its answer: %v", i, err)
		}
	}
	waitPods(ctx, t, p, namespace, 0)
	if took := time.Since(begun); took >= held {
		t.Errorf("without a stream the last pod goes after %s, so that one stayed for %s with a stream says nothing", took, held)
	}
}

// allowZero changes the one field of the chart's ScaledObject that keeps a pod: with
// minReplicas 0 the chart has KEDA's HTTP interceptor wake the first one, which cannot be
// had here. What stays is the chart's.
func allowZero(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	t.Helper()
	scaled := plane.Reference("keda.sh/v1alpha1", "ScaledObject", namespace, name)
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec": {"minReplicaCount": 0}}`))
	if err := p.Client().Patch(ctx, scaled, patch); err != nil {
		t.Fatal(err)
	}
}

// measured waits until Prometheus scrapes the server.
func measured(ctx context.Context, t *testing.T, p *plane.Plane, namespace string) {
	t.Helper()
	if err := prometheus.Restart(ctx, p, fmt.Sprintf("podMonitor/%s/%s/0", namespace, name)); err != nil {
		t.Fatal(err)
	}
	query := url.Values{"query": {fmt.Sprintf("gatehouse_mcp_open_streams{namespace=%q}", namespace)}}
	err := p.Poll(ctx, "metrics of the server", func(ctx context.Context) error {
		var answer struct{ Data struct{ Result []any } }
		if err := ask(ctx, p, "/api/v1/query?"+query.Encode(), &answer); err != nil {
			return err
		}
		if len(answer.Data.Result) == 0 {
			return errors.New("Prometheus has none")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
