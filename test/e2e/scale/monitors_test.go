package scale

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/render"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/prometheus"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestMonitorsAreSelected: what a Cluster with every app has scraped is in the
// configuration that prometheus-operator makes and Prometheus runs with; the same monitor
// without the label of the Helm release is not.
func TestMonitorsAreSelected(t *testing.T) {
	ctx, p, namespace := suite.Start(t)
	monitors := podMonitors(t, "aws-all.yaml")
	var want []string
	for _, m := range monitors {
		want = append(want, fmt.Sprintf("podMonitor/%s/%s/0", m.GetNamespace(), m.GetName()))
	}
	slices.Sort(want)
	if len(want) < 4 {
		t.Fatalf("the Cluster has only %q scraped", want)
	}
	stranger := monitors[0].DeepCopy()
	stranger.SetNamespace(namespace)
	stranger.SetLabels(map[string]string{"release": "another"})
	for _, m := range append([]*unstructured.Unstructured{stranger}, monitors...) {
		if err := p.Apply(ctx, plane.Reference("v1", "Namespace", "", m.GetNamespace()), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := prometheus.Restart(ctx, p, want...); err != nil {
		t.Fatal(err)
	}
	err := p.Poll(ctx, "the configuration of Prometheus", func(ctx context.Context) error {
		got, err := scrapePools(ctx, p)
		if err != nil {
			return err
		}
		// Beside what other tests have scraped.
		got = slices.DeleteFunc(got, func(job string) bool { return job == "scrapeConfig/prometheus-system/traefik" })
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("-want +got:\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// podMonitors are those that the Cluster of an example is composed of.
func podMonitors(t *testing.T, example string) []*unstructured.Unstructured {
	t.Helper()
	root, err := product.Root()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "examples", "valid", example))
	if err != nil {
		t.Fatal(err)
	}
	documents, err := render.Read(example, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := render.New(compose.NewPlanner(pinned)).Render(documents, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := render.YAML(&out, rendered); err != nil {
		t.Fatal(err)
	}
	composed, err := plane.ParseObjects(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var monitors []*unstructured.Unstructured
	for _, o := range composed {
		manifest, found, err := unstructured.NestedMap(o.Object, "spec", "forProvider", "manifest")
		if err != nil {
			t.Fatal(err)
		}
		if found && manifest["kind"] == "PodMonitor" {
			monitors = append(monitors, &unstructured.Unstructured{Object: manifest})
		}
	}
	return monitors
}

// scrapePools are the jobs that Prometheus runs with, sorted.
func scrapePools(ctx context.Context, p *plane.Plane) ([]string, error) {
	var answer struct {
		Data struct{ ScrapePools []string }
	}
	if err := ask(ctx, p, "/api/v1/scrape_pools", &answer); err != nil {
		return nil, err
	}
	slices.Sort(answer.Data.ScrapePools)
	return answer.Data.ScrapePools, nil
}

// ask asks the API of Prometheus.
// https://prometheus.io/docs/prometheus/latest/querying/api/
func ask(ctx context.Context, p *plane.Plane, path string, answer any) error {
	pods := &corev1.PodList{}
	err := p.Client().List(ctx, pods, client.InNamespace(prometheus.Namespace), client.MatchingLabels{"operator.prometheus.io/name": prometheus.Name})
	if err != nil {
		return err
	}
	if len(pods.Items) != 1 {
		return fmt.Errorf("there are %d pods of Prometheus, want 1", len(pods.Items))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+pods.Items[0].Status.PodIP+":9090"+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("Prometheus answers %q with %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
